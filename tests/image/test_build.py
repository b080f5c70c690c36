from __future__ import annotations

import os
import socket
import stat
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput, NotFound, SystemFault
from labkit.image import Image, ImageStore
from tests.image.support import entry, folder, names, symlink, tar_of, tree


@pytest.fixture
def usr_merged(store: ImageStore) -> Image:
    """An image in which /bin leads to /usr/bin, as in most distributions."""
    return store.add_layer(
        "usr-merged:1",
        tar_of(
            folder("usr/bin", 0o755),
            symlink("bin", "usr/bin"),
            symlink("opt", "/usr/opt"),
            folder("usr/opt", 0o711),
            symlink("round", "about"),
            symlink("about", "round"),
            symlink("out", "../../../../../tmp"),
            folder("tmp", 0o1777),
            entry("etc/hosts", b"x"),
        ),
        base=None,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_text_bytes_and_files_of_the_host_become_files(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"\x7fELF")
    (tmp_path / "tool").chmod(0o750)
    image = store.build(
        "x",
        base=None,
        files={
            "/etc/motd": "grüß dich\n",
            "/run.sh": "#!/bin/sh\necho hi\n",
            "raw": b"\0\xff",
            "/bytes.sh": b"#!/bin/sh\n",
            "/opt/tool": tmp_path / "tool",
        },
    )
    (root,) = image.layers
    assert (root / "etc/motd").read_text() == "grüß dich\n"
    assert (root / "raw").read_bytes() == b"\0\xff"
    wanted = {"etc/motd": 0o644, "run.sh": 0o755, "raw": 0o644, "bytes.sh": 0o755}
    assert {name: mode(root / name) for name in wanted} == wanted
    assert mode(root / "opt/tool") == 0o750
    assert (root / "etc/motd").stat().st_mtime == 0


def test_a_folder_of_the_host_is_brought_with_all_that_is_in_it(
    store: ImageStore, tmp_path: Path
) -> None:
    source = tmp_path / "app"
    (source / "sub" / "empty").mkdir(parents=True)
    (source / "sub" / "code.py").write_text("print()")
    (source / "link").symlink_to("/etc/passwd")
    (source / "sub").chmod(0o711)
    image = store.build("x", base=None, files={"/srv/app": source})
    (root,) = image.layers
    assert names(root) == {
        "srv",
        "srv/app",
        "srv/app/link",
        "srv/app/sub",
        "srv/app/sub/code.py",
        "srv/app/sub/empty",
    }
    assert (root / "srv/app/link").readlink() == Path("/etc/passwd")
    assert mode(root / "srv/app/sub") == 0o711


def test_a_link_that_is_named_itself_is_followed(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("content")
    (tmp_path / "link").symlink_to("real")
    image = store.build("x", base=None, files={"/x": tmp_path / "link"})
    assert not (image.layers[0] / "x").is_symlink()
    assert (image.layers[0] / "x").read_text() == "content"


def test_a_file_lands_where_the_links_of_the_image_lead(
    store: ImageStore, usr_merged: Image, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "b").write_text("b")
    image = store.build(
        "x",
        base=usr_merged,
        files={"/bin/a": "a", "/bin": tmp_path / "tools", "/opt/c": "c", "/out/d": "d"},
    )
    assert names(image.layers[0]) == {
        "usr", "usr/bin", "usr/bin/a", "usr/bin/b", "usr/opt", "usr/opt/c", "tmp", "tmp/d",
    }  # fmt: skip


def test_folders_on_the_way_keep_what_they_are(store: ImageStore, usr_merged: Image) -> None:
    image = store.build("x", base=usr_merged, files={"/tmp/a": "a", "/opt/b/c": "c"})
    (root, *_) = image.layers
    wanted = {"tmp": 0o1777, "usr/opt": 0o711, "usr/opt/b": 0o755}
    assert {name: mode(root / name) for name in wanted} == wanted


def test_what_is_removed_is_gone_and_the_link_not_what_it_leads_to(
    store: ImageStore, usr_merged: Image
) -> None:
    image = store.build("x", base=usr_merged, remove=["/opt", "/etc/hosts"])
    assert names(usr_merged.layers[0]) - names(image.layers[0]) == {"opt", "etc/hosts"}


def test_a_folder_can_be_removed_and_made_anew(store: ImageStore, usr_merged: Image) -> None:
    image = store.build("x", base=usr_merged, remove=["/usr"], files={"/usr/new": "n"})
    assert {name for name in names(image.layers[0]) if name.startswith("usr")} == {"usr", "usr/new"}


def test_what_is_removed_stands_before_what_is_made_anew_for_readers_that_go_through_once(
    store: ImageStore, usr_merged: Image
) -> None:
    image = store.build(
        "x",
        base=usr_merged,
        remove=["/usr", "/tmp", "/etc/hosts"],
        files={"/usr/a": "", "/etc/a": ""},
    )
    digest = image.manifest["layers"][-1]["digest"].removeprefix("sha256:")
    with tarfile.open(store.folder / "blobs/sha256" / digest) as layer:
        assert layer.getnames() == [
            ".", ".wh.tmp", ".wh.usr", "etc", "etc/.wh.hosts", "etc/a", "usr", "usr/a",
        ]  # fmt: skip


def test_the_configuration_is_changed_and_no_layer_is_added(
    store: ImageStore, usr_merged: Image
) -> None:
    image = store.build("x", base=usr_merged, command=["sh"], env={"B": "2=3", "A": ""})
    assert (image.command, image.env) == (("sh",), {"A": "", "B": "2=3"})
    assert image.layers == usr_merged.layers
    assert image.config["rootfs"] == usr_merged.config["rootfs"]
    assert image.history[-1]["empty_layer"] is True
    above = store.build("y", base=image, env={"A": "1"}, working_dir="/srv")
    assert (above.command, above.env, above.working_dir) == (
        ("sh",),
        {"A": "1", "B": "2=3"},
        "/srv",
    )
    assert len(above.history) == 3
    assert (usr_merged.command, usr_merged.env, usr_merged.working_dir) == ((), {}, "/")


def test_the_folder_that_the_command_starts_in_is_made(store: ImageStore) -> None:
    image = store.build("x", base=None, working_dir="/srv/app")
    assert (image.layers[0] / "srv/app").is_dir()
    again = store.build("y", base=image, working_dir="/srv")
    assert again.layers == image.layers


def test_a_command_replaces_the_entry_point_as_well(store: ImageStore) -> None:
    from labkit.image.config import Change, new_config

    image = store.build("x", base=None)
    config = {**image.config, "config": {"Entrypoint": ["/init", "--"], "Cmd": ["a"]}}
    foreign = Image("x:latest", image.digest, config, image.layers, image.manifest)
    assert foreign.command == ("/init", "--", "a")
    assert new_config(foreign, Change("", command=["b"]), None)["config"] == {"Cmd": ["b"]}


def test_the_same_inputs_make_the_same_digest(labkit_home: Path, tmp_path: Path) -> None:
    digests = []
    for number, order in enumerate([1, -1]):
        source = tmp_path / str(number)
        source.mkdir()
        for name in ["one", "two", "three"][::order]:
            (source / name).write_text(name)
            os.utime(source / name, (number, number))
        store = ImageStore(labkit_home / str(number))
        files: dict[str, Any] = {"/b": "b", "/a/b": "c", "/data": source, "/a/a": b"d"}
        image = store.build(
            "x",
            base=None,
            files=dict(list(files.items())[::order]),
            env=dict([("X", "1"), ("Y", "2")][::order]),
            command=["sh"],
        )
        digests.append((image.digest, [tree(layer) for layer in image.layers]))
    assert digests[0] == digests[1]


@pytest.mark.parametrize(
    "other",
    [
        {"files": {"/a": "2"}},
        {"files": {"/b": "1"}},
        {"files": {"/a": "#!"}},
        {"command": ["a"]},
        {"env": {"a": "1"}},
        {"working_dir": "/"},
    ],
)
def test_other_inputs_make_another_digest(store: ImageStore, other: Mapping[str, Any]) -> None:
    one = store.build("x", base=None, files={"/a": "1"})
    assert store.build("x", **{"base": None, "files": {"/a": "1"}, **other}).digest != one.digest


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"": "x"}, "no name that a file can have"),
        ({"/etc/": "x"}, "ends with a slash"),
        ({"/": "x"}, "ends with a slash"),
        ({"../x": "x"}, '".."'),
        ({"/a/../../x": "x"}, '".."'),
        ({"/a\0b": "x"}, "no name that a file"),
        ({"/x": 7}, "of type int"),
        ({"/x": Path("/does/not/exist")}, "there is no /does/not/exist"),
        ({"/x": Path("/dev/null")}, "a device"),
        ({"/etc": "x"}, "it is a folder in the image"),
        ({"/etc/hosts/x": "x"}, "/etc/hosts is a file"),
        ({"/etc/hosts": Path("/proc/self/fd")}, "/etc/hosts is a file in the image"),
        ({"/round/x": "x"}, "circle"),
        ({"/bin/a": "1", "/usr/bin/a": "2"}, "written twice"),
        ({"/new": "1", "/new/x": "2"}, "which is a file"),
        ({"/.wh.x": "1"}, "are reserved"),
        ({"/a/.wh.x/y": "1"}, "reserved name"),
        ({"/" + "x" * 300: "1"}, "255 bytes"),
    ],
)
def test_files_that_cannot_be_meant_are_refused_and_change_nothing(
    store: ImageStore, usr_merged: Image, files: Mapping[str, Any], why: str
) -> None:
    before = names(store.folder)
    with pytest.raises(BadInput) as caught:
        store.build("x", base=usr_merged, files=files)
    assert why in str(caught.value)
    assert names(store.folder) == before


