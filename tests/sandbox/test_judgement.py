"""One judgement of walls, asked of processes that others have made: unshare, busybox, bwrap."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.image import base_image
from labkit.sandbox import Sandbox, processes, walls
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")

UNSHARE = ("unshare", "--user", "--map-root-user")
NAMESPACES = {
    "host name": "--uts",
    "network": "--net",
    "messages": "--ipc",
    "cgroup names": "--cgroup",
}


@contextmanager
def started(*argv: str, **env: str) -> Iterator[int]:
    """Starts a program, gives the PID of the `sleep 4444` that it or its children become."""
    before = {process.pid for process in processes()}

    def sleeper() -> int:
        mine = (p for p in processes() if p.pid not in before and p.argv[-1:] == ("4444",))
        return next((p.pid for p in mine if Path(p.argv[0]).name == "sleep"), 0)

    with subprocess.Popen(argv, env={**os.environ, **env}) as process:
        try:
            wait_until(lambda: sleeper() > 0, timeout_s=10, what="the process to start")
            yield sleeper()
        finally:
            process.kill()


def opened(pid: int) -> set[str]:
    return {wall.name for wall in walls(pid).missing}


def test_an_ordinary_process_of_ours_has_no_wall_of_namespaces_and_files() -> None:
    with started("sleep", "4444") as pid:
        judged = walls(pid)
        assert {"users", "processes", "root", "files", "/proc"} <= opened(pid)
        assert not any(judged[name].is_up for name in NAMESPACES)
        assert judged["files"].seen == "the machine's, on /"
        assert judged["memory"].seen == "in the same group as we are"


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_that_unshare_makes_is_that_one_wall(name: str) -> None:
    with started(*UNSHARE, "sleep", "4444") as pid:
        without = opened(pid)
    with started(*UNSHARE, NAMESPACES[name], "sleep", "4444") as pid:
        assert without - opened(pid) == {name}


def test_a_sandbox_has_every_wall_but_the_limits_it_was_not_given() -> None:
    with Sandbox() as box:
        assert opened(box.pid) == {"memory", "number of processes"}


@pytest.mark.requires("limits")
def test_a_limit_is_a_wall_and_is_told() -> None:
    with Sandbox(limits={"memory.max": "48M", "pids.max": 17}) as box:
        judged = walls(box.pid)
        assert judged.missing == ()
        assert judged["memory"].seen == "at most 48 MiB"
        assert judged["number of processes"].seen == "at most 17"


def test_a_power_that_was_kept_is_counted() -> None:
    with Sandbox(capabilities=["KILL", "SYS_ADMIN", "NET_ADMIN"]) as box:
        judged = walls(box.pid)
        assert not judged["powers"].is_up
        assert judged["powers"].seen == "2 more than usual"


ENTER = {
    "pivot": 'cd "$R"; "$R/bin/busybox" pivot_root . .; /bin/busybox umount -l .; '
    "exec /bin/sleep 4444",
    "pivot, old root kept": 'cd "$R"; mkdir -p old; "$R/bin/busybox" pivot_root . old; '
    "exec /bin/sleep 4444",
    "chroot": 'exec "$R/bin/busybox" chroot "$R" /bin/sleep 4444',
}


@pytest.mark.parametrize(
    ("way", "missing"),
    [("pivot", set()), ("pivot, old root kept", {"files"}), ("chroot", {"root"})],
)
def test_a_root_is_a_wall_when_nothing_lies_above_it_and_nothing_of_ours_in_it(
    way: str, missing: set[str], tmp_path: Path
) -> None:
    script = f'mount --bind "$R" "$R"; {ENTER[way]}'
    with started(*UNSHARE, "--mount", "sh", "-c", script, R=str(copied(tmp_path))) as pid:
        assert opened(pid) & {"root", "files"} == missing


PROC = {
    "own": ("mount -t proc -o ro proc $R/proc", set()),
    "own, writable": ("mount -t proc proc $R/proc", {"/proc/sys"}),
    "the machine's": ("mount --rbind /proc $R/proc", {"/proc", "/proc/sys"}),
    "none": ("true", set()),
}


@pytest.mark.parametrize("way", PROC)
def test_a_proc_is_a_wall_when_it_shows_its_own_and_cannot_be_written(
    way: str, tmp_path: Path
) -> None:
    mount, missing = PROC[way]
    script = f'mount --bind "$R" "$R"; {mount}; {ENTER["pivot"]}'
    kinds = ("--mount", "--pid", "--fork", "--kill-child")
    with started(*UNSHARE, *kinds, "sh", "-c", script, R=str(copied(tmp_path))) as pid:
        assert opened(pid) & {"/proc", "/proc/sys", "processes"} == missing


def test_the_proc_of_a_namespace_around_it_is_not_its_own() -> None:
    kinds = ("--pid", "--fork", "--kill-child")
    inner = " ".join(["unshare", *kinds, "sleep", "4444"])
    with started(*UNSHARE, *kinds, "--mount-proc", "sh", "-c", inner) as pid:
        judged = walls(pid)
        assert judged["processes"].is_up
        assert not judged["/proc"].is_up, "PID 1 is there, and is another"


@pytest.mark.requires("program:bwrap")
def test_bubblewraps_walls_are_told_as_it_was_asked_to_build_them() -> None:
    base = str(base_image().layers[-1])
    flags = ["--unshare-all", "--die-with-parent", "--ro-bind", base, "/", "--proc", "/proc"]
    with started("bwrap", *flags, "--dev", "/dev", "--cap-drop", "ALL", "sleep", "4444") as pid:
        still = {"memory", "number of processes", "/proc/sys"}
        assert opened(pid) - {"cgroup names"} == still


def test_a_process_that_is_not_there_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no process"):
        walls(2**22 - 1)


def copied(folder: Path) -> Path:
    root = folder / "root"
    subprocess.run(["cp", "-a", base_image().layers[-1], root], check=True)
    return root
