"""Making groups, who may change them, and what can be done to all that is in one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from labkit.core.errors import BadInput, Blocked, NotFound, SystemFault, TimedOut
from labkit.sandbox import Cgroup, Sandbox
from tests.sandbox.groups.both.tools import (
    SPIN,
    cpu_s,
    error_of,
    folder_of,
    is_v2,
    said,
    until,
    waiting,
)

USER = 41_001
"""Nobody's number on this machine."""


def a_group_is_made_in_every_hierarchy_and_goes_whole() -> None:
    with Cgroup.create("lab/web") as group:
        assert group.path.endswith("-lab/web")
        for folder in group.files.folders:
            assert Path(folder).is_dir()
        top = Cgroup.at(group.path.rpartition("/")[0])
        assert [child.path for child in top.children] == [group.path]
        assert isinstance(error_of(lambda: Cgroup.create("lab/web")), BadInput)
    assert not group.is_there
    assert top.is_there
    top.remove()
    assert not any(Path(folder).exists() for folder in top.files.folders)


def the_group_of_a_process_is_the_one_that_proc_names() -> None:
    with Cgroup.create("one") as group, waiting("sleep 60") as (process, _):
        group.add(process.pid)
        assert Cgroup.of(process.pid).path == group.path
        assert str(process.pid) in said(folder_of(process.pid, "memory"), "cgroup.procs")
        assert group.processes == (process.pid,)


def values_are_read_as_they_were_written() -> None:
    controllers = ("memory", "pids", "cpu", "cpuset")
    values = {
        "memory.max": str(64 << 20), "pids.max": "7", "cpu.max": "30000 200000",
        "cpu.weight": "300", "cpuset.cpus": "0", "memory.low": str(4 << 20),
    }  # fmt: skip
    with Cgroup.create("values", controllers) as group:
        assert group["memory.max"] == group["pids.max"] == "max"
        assert group["cpu.max"] == "max 100000"
        assert group["cpu.weight"] == "100"
        for name, value in values.items():
            group[name] = value
            assert group[name] == value, name
        group["memory.max"] = "max"
        assert group["memory.max"] == "max"


def what_a_file_does_not_take_is_said_with_the_kernels_errno() -> None:
    with Cgroup.create("wrong") as group:
        error = error_of(lambda: group.__setitem__("pids.max", "many"))
        assert isinstance(error, BadInput)
        assert "EINVAL" in str(error)
        assert isinstance(error_of(lambda: group["memory.maximum"]), NotFound | Blocked)
        assert isinstance(error_of(lambda: group["net_cls.classid"]), NotFound)
        assert isinstance(error_of(lambda: group.add(4_194_303)), SystemFault)


def what_is_not_ours_is_left_as_it_is() -> None:
    mine = folder_of(os.getpid(), "memory")
    error = error_of(lambda: Cgroup.of(os.getpid()).kill())
    assert isinstance(error, Blocked), mine
    for change in (
        lambda: Cgroup.at("/").__setitem__("memory.max", "1G"),
        lambda: Cgroup.at("/").kill(),
        lambda: Cgroup.at("/").remove(),
        lambda: Cgroup.at("/").add(os.getpid()),
        lambda: Cgroup.at("/").delegate(USER),
        lambda: Cgroup.at("/").freeze(),
    ):
        error = error_of(change)
        assert isinstance(error, Blocked)
        assert "root group" in str(error)


def a_group_of_somebody_elses_is_changed_only_when_it_is_named() -> None:
    with waiting("sleep 60") as (process, _):
        top = folder_of(os.getpid(), "pids") / f"labkit-0000test-{os.getpid()}"
        top.mkdir()
        try:
            (top / "cgroup.procs").write_text(str(process.pid))
            assert isinstance(error_of(Cgroup.at(top).remove), SystemFault)  # it has a process
            (top.parent / "cgroup.procs").write_text(str(process.pid))
            Cgroup.at(top).remove()
            assert not top.exists()
        finally:
            if top.exists():
                top.rmdir()


def what_is_frozen_gets_no_time() -> None:
    with Cgroup.create("still") as group, waiting(SPIN) as (process, go):
        group.add(process.pid)
        go()
        until(lambda: cpu_s(process.pid) > 0)
        group.freeze()
        assert group["cgroup.freeze"] == "1"
        used = cpu_s(process.pid)
        time.sleep(0.3)
        assert cpu_s(process.pid) == used
        group.thaw()
        until(lambda: cpu_s(process.pid) > used)


