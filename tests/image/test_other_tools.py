"""Others read what labkit writes: skopeo, umoci and the kernel's overlay are the oracles."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from labkit.image import Image, ImageStore, base_image
from tests.image.support import entry, folder, overlay, tar_of, tree
from tests.support.as_user import OrdinaryUser

pytestmark = pytest.mark.requires("base-image")


@pytest.fixture
def hello(store: ImageStore) -> Image:
    """An image with a layer that adds, one that takes away, and a configuration."""
    two = store.build("two", files={"/etc/motd": "hi\n", "/data/a": "a", "/data/b": "b"})
    return store.build(
        "hello:2",
        base=two,
        files={"/run.sh": "#!/bin/sh\n", "/data/c": "c"},
        remove=["/data/a", "/bin/vi"],
        command=["/run.sh"],
        env={"A": "1"},
        working_dir="/data",
    )


def printed(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requires("program:skopeo")
def test_skopeo_sees_the_same_image(store: ImageStore, hello: Image) -> None:
    for image, name in ((base_image(store), "base"), (hello, "hello:2")):
        seen = json.loads(printed("skopeo", "inspect", f"oci:{store.folder}:{name}"))
        assert seen["Digest"] == image.digest
        assert seen["Layers"] == [layer["digest"] for layer in image.manifest["layers"]]
        assert dict(line.split("=", 1) for line in seen["Env"]) == image.env
        assert seen["Os"] == "linux"
        config = json.loads(printed("skopeo", "inspect", "--config", f"oci:{store.folder}:{name}"))
        assert config["rootfs"]["diff_ids"] == image.config["rootfs"]["diff_ids"]
        assert tuple(config["config"].get("Cmd", ())) == image.command


@pytest.mark.requires("program:skopeo")
def test_skopeo_copies_it_and_every_digest_is_right(
    store: ImageStore, hello: Image, tmp_path: Path
) -> None:
    """skopeo compares each blob with its digest on the way."""
    copy = tmp_path / "copy"
    printed("skopeo", "copy", "-q", f"oci:{store.folder}:hello:2", f"oci:{copy}:hello:2")
    other = ImageStore(copy)
    assert other.get("hello:2").digest == hello.digest
    assert [tree(layer) for layer in other.get("hello:2").layers] == [
        tree(layer) for layer in hello.layers
    ]


@pytest.mark.requires("program:umoci", "program:unshare")
@pytest.mark.parametrize("name", ["base", "two", "hello:2"])
def test_umoci_unpacks_to_what_an_overlay_of_our_layers_shows(
    store: ImageStore, hello: Image, tmp_path: Path, name: str
) -> None:
    bundle = tmp_path / "bundle"
    printed("umoci", "unpack", "--rootless", "--image", f"{store.folder}:{name}", bundle)
    shown = tree(overlay(store.get(name).layers, tmp_path / "ours"))
    theirs = tree(bundle / "rootfs")
    assert len(shown) > 250
    if name == "hello:2":  # umoci gives folders that it takes something out of the time of now
        shown, theirs = ({k: v[:-1] for k, v in found.items()} for found in (shown, theirs))
    del shown["/."], theirs["/."]  # a mount's root is that of the upper folder
    assert shown == theirs


@pytest.mark.requires("program:umoci")
def test_labkit_reads_what_umoci_wrote(store: ImageStore, hello: Image, tmp_path: Path) -> None:
    """umoci adds a layer of its own to our image: a file, a whiteout, another command."""
    bundle = tmp_path / "bundle"
    printed("umoci", "unpack", "--rootless", "--image", f"{store.folder}:two", bundle)
    (bundle / "rootfs/data/new").write_text("new")
    (bundle / "rootfs/data/a").unlink()
    printed("umoci", "repack", "--image", f"{store.folder}:theirs", bundle)
    printed("umoci", "config", "--image", f"{store.folder}:theirs", "--config.cmd", "true")
    image = store.get("theirs")
    assert image.command == ("true",)
    assert sorted(path.name for path in (image.layers[0] / "data").iterdir()) == ["b", "new"]
    assert (image.layers[0] / "tmp").stat().st_mode & 0o7777 == 0o1777
    above = store.build("above", base=image, files={"/x": "x"})
    assert above.layers[1:] == image.layers


AS_USER = """
import json, os, pathlib, sys
sys.path.insert(0, {tests!r})
from labkit.image import ImageStore, base_image
from tests.image.support import entry, folder, overlay, tar_of, tree
store = ImageStore()
base = base_image(store)
odd = [folder("closed", 0o500), entry("closed/x", b"x", mode=0o400), entry("own", uid=7, gid=8)]
store.add_layer("odd", tar_of(*odd))
store.add_layer("shut", tar_of(folder("shut", 0o600), folder("shut/in")), base=None)
cut = store.build("cut", base="odd", files={{"/tmp/x": "x"}}, remove=["/bin/vi", "/etc/hosts"])
top = store.build("top", base=cut, files={{"/etc/hosts": "back", "/opt/a": "a"}})
shown = tree(overlay(top.layers, pathlib.Path(os.environ["TMPDIR"]) / "overlay"))
owners = {{path.lstat().st_uid for layer in top.layers for path in layer.rglob("*")}}
for name in ("odd", "cut", "top", "shut"):
    store.remove(name)
freed = store.collect_garbage()
print(json.dumps([base.digest, top.digest, len(top.layers), sorted(owners), freed > 1000,
    len(list((store.folder / "layers").iterdir())), len(list((store.folder / "merged").iterdir())),
    {{name: found[:3] for name, found in shown.items()}}]))
"""


@pytest.mark.requires("sandbox", "program:unshare")
def test_an_ordinary_user_gets_the_same_images_and_can_mount_and_remove_them(
    store: ImageStore, user: OrdinaryUser, tmp_path: Path
) -> None:
    (user.folder / "tests").mkdir()
    source = Path(__file__).parent / "support.py"
    (user.folder / "tests" / "image").mkdir()
    (user.folder / "tests" / "image" / "support.py").write_bytes(source.read_bytes())
    done = user.python(AS_USER.format(tests=str(user.folder)))
    assert done.returncode == 0, done.stderr
    base, digest, layers, owners, freed, single, merged, shown = json.loads(done.stdout)

    odd = [folder("closed", 0o500), entry("closed/x", b"x", mode=0o400), entry("own", uid=7, gid=8)]
    store.add_layer("odd", tar_of(*odd))
    cut = store.build("cut", base="odd", files={"/tmp/x": "x"}, remove=["/bin/vi", "/etc/hosts"])
    top = store.build("top", base=cut, files={"/etc/hosts": "back", "/opt/a": "a"})
    assert (base, digest, layers) == (store.get("base").digest, top.digest, len(top.layers))
    assert owners == [user.uid]
    assert (freed, single, merged) == (True, 1, 0)
    ours = tree(overlay(top.layers, tmp_path / "ours"))
    assert shown == {name: list(found[:3]) for name, found in ours.items()}
    assert "/bin/vi" not in shown
    assert shown["/closed/x"][2] == 0o400


def test_what_is_unpacked_is_closed_to_other_users(store: ImageStore, user: OrdinaryUser) -> None:
    image = store.add_layer("x", tar_of(entry("x", b"x", mode=0o4755)), base=None)
    reached = user.run(["cat", str(image.layers[0] / "x")])
    if os.geteuid() == 0:
        assert reached.returncode != 0
