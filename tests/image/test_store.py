from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.core.errors import BadInput, NotFound, SystemFault, TimedOut
from labkit.image import Image, ImageStore, default_store
from labkit.image.lock import exclusive
from tests.image.support import entry, names, tar_of, tree


@pytest.fixture
def hello(store: ImageStore) -> Image:
    return store.build("hello", base=None, files={"/hi": "hi\n"}, command=["cat", "/hi"])


def blob(store: ImageStore, digest: str) -> Path:
    return store.folder / "blobs/sha256" / digest.removeprefix("sha256:")


def test_an_image_is_got_by_its_name_with_or_without_latest(
    store: ImageStore, hello: Image
) -> None:
    for reader in (store, ImageStore(store.folder)):
        got = reader.get("hello")
        assert got == reader.get("hello:latest") == hello
        assert (got.reference, got.layers, got.config) == (
            "hello:latest",
            hello.layers,
            hello.config,
        )


def test_an_unknown_name_says_near_ones(store: ImageStore, hello: Image) -> None:
    store.tag(hello, "hello:2")
    with pytest.raises(NotFound, match="Did you mean hello or hello:2"):
        store.get("hallo")
    with pytest.raises(NotFound) as caught:
        store.get("zzz")
    assert caught.value.near == []
    with pytest.raises(NotFound):
        store.remove("hallo")
    with pytest.raises(BadInput, match="line break"):
        store.get("hello\n")


def test_a_store_that_was_never_written_is_empty(labkit_home: Path) -> None:
    store = ImageStore(labkit_home / "nothing")
    assert (store.references(), store.list()) == ([], [])
    assert not store.folder.exists()


def test_a_name_moves_to_the_image_that_was_built_last(store: ImageStore, hello: Image) -> None:
    other = ImageStore(store.folder)
    assert other.get("hello") == hello
    second = store.build("hello", base=None, files={"/hi": "again\n"})
    assert other.get("hello").digest == second.digest != hello.digest
    assert store.references() == ["hello"]


def test_tag_gives_one_image_two_names(store: ImageStore, hello: Image) -> None:
    two = store.tag("hello", "team/hello:2")
    assert (two.reference, two.digest) == ("team/hello:2", hello.digest)
    assert [image.reference for image in store.list()] == ["hello:latest", "team/hello:2"]
    store.remove("hello")
    assert store.collect_garbage() == 0
    assert ImageStore(store.folder).get("team/hello:2").layers == hello.layers
    with pytest.raises(SystemFault, match="No such file"):
        ImageStore(store.folder.parent / "other").tag(hello, "mine")


def test_garbage_is_what_no_name_leads_to(store: ImageStore, hello: Image) -> None:
    kept = names(store.folder)
    above = store.build("above", base=hello, files={"/big": b"x" * 100_000}, remove=["/hi"])
    assert store.collect_garbage() == 0
    store.remove("above")
    assert store.collect_garbage() > 100_000
    assert names(store.folder) == kept
    with pytest.raises(NotFound):
        store.get(above.reference)
    assert store.get("hello") == hello
    assert store.collect_garbage() == 0


