"""The kernel's log of processes killed for want of memory, as real kernels wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.sandbox import Cgroup, oom_report
from labkit.sandbox.groups.oom import Kill, parse_log

LOGS = Path(__file__).with_name("logs")


def lines(name: str) -> list[str]:
    return (LOGS / name).read_text().splitlines()


def test_a_kill_in_a_group_of_v1_is_read_whole() -> None:
    (kill,) = parse_log(lines("kernel-6.18-v1.log"))
    assert kill == Kill(
        pid=17150,
        command="head",
        uid=0,
        anon_bytes=0,
        file_bytes=1604 << 10,
        shared_bytes=0,
        group="/labkit-4d5bb0fd-box-ef7b96",
        limit_group="/labkit-4d5bb0fd-box-ef7b96",
        usage_bytes=16 << 20,
        limit_bytes=16 << 20,
        at_s=43206.216566,
    )
    assert str(kill) == (
        "killed head (PID 17150, 1.6 MiB): "
        "/labkit-4d5bb0fd-box-ef7b96 had reached its limit of 16 MiB"
    )


def test_the_group_whose_limit_it_was_may_be_one_above() -> None:
    own = "task_memcg=/labkit-4d5bb0fd-box-ef7b96"
    log = [line.replace(own, f"{own}/deep") for line in lines("kernel-6.18-v1.log")]
    (kill,) = parse_log(log)
    assert (kill.group, kill.limit_group) == (
        "/labkit-4d5bb0fd-box-ef7b96/deep",
        "/labkit-4d5bb0fd-box-ef7b96",
    )


def test_a_machine_out_of_memory_is_no_groups_limit() -> None:
    """The words are those of mm/oom_kill.c; nobody lets a shared machine run out of memory."""
    log = [
        line.replace("CONSTRAINT_MEMCG", "CONSTRAINT_NONE").replace(
            "oom_memcg=/labkit-4d5bb0fd-box-ef7b96,", "global_oom,"
        )
        for line in lines("kernel-6.18-v1.log")
        if "memory: usage" not in line
    ]
    (kill,) = parse_log(log)
    assert (kill.limit_group, kill.limit_bytes) == ("", None)
    assert "the whole machine was out of memory" in str(kill)


def test_a_name_with_the_logs_own_words_in_it_is_a_name() -> None:
    log = [line.replace("(head)", "(a) b, pid=1)") for line in lines("kernel-6.18-v1.log")]
    (kill,) = parse_log(log)
    assert (kill.pid, kill.command) == (17150, "a) b, pid=1")


@pytest.mark.parametrize("kept", range(0, 22, 3))
def test_a_log_that_begins_in_the_middle_tells_what_it_can(kept: int) -> None:
    for kill in parse_log(lines("kernel-6.18-v1.log")[kept:]):
        assert kill.pid == 17150


def test_a_log_without_the_decision_names_nobody() -> None:
    """The kernel leaves lines out when there are too many: whose it was is then not known."""
    log = [line for line in lines("kernel-6.18-v1.log") if "oom-kill:" not in line]
    assert list(parse_log(log)) == []


@pytest.mark.requires("root", "limits")
def test_without_a_log_the_counters_speak_and_say_so() -> None:
    with Cgroup.create("mute") as group:
        report = oom_report(group, log=())
        assert (report.count, report.kills) == (0, ())
        assert str(report).endswith("nothing was killed for want of memory")
