"""What this machine or this user may not do is said, with the reason and what would help."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.sandbox import Sandbox
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.refusal import explain
from tests.support.as_user import OrdinaryUser, python_for_everyone

pytestmark = pytest.mark.requires("sandbox")


@pytest.mark.requires("root")
def test_a_disk_that_is_full_or_read_only_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], check=True)
    code = """
import os, sys
from pathlib import Path
from labkit.core.errors import Blocked, LabkitError
from labkit.sandbox import Sandbox
home = Path(os.environ["LABKIT_HOME"])
root = sys.argv[1]
def attempt():
    try:
        return Sandbox(root).run(["/bin/busybox", "echo", "-n", "x"]).stdout
    except LabkitError as error:
        return f"{type(error).__name__}: {error}"
if sys.argv[2] == "before":
    print(attempt())
else:
    print(attempt())
    with open(home / "fill", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass
    for _ in range(100):
        said = attempt()
        if "Blocked" in said:
            break
    print(said)
    (home / "fill").unlink()
    print(attempt())
"""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    subprocess.run(["cp", _busybox(), root / "bin" / "busybox"], check=True)
    try:
        env = {**os.environ, "LABKIT_HOME": str(disk / "home")}

        def play(when: str) -> list[str]:
            argv = [sys.executable, "-c", code, str(root), when]
            done = subprocess.run(
                argv, env=env, capture_output=True, text=True, timeout=60, check=True
            )
            assert not done.stderr, done.stderr
            return done.stdout.splitlines()

        lines = play("while")
        assert (lines[0], lines[-1]) == ("x", "x")
        assert "Blocked" in lines[1]
        assert any("No space left on device" in line for line in lines)
        assert any("set LABKIT_HOME" in line for line in lines)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        lines = play("before")
        assert lines[0].startswith("Blocked: ")
        assert "Set LABKIT_HOME" in lines[-1] or "set LABKIT_HOME" in lines[-1]
    finally:
        subprocess.run(["umount", disk], check=True)


def _busybox() -> Path:
    from labkit.image import base_image

    return base_image().layers[-1] / "bin" / "busybox"


@pytest.mark.requires("root")
def test_a_volume_on_a_server_that_is_gone_does_not_hang_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FUSE file system whose server never answers stands for it: every look at it hangs."""
    server = os.open("/dev/fuse", os.O_RDWR)
    point = tmp_path / "remote"
    point.mkdir()
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
    mount = ["mount", "-i", "-t", "fuse", "-o", options, "none", str(point)]
    subprocess.run(mount, pass_fds=[server], check=True)
    try:
        with Sandbox() as running_box:
            box = Sandbox()
            message = box._message("start", ["true"], False)
            message["volumes"] = [[f"{point}/x", "/data", False, True]]
            fds = [os.open(os.devnull, os.O_RDWR) for _ in range(4)]
            started = time.monotonic()
            with pytest.raises(Refusal) as caught:
                client().ask({"op": "start", **message}, fds)
            for fd in fds:
                os.close(fd)
            assert 9 < time.monotonic() - started < 60
            assert "does not answer" in str(explain(caught.value, box.spec, "true"))
            assert running_box.exec(["echo", "well"]).stdout == "well\n"
    finally:
        subprocess.run(["umount", "-l", str(point)], check=True)
        os.close(server)


def test_without_any_user_namespace_left_it_is_blocked(user: OrdinaryUser) -> None:
    """The count is per user namespace: lowered in one of our own, the machine keeps its own."""
    code = """
import os
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")
try:
    Sandbox().run(["true"])
except Blocked as error:
    print("BLOCKED", error.capability, str(error))
"""
    user.python("from labkit.image import base_image; base_image()")
    argv = ["unshare", "--user", "--map-root-user", python_for_everyone(), "-c", code]
    done = user.run(argv)
    assert "BLOCKED sandbox" in done.stdout, done
    assert "the kernel's count of namespaces is used up" in done.stdout
    assert not done.stderr


@pytest.mark.requires("program:bwrap")
def test_in_a_container_that_forbids_it_it_is_blocked(user: OrdinaryUser) -> None:
    code = """
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
try:
    print(Sandbox().run(["true"]))
except Blocked as error:
    print("BLOCKED", error.capability, str(error))
"""
    user.python("from labkit.image import base_image; base_image()")
    argv = [
        "bwrap", "--unshare-user", "--disable-userns", "--bind", "/", "/", "--proc", "/proc",
        "--dev", "/dev", python_for_everyone(), "-c", code,
    ]  # fmt: skip
    done = user.run(argv)
    assert "BLOCKED sandbox" in done.stdout, done
    assert not done.stderr


def test_limits_an_ordinary_user_may_not_set_are_blocked_with_what_helps(
    user: OrdinaryUser,
) -> None:
    code = """
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
from labkit.sandbox.client import client
print({place.version for place in client().places().values() if not place.base})
try:
    Sandbox(limits={"memory.max": "64M"}).run(["true"])
except Blocked as error:
    print("BLOCKED", error.capability, "|", error.what, "|", error.why, "|", error.hint)
print(Sandbox(limits={"memory.max": "max", "pids.max": "max"}).run(["echo", "fine"]).stdout)
"""
    done = user.python(code)
    assert not done.stderr
    if done.stdout.startswith("set()"):
        pytest.skip("this user has groups of its own")
    assert f"user {user.uid} may not make groups below" in done.stdout
    assert "BLOCKED limits | memory.max cannot be set on this machine" in done.stdout
    assert "run the lab as root" in done.stdout
    assert "fine\n" in done.stdout


def test_blocked_is_what_a_folder_of_somebody_else_gives(
    user: OrdinaryUser, tmp_path: Path
) -> None:
    code = "from labkit.sandbox import Sandbox; Sandbox().run(['true'])"
    other = user.folder / "other"
    other.mkdir()
    other.chmod(0o755)
    env = {**user.env, "LABKIT_HOME": str(other)}
    user.python("pass")
    argv = user.command([python_for_everyone(), "-c", code])
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert os.geteuid() != 0 or "Blocked: labkit cannot use the folder" in done.stderr
