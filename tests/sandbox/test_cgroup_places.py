"""Where groups can be made: on trees recorded from machines with cgroup v1, v2 and both.

The trees are the lines of /proc and the folders of /sys/fs/cgroup as those machines have them; no
machine has all of these hierarchies at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from labkit.sandbox.cgroups import Place, find_places, oom_kills, own_cgroups, read_limit
from tests.support.as_user import OrdinaryUser

MOUNT = "{id} 24 0:{id} {root} {point} rw,nosuid - {fstype} {fstype} rw{options}"

V1 = (("memory", "memory"), ("pids", "pids"), ("cpu,cpuacct", "cpu,cpuacct"))
"""Folder below /sys/fs/cgroup and controllers, as Debian 10 and Ubuntu 20.04 mount them."""


class Machine:
    """A folder with a /proc and a /sys of its own."""

    def __init__(self, folder: Path) -> None:
        self.root, self.proc = folder / "root", folder / "proc"
        (self.proc / "self").mkdir(parents=True)
        self._mounts: list[str] = ["22 24 0:20 / /proc rw - proc proc rw"]

    def mount(self, point: str, fstype: str, options: str = "", root: str = "/") -> Path:
        number = 30 + len(self._mounts)
        self._mounts.append(
            MOUNT.format(id=number, root=root, point=point, fstype=fstype, options=options)
        )
        folder = Path(f"{self.root}{point}")
        self.group(folder)
        return folder

    def group(self, folder: Path, controllers: str = "", delegated: str = "") -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").touch()
        if controllers:
            (folder / "cgroup.controllers").write_text(controllers + "\n")
            (folder / "cgroup.subtree_control").write_text(delegated + "\n")
        return folder

    def places(self, own: Iterable[str]) -> dict[str, Place]:
        (self.proc / "self" / "cgroup").write_text("".join(f"{line}\n" for line in own))
        (self.proc / "self" / "mountinfo").write_text("\n".join(self._mounts) + "\n")
        return find_places(str(self.proc), str(self.root))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def deny(*folders: Path) -> None:
    for folder in folders:
        for path in (*folder.glob("cgroup.*"), folder):
            path.chmod(path.stat().st_mode & 0o555)


def test_v1_for_root_is_the_top_of_each_hierarchy(machine: Machine) -> None:
    for name, controllers in V1:
        machine.mount(f"/sys/fs/cgroup/{name}", "cgroup", f",{controllers}")
    places = machine.places(["4:memory:/user.slice", "3:pids:/user.slice", "1:name=systemd:/x"])
    for name in ("memory", "pids"):
        assert places[name] == Place(name, 1, f"{machine.root}/sys/fs/cgroup/{name}", "")


def test_hybrid_takes_the_v1_hierarchies_where_the_controllers_are(machine: Machine) -> None:
    machine.mount("/sys/fs/cgroup/unified", "cgroup2", ",nsdelegate")
    for name, controllers in V1:
        machine.mount(f"/sys/fs/cgroup/{name}", "cgroup", f",{controllers}")
    places = machine.places(["4:memory:/", "3:pids:/", "0::/init.scope"])
    assert {place.version for place in places.values()} == {1}


def test_v2_for_root_is_the_top_when_it_hands_the_controllers_down(machine: Machine) -> None:
    top = machine.mount("/sys/fs/cgroup", "cgroup2")
    machine.group(top, "cpuset cpu io memory pids", "cpu memory pids")
    places = machine.places(["0::/user.slice/user-0.slice/session-1.scope"])
    assert places["memory"] == Place("memory", 2, str(top), "")
    assert places["pids"].base == str(top)


def check_delegated(machine: Machine) -> None:
    """As `systemd-run --user --scope -p Delegate=yes` leaves it."""
    top = machine.mount("/sys/fs/cgroup", "cgroup2")
    machine.group(top, "cpuset cpu io memory pids", "cpu memory pids")
    path = "user.slice/user-1000.slice/user@1000.service/app.slice/run-u1.scope"
    folders = [top]
    for part in path.split("/"):
        folders.append(machine.group(folders[-1] / part, "memory pids", "memory pids"))
    deny(*folders[:3])
    places = machine.places([f"0::/{path}"])
    assert places["memory"] == Place("memory", 2, str(folders[3]), "")
    deny(*folders)
    places = machine.places([f"0::/{path}"])
    assert places["memory"].base == ""
    assert "may not make groups below" in places["memory"].why_not


def test_v2_delegated_is_the_topmost_group_that_is_ours(user: OrdinaryUser) -> None:
    """In a process that is not root, for root may write everywhere."""
    folder = user.folder / "home"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(user.uid)
                os.setuid(user.uid)
            check_delegated(Machine(folder))
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0


def test_v2_switches_a_controller_on_where_it_may(machine: Machine) -> None:
    top = machine.mount("/sys/fs/cgroup", "cgroup2")
    machine.group(top, "memory pids", "")
    places = machine.places(["0::/"])
    # A folder of files is no kernel: what was written there is not understood, only kept.
    assert (top / "cgroup.subtree_control").read_text().startswith(("+memory", "+pids"))
    assert places["memory"].base in ("", str(top))


def test_v2_without_a_controller_says_so(machine: Machine) -> None:
    top = machine.mount("/sys/fs/cgroup", "cgroup2")
    machine.group(top, "hugetlb", "hugetlb")
    places = machine.places(["0::/"])
    assert places["memory"].why_not == "the kernel offers no memory controller here"


def test_no_cgroups_at_all_is_said(machine: Machine) -> None:
    places = machine.places([])
    assert places["pids"] == Place("pids", 2, "", "no cgroup file system is mounted here")


def test_a_container_that_sees_its_own_part_of_v1_uses_that(machine: Machine) -> None:
    """Docker without a cgroup namespace: the mount shows a part, /proc the whole path."""
    for name in ("memory", "pids"):
        machine.mount(f"/sys/fs/cgroup/{name}", "cgroup", f",{name}", root="/docker/abc")
    places = machine.places(["4:memory:/docker/abc", "3:pids:/docker/abc"])
    assert places["memory"].base == f"{machine.root}/sys/fs/cgroup/memory"


def test_a_path_with_a_colon_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text("4:cpu,cpuacct:/a:b\n0::/c:d\n")
    assert own_cgroups("7", str(tmp_path)) == {"cpu": "/a:b", "cpuacct": "/a:b", "": "/c:d"}


def test_limits_are_read_in_both_dialects(tmp_path: Path) -> None:
    v1, v2 = Place("memory", 1, "", ""), Place("memory", 2, "", "")
    (tmp_path / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    (tmp_path / "memory.usage_in_bytes").write_text("4096\n")
    assert read_limit(v1, str(tmp_path), "memory.max") == (None, 4096)
    (tmp_path / "memory.limit_in_bytes").write_text("67108864\n")
    assert read_limit(v1, str(tmp_path), "memory.max") == (64 << 20, 4096)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("8192\n")
    assert read_limit(v2, str(tmp_path), "memory.max") == (None, 8192)
    (tmp_path / "memory.max").write_text("8388608\n")
    assert read_limit(v2, str(tmp_path), "memory.max") == (8 << 20, 8192)
    with pytest.raises(FileNotFoundError):
        read_limit(v2, str(tmp_path / "gone"), "memory.max")


@pytest.mark.parametrize(
    ("file", "text", "count"),
    [
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n", 3),
        ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n", 0),
        ("memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n", 1),
        ("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", 0),
    ],
)
def test_kills_for_want_of_memory_are_counted(
    tmp_path: Path, file: str, text: str, count: int
) -> None:
    (tmp_path / file).write_text(text)
    assert oom_kills({"memory": str(tmp_path)}) == count
    assert oom_kills({}) == 0
