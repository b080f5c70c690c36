"""Layers made at random out of names that clash, lead out, and take each other away."""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.image import ImageStore
from tests.image.support import entry, folder, hard_link, names, overlay, symlink, tar_of, tree

Entries = list[tuple[tarfile.TarInfo, bytes]]

WILD = ["a", "b", "c", ".wh.a", ".wh.b", "..", ".", ".wh..wh..opq", ".wh...", "outside"]
TARGETS = ["a", "b", "a/b", "/", "..", "../../outside", "OUTSIDE", "OUTSIDE/canary", "/tmp"]


def layers(outside: Path) -> st.SearchStrategy[Entries]:
    path = st.lists(st.sampled_from(WILD), min_size=1, max_size=3).map("/".join)
    target = st.sampled_from([target.replace("OUTSIDE", str(outside)) for target in TARGETS])
    mode = st.sampled_from([0o755, 0o700, 0o1777])
    one = st.one_of(
        st.builds(lambda name, mode: entry(name, name.encode(), mode=mode), path, mode),
        st.builds(folder, path, mode),
        st.builds(symlink, path, target),
        st.builds(hard_link, path, st.one_of(path, target)),
    )
    return st.lists(one, max_size=4)


def trees(outside: Path) -> st.SearchStrategy[Entries]:
    """Layers that are mostly fine: each path once, folders for all that lies below another."""
    target = st.sampled_from(["a", "b/c", "..", str(outside), "/tmp"])
    mode = st.sampled_from([0o755, 0o700, 0o1777])
    leaf = st.one_of(
        st.builds(lambda content, mode: ("file", content, mode), st.binary(max_size=3), mode),
        st.builds(lambda target: ("link", target), target),
        st.builds(lambda mode: ("folder", mode), mode),
    )
    below = st.dictionaries(st.sampled_from(["x", "y"]), leaf, max_size=2)
    top = st.one_of(leaf, st.tuples(st.just("with"), mode | st.none(), below))
    return st.dictionaries(st.sampled_from(["a", "b", "c"]), top, max_size=3).map(_entries)


def _entries(shape: dict[str, tuple[Any, ...]], way: str = "") -> Entries:
    made: Entries = []
    for name, (kind, *rest) in shape.items():
        if kind == "file":
            made.append(entry(way + name, rest[0], mode=rest[1]))
        elif kind == "link":
            made.append(symlink(way + name, rest[0]))
        elif kind == "folder":
            made.append(folder(way + name, rest[0]))
        else:
            mode, below = rest
            made += [folder(name, mode)] if mode else []
            made += _entries(below, f"{name}/")
    return made


def few(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=slow)


@given(data=st.data())
@few(30)
def test_no_layer_writes_outside_or_leaves_a_half(data: st.DataObject, tmp_path: Path) -> None:
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    outside = place / "outside"
    (outside / "a").mkdir(parents=True)
    (outside / "canary").write_text("alive")
    host = tree(outside)
    store = ImageStore(place / "images")
    base = None
    for name in ("one", "two", "three"):
        before = names(store.folder)
        try:
            base = store.add_layer(name, tar_of(*data.draw(layers(outside))), base=base)
            event("unpacked")
        except BadInput:
            event("refused")
            assert names(store.folder) - {"lock"} <= before | first_names(store)
        assert tree(outside) == host
        assert names(place) - {"images", "outside", "outside/a", "outside/canary"} == {
            f"images/{name}" for name in names(store.folder)
        }
        assert not (store.folder / "tmp").is_dir() or not list((store.folder / "tmp").iterdir())


@pytest.mark.requires("program:unshare", "sandbox")
@given(data=st.data())
@few(25)
def test_a_layer_shows_the_same_apart_and_merged(data: st.DataObject, tmp_path: Path) -> None:
    """The kernel's overlay of two folders is the oracle for one folder that both are merged in."""
    place = Path(tempfile.mkdtemp(dir=tmp_path))
    store = ImageStore(place / "images")
    marker = entry("gone")
    try:
        store.add_layer("one", tar_of(*data.draw(trees(place)), marker), base=None)
        two = data.draw(trees(place))
        apart = store.add_layer("apart", tar_of(*two), base="one")
    except BadInput:
        event("refused")
        return
    event("compared")
    merged = store.add_layer("merged", tar_of(*two, entry(".wh.gone")), base="one")
    assert (len(apart.layers), len(merged.layers)) == (2, 1)
    ours = tree(overlay(merged.layers, place / "merged"))
    theirs = tree(overlay(apart.layers, place / "apart"))
    del theirs["/gone"], ours["/."], theirs["/."]
    assert ours == theirs


def first_names(store: ImageStore) -> set[str]:
    """What the first write makes, whatever becomes of it."""
    return {"oci-layout", "blobs", "blobs/sha256", "tmp", "layers", "merged", "lock"}
