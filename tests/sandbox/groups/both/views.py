"""Trees and records of groups say what the kernel's files say; cgconfig makes what it says."""

from __future__ import annotations

import os
import time
from pathlib import Path

from labkit.sandbox import Cgroup, Recorder, group_tree, record
from labkit.sandbox.cgconfig import (
    CannotApply,
    apply,
    differences,
    mistakes,
    parse,
    read_back,
    write,
)
from labkit.sandbox.groups import Reader
from tests.sandbox.groups.both.tools import SPIN, error_of, is_v2, said, until, waiting

V1 = """
mount { cpu = %(cpu)s; memory = %(memory)s; }
group daemons {
    cpu { cpu.shares = 500; }
    memory { memory.limit_in_bytes = 256M; }
}
group daemons/www {
    perm {
        task { uid = 41001; gid = 41001; fperm = 770; }
        admin { uid = root; gid = 41001; dperm = 775; fperm = 744; }
    }
    cpu { cpu.cfs_quota_us = 50000; cpu.cfs_period_us = 100000; }
    memory { memory.memsw.limit_in_bytes = 128M; memory.limit_in_bytes = 64M; }
    cpuset { cpuset.cpus = 0; cpuset.mems = 0; }
    pids { pids.max = 30; }
}
"""

V2 = """
group daemons {
    cpu { cpu.weight = 50; }
    memory { memory.max = 256M; }
}
group daemons/www {
    perm {
        task { uid = 41001; gid = 41001; fperm = 770; }
        admin { uid = root; gid = 41001; dperm = 775; fperm = 744; }
    }
    cpu { cpu.max = "50000 100000"; }
    memory { memory.max = 64M; memory.high = 32M; }
    cpuset { cpuset.cpus = 0; cpuset.mems = 0; }
    pids { pids.max = 30; }
}
"""


def text() -> str:
    """A configuration for this machine."""
    if is_v2():
        return V2
    lines = [line.split(" ") for line in Path("/proc/self/mounts").read_text().splitlines()]
    at = {n: row[1] for row in lines if row[2] == "cgroup" for n in row[3].split(",")}
    return V1 % {"cpu": at["cpu"], "memory": at["memory"]}


def a_configuration_is_made_and_read_back() -> None:
    config = parse(text())
    with apply(config) as applied:
        found = read_back(applied.groups, applied.root)
        assert parse(write(found)) == found
        assert [group.name for group in found.groups] == ["daemons", "daemons/www"]
        assert differences(config, parse(write(found))) == ()
        assert mistakes(found, version=2 if is_v2() else 1) == []
        www = Path(applied.groups[1].files.main)
        assert www.stat().st_mode & 0o777 == 0o775
        members = www / ("cgroup.procs" if is_v2() else "tasks")
        assert (members.stat().st_uid, members.stat().st_gid) == (41001, 41001)
        other = parse(text().replace("64M", "65M"))
        assert [str(one.asked.value) for one in differences(other, found)] == ["65M"]
    assert not www.exists()


def a_value_that_the_kernel_refuses_is_named_by_line_and_nothing_is_left() -> None:
    wrong = text().replace("cpuset.cpus = 0", "cpuset.cpus = 0-9999")
    line = next(n for n, row in enumerate(wrong.splitlines(), 1) if "9999" in row)
    error = error_of(lambda: apply(parse(wrong)))
    assert isinstance(error, CannotApply)
    assert error.mistakes[0].place.line == line
    assert "was refused" in str(error)
    assert not [g for g in group_tree().groups if "cgconfig" in g.path and _is_ours(g.path)]


def a_failure_puts_back_what_was_there_before() -> None:
    root = Cgroup.create("conf", ("memory", "pids", "cpu", "cpuset"))
    with root:
        first = apply(parse(text()), root)
        memory = first.groups[0]["memory.max"]
        again = text().replace("256M", "128M").replace("cpuset.cpus = 0", "cpuset.cpus = 0-9999")
        assert isinstance(error_of(lambda: apply(parse(again), root)), CannotApply)
        assert first.groups[0]["memory.max"] == memory == str(256 << 20)
        assert all(group.is_there for group in first.groups)