def test_a_layer_that_somebody_has_mounted_stays(store: ImageStore, hello: Image) -> None:
    store.remove("hello")
    fd = os.open(hello.layers[0], os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    store.collect_garbage()
    assert (hello.layers[0] / "hi").read_text() == "hi\n"
    os.close(fd)
    assert store.collect_garbage() == 3
    assert not hello.layers[0].exists()


def test_an_unpacked_layer_that_is_gone_is_unpacked_again(store: ImageStore, hello: Image) -> None:
    before = tree(hello.layers[0])
    for reader in (store, ImageStore(store.folder)):
        shutil.rmtree(hello.layers[0])
        assert tree(reader.get("hello").layers[0]) == before


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
@pytest.mark.parametrize("damage", ["changed", "cut", "missing"])
def test_a_damaged_blob_is_noticed_and_a_new_build_heals_it(
    store: ImageStore, hello: Image, which: str, damage: str
) -> None:
    manifest = dict(hello.manifest)
    digest = {
        "manifest": hello.digest,
        "config": manifest["config"]["digest"],
        "layer": manifest["layers"][0]["digest"],
    }[which]
    victim = blob(store, digest)
    content = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(content[:-1] + (b"" if damage == "cut" else b"~"))
    shutil.rmtree(hello.layers[0])

    fresh = ImageStore(store.folder)
    with pytest.raises(SystemFault) as caught:
        fresh.get("hello")
    assert digest in str(caught.value)
    assert "cannot use the image 'hello'" in str(caught.value)
    assert ("No such file" if damage == "missing" else "it is damaged") in str(caught.value)
    assert list((store.folder / "layers").iterdir()) == []

    fresh.build("hello", base=None, files={"/hi": "hi\n"}, command=["cat", "/hi"])
    assert victim.read_bytes() == content
    assert (ImageStore(store.folder).get("hello").layers[0] / "hi").read_text() == "hi\n"


def test_garbage_is_not_guessed_when_a_manifest_is_damaged(store: ImageStore, hello: Image) -> None:
    store.build("other", base=None, files={"/x": "x"})
    store.remove("other")
    blob(store, hello.digest).write_bytes(b"{}")
    before = names(store.folder)
    with pytest.raises(SystemFault, match="damaged"):
        store.collect_garbage()
    assert names(store.folder) == before


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"config": {}, "layers": []},
        {"layers": [{"digest": "sha256:../../../../etc/passwd"}]},
        {"config": {"digest": "../../x", "size": 1, "mediaType": "x"}, "layers": []},
    ],
)
def test_a_manifest_that_is_not_of_ocis_form_is_a_fault(
    store: ImageStore, hello: Image, document: object
) -> None:
    put_image(store, "odd", document)
    with pytest.raises(SystemFault, match="'odd'"):
        store.get("odd")
    assert store.get("hello") == hello


@pytest.mark.parametrize("diff_ids", [["../../.."], ["sha256:" + "g" * 64], [7], [], ["x", "y"]])
def test_digests_of_a_configuration_never_become_paths(
    store: ImageStore, hello: Image, diff_ids: list[object]
) -> None:
    config = put_blob(store, json.dumps({"rootfs": {"diff_ids": diff_ids}}).encode())
    put_image(store, "odd", {"config": config, "layers": list(hello.manifest["layers"])})
    with pytest.raises(SystemFault, match="does not describe an image"):
        store.get("odd")


@pytest.mark.parametrize(
    "wrong", [{"digest": 7}, {"digest": "../x"}, {"size": "1"}, {"mediaType": 1}]
)
def test_a_layer_that_is_not_described_as_it_should_is_a_fault(
    store: ImageStore, hello: Image, wrong: dict[str, object]
) -> None:
    config = put_blob(store, json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode())
    put_image(
        store, "odd", {"config": config, "layers": [{**hello.manifest["layers"][0], **wrong}]}
    )
    with pytest.raises(SystemFault, match="does not describe an image"):
        store.get("odd")


def test_a_layer_that_is_not_the_one_the_configuration_names_is_refused(
    store: ImageStore, hello: Image
) -> None:
    config = put_blob(store, json.dumps({"rootfs": {"diff_ids": ["sha256:" + "0" * 64]}}).encode())
    put_image(store, "odd", {"config": config, "layers": list(hello.manifest["layers"])})
    with pytest.raises(BadInput, match="the configuration names it sha256:000"):
        store.get("odd")


def test_a_compression_that_labkit_does_not_read_is_named(store: ImageStore, hello: Image) -> None:
    kind = "application/vnd.oci.image.layer.v1.tar+zstd"
    layer = {**hello.manifest["layers"][0], "mediaType": kind}
    config = json.loads(blob(store, hello.manifest["config"]["digest"]).read_bytes())
    config["rootfs"]["diff_ids"] = ["sha256:" + "1" * 64]
    described = put_blob(store, json.dumps(config).encode())
    put_image(store, "odd", {"config": described, "layers": [layer]})
    with pytest.raises(BadInput, match="zstd"):
        store.get("odd")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"manifests": 7}', '{"manifests": [{}]}'])
def test_a_damaged_index_is_said_and_not_overwritten(
    store: ImageStore, hello: Image, content: str
) -> None:
    index = store.folder / "index.json"
    index.write_text(content)
    for action in (store.references, store.collect_garbage, lambda: store.tag(hello, "x")):
        with pytest.raises(SystemFault, match="not the index of an OCI layout"):
            action()
    assert index.read_text() == content


