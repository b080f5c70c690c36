"""Limits hold, and who watches stays able to act."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from labkit.core.errors import TimedOut
from labkit.sandbox import Sandbox, anatomy, running
from tests.support.wait import wait_until

pytestmark = [
    pytest.mark.requires("sandbox", "limits"),
    pytest.mark.usefixtures("shared_home"),
]

EAT = "x=a; while true; do x=$x$x; done"
"""A shell that doubles a string: out of memory after some thirty steps."""

BOMB = "trap '' TERM; (while true; do sh -c 'sleep 600 & sleep 600' & done) & sleep 600"


def refused_forks(group: str) -> int:
    """How often the kernel refused a fork: Documentation/admin-guide/cgroup-v1/pids.rst."""
    events = dict(line.split() for line in Path(group, "pids.events").read_text().splitlines())
    return int(events["max"])


def test_who_takes_too_much_memory_is_killed_and_it_is_said() -> None:
    ran = Sandbox(limits={"memory.max": "16M"}).run(["sh", "-c", EAT], timeout_s=60)
    assert (ran.exit_code, ran.is_oom_killed) == (-9, True)
    assert "is_oom_killed=True" in repr(ran)


def test_a_child_that_is_killed_for_want_of_memory_is_said_too() -> None:
    script = f"sh -c '{EAT}'; echo survived $?"
    ran = Sandbox(limits={"memory.max": "16M"}).run(["sh", "-c", script], timeout_s=60)
    assert (ran.stdout, ran.is_oom_killed) == ("survived 137\n", True)


def test_a_command_that_entered_and_took_too_much_is_the_one_that_is_said() -> None:
    with Sandbox(limits={"memory.max": "16M"}) as box:
        assert not box.exec(["true"]).is_oom_killed
        ate = box.exec(["sh", "-c", f"sh -c '{EAT}'; exit $?"], timeout_s=60)
        assert (ate.exit_code, ate.is_oom_killed) == (137, True)
        assert not box.exec(["true"]).is_oom_killed


def test_a_kill_by_hand_is_not_taken_for_want_of_memory() -> None:
    ran = Sandbox(limits={"memory.max": "16M"}).run(
        ["sh", "-c", "kill -KILL $$; sleep 1 & kill -9 $!"]
    )
    assert not ran.is_oom_killed


def test_memory_of_the_writable_layer_counts() -> None:
    script = "head -c 40000000 /dev/zero > /tmp/big"
    ran = Sandbox(limits={"memory.max": "16M"}).run(["sh", "-c", script], timeout_s=60)
    assert ran.is_oom_killed


def test_a_fork_bomb_stays_in_its_box() -> None:
    with Sandbox(limits={"pids.max": 20, "memory.max": "64M"}).start(["sh", "-c", BOMB]) as box:
        wait_until(lambda: refused_forks(running()[0].groups["pids"]) > 0)
        started = time.monotonic()
        assert Sandbox().run(["echo", "responsive"]).stdout == "responsive\n"
        # A further command may enter: the limit is on forks, not on joining a group.
        assert box.exec(["echo", "in"], timeout_s=10).stdout == "in\n"
        assert anatomy(box).limits[1].limit == 20
        box.kill()
        assert time.monotonic() - started < 30
    assert not running()


def test_a_bomb_without_a_pid_namespace_is_ended_too() -> None:
    kinds = ("user", "mnt", "uts", "ipc", "net", "cgroup")
    box = Sandbox(limits={"pids.max": 20}, namespaces=kinds).start(["sh", "-c", BOMB])
    groups = running()[0].groups
    wait_until(lambda: refused_forks(groups["pids"]) > 0)
    box.kill()
    box.wait(5)
    assert not any(Path(folder).exists() for folder in groups.values())


def test_a_bomb_that_is_run_ends_at_its_deadline() -> None:
    box = Sandbox(limits={"pids.max": 10})
    with pytest.raises(TimedOut):
        box.run(["sh", "-c", BOMB], timeout_s=0.5)
    assert not running()


def test_less_memory_than_a_start_takes_is_said_to_be_too_little() -> None:
    """6M is the floor: whatever happens at it, it is an answer."""
    ran = Sandbox(limits={"memory.max": "6M"}).run(["echo", "x"])
    assert ran.stdout == "x\n" or ran.is_oom_killed


def test_max_is_no_limit() -> None:
    with Sandbox(limits={"memory.max": "max", "pids.max": "max"}) as box:
        assert {limit.limit for limit in anatomy(box).limits} == {None}


def test_limits_may_be_written_as_text_or_number() -> None:
    for given, value in (
        ("8m", 8 << 20),
        ("16384K", 16 << 20),
        (64 << 20, 64 << 20),
        ("1G", 1 << 30),
    ):
        with Sandbox(limits={"memory.max": given}) as box:
            assert anatomy(box).limits[0].limit == value
