"""Mistakes in a file that can be read: each is found where it stands, and its remedy is said."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.sandbox.cgconfig import mistakes, parse
from labkit.sandbox.cgconfig.files import V1
from labkit.sandbox.cgconfig.validate import _VALUES

RIGHT = {
    1: """
        mount { cpu = /sys/fs/cgroup/cpu; cpuacct = /sys/fs/cgroup/cpu; "name=mine" = /run/mine; }
        group daemons/www {
            perm { task { uid = root; fperm = 770; } admin { uid = root; dperm = 0775; } }
            cpu { cpu.shares = 1000; cpu.cfs_quota_us = -1; notify_on_release = 1; }
            memory { memory.limit_in_bytes = 64M; }
            blkio { blkio.throttle.read_bps_device = "8:0 1048576"; }
            hugetlb { hugetlb.2MB.limit_in_bytes = 4M; }
            "name=mine" { }
        }
        group . { cpuset { cpuset.cpus = 0-1,3; } }
    """,
    2: """
        group web {
            cpu { cpu.max = "max 100000"; cpu.weight = 10000; }
            memory { memory.max = max; memory.high = 1G; }
            io { io.max = "8:0 rbps=1048576 wiops=max"; io.weight = "default 50"; }
            cgroup { cgroup.freeze = 1; }
            pids { pids.max = 0; }
        }
    """,
}


@pytest.mark.parametrize("version", [1, 2])
def test_there_is_none_in_what_is_right(version: int) -> None:
    assert mistakes(parse(RIGHT[version]), version) == []


@pytest.mark.parametrize(
    ("version", "text", "place", "what", "hint"),
    [
        (1, "group a { cpi { } }", "line 1, column 11", "no controller 'cpi'", "Did you mean cpu?"),
        (2, "group a { blkio { } }", "line 1, column 11", "of cgroup v1", "to_v2"),
        (1, "group a { cpu { cpu.share = 1; } }", "line 1, column 17", "no file 'cpu.share'",
         "Did you mean cpu.shares"),
        (1, "group a { cpu { memory.limit_in_bytes = 1; } }", "line 1, column 17",
         "belongs to memory, and stands in cpu", "memory { … }"),
        (1, "group a { memory { memory.max = 1; } }", "line 1, column 20", "a file of cgroup v2",
         "In v1 it is memory.limit_in_bytes"),
        (2, "group a { cpu { cpu.shares = 1; } }", "line 1, column 17", "a file of cgroup v1",
         "In v2 it is cpu.weight"),
        (1, "group a { cpu { cpu.shares = 1; } }", "line 1, column 17", "cannot be '1'",
         "from 2 to 262144"),
        (1, "group a { cpu { cpu.shares = 3; cpu.shares = 4; } }", "line 1, column 33",
         "cpu.shares is here a second time", "The first is in line 1, column 17"),
        (1, "group a { cpu { }\n cpu { } }", "line 2, column 2", "cpu is here a second time", ""),
        (1, "group a { cpu { } }\ngroup a { memory { } }", "line 2, column 1", "a second", ""),
        (1, "group ../a { cpu { } }", "line 1, column 1", "cannot be the name of a group", "www"),
        (1, "group /a { cpu { } }", "line 1, column 1", "cannot be the name of a group", ""),
        (1, "mount { cpu = cgroup; }", "line 1, column 9", "no whole path", "'/'"),
        (2, "mount { cpu = /x; }", "line 1, column 9", "one hierarchy", "Take the mount"),
        (1, "group a { perm { task { fperm = 9; } admin { uid = b; } } cpu { } }",
         "line 1, column 18", "fperm cannot be '9'", "775"),
        (2, "group a { memory { memory.max = 9X; } }", "line 1, column 20", "cannot be '9X'",
         "such as 64M"),
    ],
)  # fmt: skip
def test_each_is_found_where_it_stands(
    version: int, text: str, place: str, what: str, hint: str
) -> None:
    (found,) = mistakes(parse(text), version)
    assert str(found.place) == place
    assert what in found.what
    assert hint in found.hint


def test_what_a_machine_has_not_is_said() -> None:
    (found,) = mistakes(parse("group a { rdma { } }"), 1, there=["cpu", "memory"])
    assert found.what == "this machine has no controller rdma in cgroup v1"


TRIED = ["0", "1", "2", "3", "10", "64M", "-1", "-2", "max", "0-1", "0,", "FROZEN", "x", "1 2"]


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A group of our own in a hierarchy of v1."""
    made = Path("/sys/fs/cgroup", request.param, f"labkit-test-{os.getpid()}")
    made.mkdir()
    yield made
    made.rmdir()


@pytest.mark.requires("root", "cgroup-v1")
@pytest.mark.parametrize("group", ["cpu", "memory", "cpuset", "pids", "freezer"], indirect=True)
def test_the_kernel_refuses_the_values_that_we_refuse(group: Path) -> None:
    """It takes some beside, and makes something of them that nobody has written."""
    for name in V1[group.parent.name]:
        check = _VALUES.get(name)
        if not check or not (group / name).exists():
            continue
        for value in TRIED:
            if check(value) and _is_taken(group / name, value):
                assert (name, value) in _TAKEN_BESIDE, (name, value)


_TAKEN_BESIDE = {
    *(("cpu.shares", "0"), ("cpu.shares", "1"), ("cpu.cfs_quota_us", "-2")),  # made 2, 2, -1
    *(("cpuset.cpus", "0,"), ("cpuset.mems", "0,")),
}


def _is_taken(file: Path, value: str) -> bool:
    try:
        file.write_text(value)
    except OSError as error:
        assert error.errno in (errno.EINVAL, errno.ERANGE, errno.EBUSY, errno.ENOSPC), error
        return False
    return True