def test_what_others_wrote_into_the_index_stays(store: ImageStore, hello: Image) -> None:
    index = store.folder / "index.json"
    document = json.loads(index.read_text())
    foreign = [
        {**document["manifests"][0], "annotations": {"org.opencontainers.image.ref.name": "V1 RC"}},
        {
            **document["manifests"][0],
            "annotations": {},
            "platform": {"os": "linux", "architecture": "arm64"},
        },
    ]
    document = {**document, "manifests": document["manifests"] + foreign, "annotations": {"a": "b"}}
    index.write_text(json.dumps(document))
    store.build("new", base=None)
    store.remove("hello")
    after = json.loads(index.read_text())
    assert after["annotations"] == {"a": "b"}
    assert [found for found in after["manifests"] if found in foreign] == foreign
    assert store.references() == ["new"]


def test_a_layer_may_be_a_file_a_stream_or_compressed(store: ImageStore, tmp_path: Path) -> None:
    plain = tar_of(entry("x", b"1" * 5000)).read()
    packed = tar_of(entry("x", b"1" * 5000), mode="w:gz").read()
    (tmp_path / "layer.tar").write_bytes(plain)
    forms = (
        tmp_path / "layer.tar",
        str(tmp_path / "layer.tar"),
        io.BytesIO(plain),
        io.BytesIO(packed),
    )
    assert len({store.add_layer("x", form, base=None).digest for form in forms}) == 1
    with pytest.raises(BadInput, match="there is no file"):
        store.add_layer("x", tmp_path / "nothing.tar", base=None)


def test_a_base_of_another_store_is_refused(store: ImageStore, hello: Image) -> None:
    other = ImageStore(store.folder.parent / "other")
    with pytest.raises(SystemFault, match="cannot use the image 'hello'"):
        other.build("x", base=hello)
    assert other.references() == []


def test_another_writer_is_waited_for_and_named(store: ImageStore, hello: Image) -> None:
    lock = store.folder / "lock"
    with exclusive(lock):
        mine = f"process {os.getpid()} is writing there"
        with pytest.raises(TimedOut, match=mine), exclusive(lock, wait_s=0.03):
            pass
        assert ImageStore(store.folder).get("hello") == hello  # readers do not wait
    with exclusive(lock, wait_s=0.03):
        pass


def test_a_folder_that_cannot_be_written_is_a_fault_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemFault, match="cannot write the image store in"):
        ImageStore(tmp_path / "file").build("x", base=None)


def test_the_size_is_that_of_the_blobs_an_image_needs(store: ImageStore, hello: Image) -> None:
    needed = [hello.manifest["config"], *hello.manifest["layers"]]
    assert hello.size_bytes == sum(blob(store, part["digest"]).stat().st_size for part in needed)


def test_images_are_values_that_can_be_compared_and_kept_in_sets(
    store: ImageStore, hello: Image
) -> None:
    assert {hello, ImageStore(store.folder).get("hello")} == {hello}
    assert "hello:latest" in repr(hello)
    assert len(repr(hello)) < 200


def test_the_store_of_this_user_is_one_object(labkit_home: Path) -> None:
    assert default_store() is default_store()
    assert default_store().folder == labkit_home / "images"


def test_importing_the_package_loads_nothing_else() -> None:
    """That it takes no time is measured: `python -m benchmarks images`."""
    code = """
import sys
before = set(sys.modules)
import labkit.image
labkit.image.ImageStore
print(*set(sys.modules) - before)
"""
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "labkit.image.store" in loaded
    others = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert others == {"labkit"}


def put_blob(store: ImageStore, content: bytes) -> dict[str, object]:
    import hashlib

    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blob(store, digest).write_bytes(content)
    return {"mediaType": "", "digest": digest, "size": len(content)}


def put_image(store: ImageStore, name: str, manifest: object) -> None:
    """As another tool would put it there."""
    described = put_blob(store, json.dumps(manifest).encode())
    index = store.folder / "index.json"
    document = json.loads(index.read_text())
    described["annotations"] = {"org.opencontainers.image.ref.name": name}
    document["manifests"].append(described)
    index.write_text(json.dumps(document))