def what_is_frozen_can_be_killed() -> None:
    with Cgroup.create("ice") as group, waiting("sleep 60") as (process, _):
        group.add(process.pid)
        group.freeze()
        assert group.kill() == 1
        assert process.wait(10) == -signal.SIGKILL


def a_user_who_was_given_a_group_makes_groups_below_and_raises_nothing() -> None:
    script = """
        for folder in $FOLDERS; do
            mkdir $folder/sub || exit 2
            echo $$ > $folder/sub/cgroup.procs || exit 3
            for file in memory.max memory.limit_in_bytes pids.max; do
                test -e $folder/$file || continue
                (echo max > $folder/$file) 2>/dev/null && exit 4
            done
        done
        echo made; read more
    """
    with Cgroup.create("given") as group:
        group["memory.max"], group["pids.max"] = "64M", 5
        assert len(group.delegate(USER, USER)) >= 3 * len(group.files.folders)
        env = {"FOLDERS": " ".join(group.files.folders), "PATH": os.environ["PATH"]}
        more = {"user": USER, "group": USER, "extra_groups": [], "env": env}
        with waiting(script, stdout=subprocess.PIPE, **more) as (process, go):
            group.add(process.pid)
            go()
            assert process.stdout.readline() == b"made\n", process.wait(5)
            process.stdout.close()
            (sub,) = group.children
            assert sub.processes == (process.pid,)
            assert group["memory.max"] == str(64 << 20)
            for folder in sub.files.folders:
                assert Path(folder).stat().st_uid == USER
        until(lambda: not sub.processes)


def a_session_that_is_killed_leaves_no_group() -> None:
    code = """
import os, sys, time
from labkit.sandbox import Cgroup
group = Cgroup.create("lab/deep/er")
group.add(int(sys.argv[1]))
group.freeze()
print(*group.files.folders, sep="|", flush=True)
time.sleep(600)
"""
    with waiting("sleep 600") as (inner, _):
        argv = [sys.executable, "-c", code, str(inner.pid)]
        owner = subprocess.Popen(argv, stdout=subprocess.PIPE)
        try:
            folders = [Path(path) for path in owner.stdout.readline().decode().strip().split("|")]
            assert all(folder.is_dir() for folder in folders)
        finally:
            owner.kill()
            owner.wait()
            owner.stdout.close()
        until(lambda: not any(folder.parents[1].exists() for folder in folders), timeout_s=60)
        assert inner.wait(10) == -signal.SIGKILL


def waiting_for_what_does_not_happen_ends_at_its_deadline() -> None:
    with Cgroup.create("quiet") as group:
        error = error_of(lambda: group.wait_for("memory.oom_kill", timeout_s=0.1))
        assert isinstance(error, TimedOut)
        assert isinstance(error_of(lambda: group.wait_for("memory.oops", timeout_s=0.1)), NotFound)


def a_group_that_becomes_empty_is_heard_of() -> None:
    with Cgroup.create("hall") as group, waiting("exit 0") as (process, go):
        group.add(process.pid)
        go()
        assert group.wait_for("cgroup.populated", since=1, timeout_s=20) == 0


def pressure_is_the_groups_own_or_none() -> None:
    with Cgroup.create("press", ("memory", "cpu")) as group:
        found = group.pressure()
        if is_v2() and Path("/proc/pressure").exists():
            assert [one.resource for one in found or ()] == ["cpu", "memory", "io"]
        else:
            assert found is None


def in_v2_a_group_that_hands_down_holds_no_processes() -> None:
    if not is_v2():
        return
    with Cgroup.create("parent/child") as child, waiting("sleep 60") as (process, _):
        parent = Cgroup.at(child.path.rpartition("/")[0])
        error = error_of(lambda: parent.add(process.pid))
        assert isinstance(error, SystemFault)
        assert "holds no processes itself" in str(error)
        with Cgroup.create("full") as full:
            full.add(process.pid)
            error = error_of(lambda: Cgroup.create("full/below"))
            assert isinstance(error, SystemFault)
            assert "a group with processes cannot do that" in str(error)
            for below in full.children:
                below.remove()


def groups_of_sandboxes_can_be_held_still() -> None:
    with Sandbox().start(["sh", "-c", SPIN]) as box:
        group = Cgroup.of(box.pid)
        assert box.pid in group.processes
        group["pids.max"] = 33
        assert group["pids.max"] == "33"
