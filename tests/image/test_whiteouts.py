"""What a layer takes away. Oracles: the OCI text, and ``umoci unpack``."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from labkit.image import Image, ImageStore
from labkit.image.layers import MAX_FOLDERS
from tests.image.support import entry, folder, hard_link, names, overlay, symlink, tar_of, tree

Entries = list[tuple[tarfile.TarInfo, bytes]]

BELOW: Entries = [
    folder("etc", 0o750),
    entry("etc/motd", b"old"),
    folder("etc/conf.d"),
    entry("etc/conf.d/a", b"a"),
    entry("etc/conf.d/b", b"b"),
    symlink("mtab", "etc/motd"),
    entry("top", b"top"),
]

CASES: dict[str, tuple[Entries, set[str]]] = {
    "a file": ([entry("etc/.wh.motd")], {"etc/motd"}),
    "a link, not what it leads to": ([entry(".wh.mtab")], {"mtab"}),
    "a folder with all in it": (
        [entry("etc/.wh.conf.d")],
        {"etc/conf.d", "etc/conf.d/a", "etc/conf.d/b"},
    ),
    "nothing that is there": ([entry("etc/.wh.nothing")], set()),
    "below what is not there": ([entry("opt/app/.wh.x")], set()),
    "below a file": ([entry("top/.wh.x")], set()),
    "the content of a folder": (
        [folder("etc/conf.d"), entry("etc/conf.d/.wh..wh..opq")],
        {"etc/conf.d/a", "etc/conf.d/b"},
    ),
}


@pytest.fixture
def below(store: ImageStore) -> Image:
    return store.add_layer("below", tar_of(*BELOW), base=None)


def paths(image: Image) -> set[str]:
    return {name for layer in image.layers for name in names(layer)}


@pytest.mark.parametrize("case", CASES)
def test_a_whiteout_takes_away(store: ImageStore, below: Image, case: str) -> None:
    entries, gone = CASES[case]
    image = store.add_layer("above", tar_of(*entries), base=below)
    assert paths(below) - paths(image) == gone
    assert not any(".wh." in path for path in paths(image))


@pytest.mark.parametrize("is_first", [True, False], ids=["before", "after"])
def test_a_whiteout_hides_only_what_is_below_wherever_it_stands(
    store: ImageStore, below: Image, is_first: bool
) -> None:
    new = [entry("etc/motd", b"new"), folder("etc/conf.d"), entry("etc/conf.d/c", b"c")]
    hides = [entry("etc/.wh.motd"), entry("etc/conf.d/.wh..wh..opq")]
    layer = [folder("etc", 0o700), *(hides + new if is_first else new + hides)]
    image = store.add_layer("above", tar_of(*layer), base=below)
    (root,) = image.layers
    assert (root / "etc/motd").read_bytes() == b"new"
    assert [path.name for path in (root / "etc/conf.d").iterdir()] == ["c"]
    assert (root / "etc").stat().st_mode & 0o777 == 0o700


def test_layers_without_whiteouts_stay_apart_and_share_their_folder(
    store: ImageStore, below: Image
) -> None:
    one = store.build("one", base=below, files={"/a": "1"})
    two = store.build("two", base=below, files={"/b": "2"})
    assert one.layers[1:] == two.layers[1:] == below.layers
    assert one.layers[0] != two.layers[0]


def test_layers_above_a_whiteout_lie_over_one_merged_folder(
    store: ImageStore, below: Image
) -> None:
    cut = store.build("cut", base=below, remove=["/etc/motd"])
    top = store.build("top", base=cut, files={"/etc/motd": "back\n"})
    assert (len(below.layers), len(cut.layers), len(top.layers)) == (1, 1, 2)
    assert top.layers[1:] == cut.layers
    assert (top.layers[0] / "etc/motd").read_text() == "back\n"
    assert len(top.config["rootfs"]["diff_ids"]) == 3
    again = ImageStore(store.folder).get("top")
    assert again.layers == top.layers


def test_an_image_of_many_layers_fits_one_mount(store: ImageStore) -> None:
    image = store.build("many", base=None, files={"/0": "0"})
    for number in range(1, 2 * MAX_FOLDERS + 3):
        image = store.build("many", base=image, files={f"/{number}": str(number)})
        assert len(image.layers) <= MAX_FOLDERS
    assert paths(image) == {str(number) for number in range(2 * MAX_FOLDERS + 3)}
    assert len(image.config["rootfs"]["diff_ids"]) == 2 * MAX_FOLDERS + 3


def test_a_folder_that_is_only_implied_keeps_what_it_was(store: ImageStore) -> None:
    store.add_layer("t", tar_of(folder("tmp", 0o1777), entry(".x")), base=None)
    apart = store.add_layer("a", tar_of(entry("tmp/new")), base="t")
    merged = store.add_layer("m", tar_of(entry("tmp/new"), entry(".wh..x")), base="t")
    assert (len(apart.layers), len(merged.layers)) == (2, 1)
    for image in (apart, merged):
        assert (image.layers[0] / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_something_else_in_the_place_of_a_folder_and_back(store: ImageStore) -> None:
    """Merged, so that each layer is written over the one before."""
    store.add_layer("a", tar_of(entry("x/y", b"1"), entry("l"), entry(".z")), base=None)
    store.add_layer("b", tar_of(entry("x", b"2"), folder("l"), entry("l/in")), base="a")
    flat = store.add_layer("c", tar_of(symlink("x", "l"), entry(".wh..z")), base="b")
    assert (flat.layers[0] / "x").readlink() == Path("l")
    assert (flat.layers[0] / "l/in").is_file()
    back = store.add_layer("d", tar_of(folder("x", 0o711), entry(".wh.l")), base="c")
    assert {p.name: p.stat().st_mode & 0o777 for p in back.layers[0].iterdir()} == {"x": 0o711}


@pytest.mark.requires("program:umoci", "program:unshare")
@pytest.mark.parametrize("case", ["alone", "whiteouts", "opaque", "many", "types"])
def test_umoci_unpacks_to_the_same_tree(
    store: ImageStore, below: Image, tmp_path: Path, case: str
) -> None:
    layers: dict[str, list[Entries]] = {
        "alone": [],
        "whiteouts": [[entry("etc/.wh.motd"), entry(".wh.mtab"), entry("etc/new", b"n")]],
        "opaque": [[folder("etc/conf.d", 0o711), entry("etc/conf.d/.wh..wh..opq")]],
        "many": [
            [folder("etc", 0o711), entry("etc/motd", b"2", mode=0o600)],
            [entry(".wh.top")],
            [folder("etc"), entry("etc/motd", b"3")],
            [entry("etc/.wh.conf.d")],
        ],
        "types": [
            [entry("etc/conf.d", b"now a file"), folder("top", 0o700), entry("top/x")],
            [entry("x", b"1"), hard_link("y", "x")],
            [entry(".wh.mtab"), folder("mtab")],
        ],
    }
    image = below
    for entries in layers[case]:
        image = store.add_layer("image", tar_of(*entries), base=image)
    store.tag(image, "image")
    bundle = tmp_path / "bundle"
    done = subprocess.run(
        ["umoci", "unpack", "--rootless", "--image", f"{store.folder}:image", bundle],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert plain(overlay(image.layers, tmp_path)) == plain(bundle / "rootfs")


def plain(root: Path) -> dict[str, tuple[object, ...]]:
    """A tree without times (umoci's own folders are of now) and without its root."""
    return {name: found[:-1] for name, found in tree(root).items() if name != "/."}