def a_configuration_does_not_leave_its_root() -> None:
    for name in ("../other", "/abs/../x", "a/../../b"):
        config = parse(text().replace("group daemons/www", f'group "{name}"'))
        assert isinstance(error_of(lambda c=config: apply(c)), CannotApply), name
    mine = Cgroup.of(os.getpid())
    error = error_of(lambda: apply(parse(text()), mine))
    assert "belongs to no session of yours" in str(error) or "root group" in str(error)


def a_tree_shows_groups_parents_first_with_their_processes_and_limits() -> None:
    with Cgroup.create("tree", ("memory", "pids", "cpu")) as top:
        for name in ("b", "a", "a/deep"):
            Cgroup.create(f"tree/{name}", ("memory", "pids", "cpu"))
        deep = Cgroup.at(f"{top.path}/a/deep")
        deep["memory.max"], deep["pids.max"], deep["cpu.max"] = "64M", 9, "50000 100000"
        with waiting("sleep 60") as (process, _):
            deep.add(process.pid)
            tree = group_tree(top.path)
            paths = [group.path.removeprefix(top.path) for group in tree.groups]
            assert paths == ["", "/a", "/a/deep", "/b"]
            seen = next(group for group in tree.groups if group.path == deep.path)
            assert seen.processes == (process.pid,)
            assert tree.commands[process.pid] == "sh"
            gauges = {gauge.name: gauge for gauge in seen.gauges}
            assert gauges["memory.max"].limit == 64 << 20
            assert gauges["pids.max"].limit == 9
            assert gauges["pids.max"].used == 1
            assert gauges["cpu.max"].limit == 0.5
            assert seen.weight == 100
            for gauge in gauges.values():
                assert said(Path(gauge.file).parent, Path(gauge.file).name)
            process.kill()
            process.wait()


def cpu_use_is_what_the_kernel_counted_between_two_readings() -> None:
    with Cgroup.create("busy", ("cpu",)) as group, waiting(SPIN) as (process, go):
        group["cpu.max"] = "20000 100000"
        group.add(process.pid)
        reader = Reader()
        reader.tree(group.path)
        go()
        until(lambda: group.events()["cpu.nr_throttled"] >= 5)
        (seen,) = reader.tree(group.path).groups
        used = next(gauge.used for gauge in seen.gauges if gauge.name == "cpu.max")
        assert 0 < used < 0.5
        group.freeze()
        reader.tree(group.path)
        time.sleep(0.2)
        (still,) = reader.tree(group.path).groups
        assert still.is_frozen
        assert next(g.used for g in still.gauges if g.name == "cpu.max") < 0.05
        group.thaw()


def a_reader_follows_a_group_that_is_removed_and_made_again() -> None:
    reader = Reader()
    for limit in (7, 8):
        with Cgroup.create("again") as group:
            group["pids.max"] = limit
            for _ in range(2):
                (seen,) = reader.tree(group.path).groups
                assert {g.name: g.limit for g in seen.gauges}["pids.max"] == limit


def a_record_tells_what_was_used_and_what_happened() -> None:
    with Cgroup.create("film", ("memory", "pids", "cpu")) as group, waiting(SPIN) as (process, go):
        group["cpu.max"] = "20000 100000"
        group.add(process.pid)
        with Recorder(group, every_s=0.05) as recorder:
            go()
            until(lambda: group.events()["cpu.nr_throttled"] >= 5)
            group["pids.max"] = 5
            time.sleep(0.2)
        film = recorder.timeline
        assert film.group == group.path
        times = [sample.at_s for sample in film.samples]
        assert times == sorted(times)
        assert len(times) >= 3
        assert any(0 < sample.throttled <= 1 for sample in film.samples)
        words = [moment.words for moment in film.moments if moment.kind == "limit"]
        assert words == ["pids.max: from no limit to 5 processes"]


def a_record_ends_with_its_group() -> None:
    with Cgroup.create("short") as group:
        recorder = Recorder(group, every_s=0.02).start()
        group.remove()
        until(lambda: recorder.timeline.moments)
        assert recorder.stop().moments[-1].kind == "end"
    with Cgroup.create("brief") as group:
        assert len(record(group, every_s=0.02, for_s=0.1).samples) >= 2


def _is_ours(path: str) -> bool:
    from labkit.core.session import current_session

    return current_session().id in path
