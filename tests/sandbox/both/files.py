"""The root, the writable layer and the volumes of a sandbox."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from labkit.image import base_image
from labkit.sandbox import Sandbox
from tests.sandbox.both.tools import new_folder

ODD = ("with space", "with:colon", "with,comma", "back\\slash", "lowerdir=x,ro", "ümlaut", "a\nb")


def odd_root(name: str) -> Path:
    """A root file system in a folder with that name."""
    folder = new_folder(name)
    (folder / "bin").mkdir()
    shutil.copy(base_image().layers[-1] / "bin" / "busybox", folder / "bin" / "busybox")
    (folder / "bin" / "sh").symlink_to("busybox")
    (folder / "marker").write_text(name)
    return folder


def a_folder_is_a_root_whatever_its_name() -> None:
    for name in ODD:
        folder = odd_root(name)
        assert Sandbox(folder).run(["/bin/busybox", "cat", "/marker"]).stdout == name, name


def writes_are_gone_and_the_layer_below_is_as_it_was() -> None:
    folder = odd_root("lower")
    before = sorted(str(path) for path in folder.rglob("*"))
    script = "echo x > /new; echo y > /marker; /bin/busybox rm /bin/sh; /bin/busybox mkdir /d"
    assert Sandbox(folder).run(["/bin/sh", "-c", script]).exit_code == 0
    assert sorted(str(path) for path in folder.rglob("*")) == before
    assert (folder / "marker").read_text() == "lower"
    assert Sandbox(folder).run(["/bin/busybox", "cat", "/marker"]).stdout == "lower"


def two_sandboxes_do_not_see_each_other() -> None:
    with Sandbox() as one, Sandbox() as two:
        one.exec(["sh", "-c", "echo secret > /tmp/note"])
        assert two.exec(["cat", "/tmp/note"]).exit_code != 0
        assert one.exec(["cat", "/tmp/note"]).stdout == "secret\n"
        assert two.exec(["ps"]).stdout.count("sleep") == 1
        assert two.exec(["kill", "-9", str(one.pid)]).exit_code != 0
        assert one.exec(["hostname"]).stdout.strip() == one.name != two.name


def volumes_are_mounted_as_asked() -> None:
    data = new_folder("data")
    (data / "in").write_text("from the host\n")
    with Sandbox(volumes={data: "/data"}) as box:
        assert box.exec(["cat", "/data/in"]).stdout == "from the host\n"
        assert box.exec(["sh", "-c", "echo back > /data/out"]).exit_code == 0
    assert (data / "out").read_text() == "back\n"
    assert (data / "out").stat().st_uid == os.geteuid()


def a_read_only_volume_is() -> None:
    data = new_folder("data")
    (data / "deep").mkdir()
    with Sandbox(volumes={data: "/data:ro"}) as box:
        for path in ("/data/x", "/data/deep/x"):
            ran = box.exec(["touch", path])
            assert ran.exit_code != 0, path
            assert "Read-only file system" in ran.stderr
        assert box.exec(["mount", "-o", "remount,rw", "/data"]).exit_code != 0
        assert box.exec(["chmod", "777", "/data"]).exit_code != 0
    assert not list(data.rglob("x"))


def a_single_file_can_be_a_volume() -> None:
    file = new_folder("one") / "file"
    file.write_text("old\n")
    with Sandbox(volumes={file: "/etc/app/config"}) as box:
        assert box.exec(["cat", "/etc/app/config"]).stdout == "old\n"
        box.exec(["sh", "-c", "echo new > /etc/app/config"])
    assert file.read_text() == "new\n"


def volumes_with_odd_names_are_mounted() -> None:
    folders = {new_folder(name): f"/v/{number}" for number, name in enumerate(ODD)}
    for folder in folders:
        (folder / "me").write_text(folder.name)
    with Sandbox(volumes=folders) as box:
        for folder, target in folders.items():
            assert box.exec(["cat", f"{target}/me"]).stdout == folder.name
    with Sandbox(volumes={new_folder("x"): "/a b,c"}) as box:
        assert box.exec(["touch", "/a b,c/y"]).exit_code == 0


def a_target_that_is_a_link_stays_inside() -> None:
    data = new_folder("data")
    for link in ("/somewhere", "../../../../../../somewhere"):
        root = odd_root("root")
        (root / "somewhere").mkdir()
        (root / "link").symlink_to(link)
        with Sandbox(root, volumes={data: "/link/below"}).start(
            ["/bin/busybox", "sleep", "9"]
        ) as b:
            assert b.exec(["/bin/busybox", "touch", "/somewhere/below/made"]).exit_code == 0
        assert (data / "made").exists()
        (data / "made").unlink()


def a_link_of_the_image_does_not_lead_out() -> None:
    """A malicious image: its links name what would be the host's root while mounts are made."""
    outside = new_folder("outside")
    data = new_folder("data")
    for magic in ("/proc/self/cwd", "/proc/1/root", "/proc/1/cwd", "/proc/self/root"):
        root = odd_root("root")
        (root / "link").symlink_to(f"{magic}{outside}")
        box = Sandbox(root, volumes={data: "/link/made/by/labkit"})
        try:
            box.run(["/bin/busybox", "true"])
        except Exception as error:
            assert "mount a volume" in str(error), error
        assert list(outside.iterdir()) == [], magic


def the_devices_are_there_and_no_others() -> None:
    with Sandbox() as box:
        names = set(box.exec(["ls", "/dev"]).stdout.split())
        assert names == {
            "null", "zero", "full", "random", "urandom", "tty", "pts", "ptmx", "shm", "fd",
            "stdin", "stdout", "stderr",
        }  # fmt: skip
        assert box.exec(["sh", "-c", "echo x > /dev/null"]).exit_code == 0
        assert (
            box.exec(["sh", "-c", "head -c 4 /dev/zero | od -An -tx1"]).stdout.split() == ["00"] * 4
        )
        assert box.exec(["sh", "-c", "echo x > /dev/full"]).exit_code != 0
        assert box.exec(["sh", "-c", "echo x > /dev/shm/y && cat /dev/shm/y"]).stdout == "x\n"
        assert box.exec(["sh", "-c", "echo out > /dev/stdout"]).stdout == "out\n"


def a_root_without_any_folder_will_do() -> None:
    root = new_folder("bare")
    shutil.copy(base_image().layers[-1] / "bin" / "busybox", root / "busybox")
    ran = Sandbox(root).run(["/busybox", "ls", "/"])
    assert ran.stdout.split() == ["busybox", "dev", "proc"]
    assert sorted(path.name for path in root.iterdir()) == ["busybox"]
