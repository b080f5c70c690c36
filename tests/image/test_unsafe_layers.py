"""Layers made to do harm: each refused by name, with nothing kept and nothing touched outside."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from labkit.core.errors import BadInput
from labkit.image import ImageStore, Limits
from labkit.image.limits import MAX_DEPTH
from tests.image.support import entry, folder, hard_link, names, symlink, tar_of, tree

HOSTILE: dict[str, tuple[Callable[[Path], BinaryIO], str]] = {
    "parent": (lambda out: tar_of(entry("../evil", b"x")), "'../evil' has \"..\""),
    "parent inside": (lambda out: tar_of(entry("a/../../evil")), '".."'),
    "parent of a folder": (lambda out: tar_of(folder("a/..")), '".."'),
    "absolute": (lambda out: tar_of(entry(f"{out}/evil", b"x")), "absolute path"),
    "through a link before it": (
        lambda out: tar_of(symlink("way", str(out)), entry("way/evil", b"x")),
        "'way/evil' lies below 'way', which is a symbolic link",
    ),
    "through a link after it": (
        lambda out: tar_of(entry("way/evil", b"x"), symlink("way", str(out))),
        "'way/evil' lies below 'way'",
    ),
    "through a link out by parents": (
        lambda out: tar_of(symlink("a/way", "../../../../tmp"), entry("a/way/evil")),
        "'a/way/evil' lies below 'a/way'",
    ),
    "folder through a link": (
        lambda out: tar_of(symlink("way", str(out)), folder("way/evil")),
        "lies below 'way'",
    ),
    "link over a folder": (
        lambda out: tar_of(folder("way"), symlink("way", str(out)), entry("way/evil")),
        "'way' is there twice",
    ),
    "folder over a link": (
        lambda out: tar_of(symlink("way", str(out)), folder("way"), entry("way/evil")),
        "'way/' is there twice",
    ),
    "file twice": (
        lambda out: tar_of(entry("x", b"1"), entry("./x", b"2")),
        "'./x' is there twice",
    ),
    "below a file": (lambda out: tar_of(entry("x", b"1"), entry("x/y")), "'x', which is a file"),
    "hard link out": (
        lambda out: tar_of(hard_link("x", f"../../../../../..{out}/canary")),
        "'x' is a hard link to",
    ),
    "hard link absolute": (lambda out: tar_of(hard_link("x", f"{out}/canary")), "absolute path"),
    "hard link through a link": (
        lambda out: tar_of(symlink("way", str(out)), hard_link("x", "way/canary")),
        "'x' is a hard link to 'way/canary'",
    ),
    "hard link to nothing": (lambda out: tar_of(hard_link("x", "y")), "no file before it"),
    "hard link to itself": (lambda out: tar_of(hard_link("x", "x")), "no file before it"),
    "hard link to a folder": (lambda out: tar_of(folder("d"), hard_link("x", "d")), "no file"),
    "block device": (
        lambda out: tar_of(entry("sda", type=tarfile.BLKTYPE, devmajor=8)),
        "'sda' is a device",
    ),
    "character device": (lambda out: tar_of(entry("null", type=tarfile.CHRTYPE)), "is a device"),
    "pipe": (lambda out: tar_of(entry("p", type=tarfile.FIFOTYPE)), "'p' is a fifo"),
    "sparse file": (
        lambda out: tar_of(entry("big", pax_headers={"GNU.sparse.size": str(1 << 60)})),
        "'big' is a sparse file",
    ),
    "unknown kind": (lambda out: tar_of(entry("v", type=b"V")), "'v' is of an unknown kind"),
    "zero byte": (
        lambda out: tar_of(entry("x", pax_headers={"path": "a\0b"})),
        "no name that a file can have",
    ),
    "long name": (lambda out: tar_of(entry("x" * 256)), "more than 255 bytes"),
    "long path": (lambda out: tar_of(entry(("x" * 99 + "/") * 40)), "more than 3072 bytes"),
    "deep": (lambda out: tar_of(entry("d/" * (MAX_DEPTH + 1) + "x")), "folders deep"),
    "owner": (lambda out: tar_of(entry("x", uid=(1 << 32) - 1)), "owner that no system"),
    "link to nothing": (lambda out: tar_of(symlink("x", "")), "symbolic link to nothing"),
    "root as a link": (lambda out: tar_of(symlink("./", str(out))), "is the root"),
    "whiteout of the folder itself": (lambda out: tar_of(entry("a/.wh..")), "reserved name"),
    "whiteout of the parent": (lambda out: tar_of(entry("a/.wh...")), "reserved name"),
    "whiteout of nothing": (lambda out: tar_of(entry(".wh.")), "reserved name"),
    "other reserved name": (lambda out: tar_of(entry(".wh..wh.plnk")), "reserved name"),
    "below a reserved name": (lambda out: tar_of(entry(".wh.x/y")), "below a reserved name"),
    "whiteout that is a folder": (lambda out: tar_of(folder(".wh.x")), "whiteout's name"),
    "whiteout through a link": (
        lambda out: tar_of(symlink("way", str(out)), entry("way/.wh.canary")),
        "lies below 'way'",
    ),
    "opaque through a link": (
        lambda out: tar_of(symlink("way", str(out)), entry("way/.wh..wh..opq")),
        "lies below 'way'",
    ),
    "no tar": (lambda out: io.BytesIO(b"#!/bin/sh\nrm -rf /\n" * 100), "should be a header"),
    "nothing": (lambda out: io.BytesIO(b""), "ends within a header"),
    "cut short": (lambda out: io.BytesIO(tar_of(entry("x", b"y" * 2048)).read()[:1500]), "ends"),
    "damaged gzip": (
        lambda out: io.BytesIO(gzip.compress(os.urandom(4096))[:900]),
        "gzip is damaged",
    ),
    "damaged gzip checksum": (
        lambda out: io.BytesIO(gzip.compress(tar_of(entry("x")).read())[:-8] + b"\1" * 8),
        "gzip is damaged",
    ),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    place.mkdir()
    (place / "canary").write_text("alive")
    return place


@pytest.mark.parametrize("base", [None, "below:1"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_layer_is_refused_by_name_and_leaves_nothing(
    store: ImageStore, outside: Path, kind: str, base: str | None
) -> None:
    store.build("below:1", base=None, files={"/here": "x"})
    make, why = HOSTILE[kind]
    stored, host = names(store.folder), tree(outside)
    with pytest.raises(BadInput) as caught:
        store.add_layer("evil", make(outside), base=base)
    assert why in str(caught.value)
    assert names(store.folder) == stored
    assert tree(outside) == host
    assert store.references() == ["below:1"]


def test_entries_below_a_link_of_a_lower_layer_are_refused(
    store: ImageStore, outside: Path
) -> None:
    store.add_layer("lower", tar_of(symlink("way", str(outside)), symlink("etc/x", "y")), base=None)
    stored, host = names(store.folder), tree(outside)
    for name in ("way/evil", "etc/x/evil"):
        with pytest.raises(BadInput, match="would hide what the layers below have there"):
            store.add_layer("evil", tar_of(entry(name, b"x")), base="lower")
    assert (names(store.folder), tree(outside)) == (stored, host)


def test_a_whiteout_below_a_link_of_a_lower_layer_removes_nothing_outside(
    store: ImageStore, outside: Path
) -> None:
    store.add_layer("lower", tar_of(symlink("way", str(outside)), entry("x")), base=None)
    host = tree(outside)
    store.add_layer("a", tar_of(entry("way/.wh.canary"), entry("new")), base="lower")
    store.add_layer("b", tar_of(entry("way/.wh..wh..opq"), entry("new")), base="lower")
    assert tree(outside) == host


def test_a_folder_that_became_a_link_out_keeps_its_attributes_to_itself(
    store: ImageStore, outside: Path
) -> None:
    """The merged folder of three layers still remembers a/sub when a is a link to the host."""
    (outside / "sub").mkdir(mode=0o700)
    store.add_layer("one", tar_of(folder("a/sub", 0o777), entry("gone")), base=None)
    host = tree(outside)
    image = store.add_layer(
        "two", tar_of(entry(".wh.gone"), symlink("a", str(outside))), base="one"
    )
    assert len(image.layers) == 1
    assert (image.layers[0] / "a").is_symlink()
    assert tree(outside) == host


def test_links_to_anywhere_are_kept_as_they_are_when_nothing_leads_through_them(
    store: ImageStore, outside: Path
) -> None:
    image = store.add_layer(
        "links", tar_of(symlink("etc/a", "/etc/shadow"), symlink("b", "../../../x")), base=None
    )
    (layer,) = image.layers
    assert [str((layer / name).readlink()) for name in ("etc/a", "b")] == [
        "/etc/shadow",
        "../../../x",
    ]


def test_a_name_may_have_any_byte_that_linux_allows(store: ImageStore) -> None:
    odd = ["line\nbreak", "tab\t", " space ", "back\\slash", "*", os.fsdecode(b"\xff\xfe")]
    image = store.add_layer("odd", tar_of(*(entry(name, b"x") for name in odd)), base=None)
    assert {path.name for path in image.layers[0].iterdir()} == set(odd)


def test_setuid_bits_are_kept_where_no_other_user_can_reach_them(store: ImageStore) -> None:
    image = store.add_layer("su", tar_of(entry("su", b"x", mode=0o4755)), base=None)
    assert (image.layers[0] / "su").stat().st_mode & 0o7777 == 0o4755
    assert image.layers[0].parent.stat().st_mode & 0o777 == 0o700


def test_the_root_stays_open_to_whoever_has_to_mount_it(store: ImageStore) -> None:
    image = store.add_layer("x", tar_of(folder("./", 0o005), entry("x")), base=None)
    assert image.layers[0].stat().st_mode & 0o777 == 0o705


def test_folders_may_be_named_twice_and_the_last_one_counts(store: ImageStore) -> None:
    image = store.add_layer("d", tar_of(folder("d", 0o700), entry("d/x"), folder("d")), base=None)
    assert (image.layers[0] / "d").stat().st_mode & 0o777 == 0o755


def test_a_small_blob_cannot_unpack_into_a_full_disk(labkit_home: Path) -> None:
    store = ImageStore(labkit_home / "small", limits=Limits(layer_bytes=1 << 20))
    bomb = gzip.compress(tar_of(entry("zeros", bytes(2 << 20))).read())
    assert len(bomb) < 5000
    for layer in (bomb, gzip.decompress(bomb)):
        with pytest.raises(BadInput, match="more than 1048576 bytes"):
            store.add_layer("bomb", io.BytesIO(layer), base=None)
    assert sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file()) < 100


@pytest.mark.parametrize(
    "entries",
    [
        [entry(f"f{n}") for n in range(31)],
        [entry("/".join(f"{n}{depth}" for depth in range(9))) for n in range(4)],
        [entry(f".wh.{n}") for n in range(31)],
    ],
    ids=["files", "folders that are only implied", "whiteouts"],
)
def test_a_layer_cannot_bring_more_names_than_the_limit(
    labkit_home: Path, entries: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    store = ImageStore(labkit_home / "small", limits=Limits(entries=30))
    with pytest.raises(BadInput, match="more than 30 entries"):
        store.add_layer("many", tar_of(*entries), base=None)
    assert store.add_layer("fits", tar_of(*(entry(f"f{n}") for n in range(29))), base=None)


def test_a_stored_layer_that_turns_out_hostile_is_refused_as_well(
    store: ImageStore, outside: Path
) -> None:
    """Another tool put it there: a valid layout, with true digests, of a layer made to do harm."""
    import hashlib
    import json

    store.build("good", base=None, files={"/x": "y"})
    blobs = store.folder / "blobs" / "sha256"

    def put(content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": "", "digest": f"sha256:{digest}", "size": len(content)}

    tar = tar_of(symlink("way", str(outside)), entry("way/evil", b"x")).read()
    layer = put(tar) | {"mediaType": "application/vnd.oci.image.layer.v1.tar"}
    config = put(json.dumps({"rootfs": {"diff_ids": [layer["digest"]]}}).encode())
    manifest = put(json.dumps({"config": config, "layers": [layer]}).encode())
    index = json.loads((store.folder / "index.json").read_text())
    named = {**manifest, "annotations": {"org.opencontainers.image.ref.name": "evil"}}
    index["manifests"].append(named)
    (store.folder / "index.json").write_text(json.dumps(index))

    stored, host = names(store.folder), tree(outside)
    with pytest.raises(BadInput, match="lies below 'way'"):
        store.get("evil")
    assert (names(store.folder), tree(outside)) == (stored, host)
    assert store.get("good").reference == "good:latest"