def test_a_socket_in_a_folder_of_the_host_is_refused(store: ImageStore, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "app" / "socket"))
        with pytest.raises(BadInput, match="app/socket cannot be in an image"):
            store.build("x", base=None, files={"/app": tmp_path / "app"})


@pytest.mark.parametrize(
    ("remove", "error", "why"),
    [
        (["/nothing"], NotFound, "no path in the image '/nothing'"),
        (["/etc/nothing"], NotFound, "no path in the image"),
        (["/"], BadInput, "ends with a slash"),
        (["."], BadInput, "root folder"),
        (["/etc/.."], BadInput, '".."'),
        ("/etc", BadInput, "it is a list of paths"),
    ],
)
def test_what_cannot_be_removed_is_refused(
    store: ImageStore, usr_merged: Image, remove: Sequence[str], error: type[BadInput], why: str
) -> None:
    with pytest.raises(error, match=why):
        store.build("x", base=usr_merged, remove=remove)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"command": "sh -c hi"}, r"\['sh', '-c', 'hi'\]"),
        ({"command": []}, "command is empty"),
        ({"command": ["a\0"]}, "zero byte"),
        ({"env": {"A=B": "1"}}, "'A=B' cannot be set"),
        ({"env": {"": "1"}}, "'' cannot be set"),
        ({"env": {"A": "\0"}}, "'A' cannot be set"),
        ({"working_dir": "srv"}, "begin with a slash"),
        ({"working_dir": "/etc/hosts"}, "is a file"),
        ({"working_dir": "/new", "files": {"/new": "x"}}, "writes a file there"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(
    store: ImageStore, usr_merged: Image, arguments: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(BadInput, match=why):
        store.build("x", **{"base": usr_merged, **arguments})
    assert store.references() == ["usr-merged:1"]


def test_a_file_that_may_not_be_read_is_a_fault_that_names_it(
    store: ImageStore, tmp_path: Path
) -> None:
    secret = tmp_path / "a"
    secret.mkdir()
    (secret / "x").symlink_to("x")  # a circle: ELOOP for root as well
    with pytest.raises(SystemFault, match=f"cannot read {secret / 'x'}"):
        store.build("x", base=None, files={"/x": secret / "x"})


def test_base_is_a_name_that_labkit_keeps(store: ImageStore) -> None:
    store.build("mine", base=None)
    with pytest.raises(BadInput, match="'base' is the name"):
        store.build("base", base=None)
    with pytest.raises(BadInput, match="'base' is the name"):
        store.tag("mine", "base:latest")
    assert store.tag("mine", "base:mine").reference == "base:mine"


def test_history_tells_how_an_image_was_made(store: ImageStore) -> None:
    files = {f"/{number}": "x" for number in range(5)}
    one = store.build("x", base=None, files=files, command=["sh"])
    two = store.build("x", base=one, remove=["/0"])
    assert [step["created_by"] for step in two.history] == [
        "labkit build: add /0 /1 /2 and 2 more; command ['sh']",
        "labkit build: remove /0",
    ]


@pytest.mark.requires("root")
def test_owners_are_kept_by_root(store: ImageStore) -> None:
    image = store.add_layer("x", tar_of(entry("home/a", uid=1000, gid=50)), base=None)
    above = store.build("y", base=image, files={"/home/b": "b"})
    status = (image.layers[0] / "home/a").stat()
    assert (status.st_uid, status.st_gid) == (1000, 50)
    assert (above.layers[0] / "home/b").stat().st_uid == 0
