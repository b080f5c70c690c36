"""Limits hold, of groups and of sandboxes, and who watches stays able to act."""

from __future__ import annotations

import os
import time
from pathlib import Path

from labkit.core.errors import Blocked
from labkit.sandbox import Cgroup, Sandbox, oom_report
from labkit.sandbox.limits import cpus_in
from tests.sandbox.groups.both.tools import (
    BOMB,
    EAT,
    SPIN,
    counts,
    cpu_s,
    error_of,
    folder_of,
    is_v2,
    said,
    until,
    waiting,
)


def who_takes_too_much_memory_is_killed_and_the_report_names_it() -> None:
    with Cgroup.create("eaters") as group, waiting(EAT) as (process, go):
        group["memory.max"] = "16M"
        group.add(process.pid)
        assert oom_report(group).count == 0
        go()
        assert group.wait_for("memory.oom_kill", since=0, timeout_s=60) == 1
        assert process.wait(20) == -9
        report = oom_report(group)
        assert (report.count, report.limit_bytes) == (1, 16 << 20)
        if not report.why_no_log:
            kill = report.kills[-1]
            assert (kill.pid, kill.command, kill.uid) == (process.pid, "sh", 0)
            assert (kill.group, kill.limit_group) == (group.path, group.path)
            assert kill.limit_bytes == 16 << 20
            assert f"killed sh (PID {process.pid}" in str(report)
            assert "its limit of 16 MiB" in str(report)


def a_memory_bomb_under_its_limit_leaves_everybody_else_in_peace() -> None:
    with Sandbox(limits={"memory.max": "16M", "pids.max": 50}) as bomb, Sandbox() as other:
        ran = bomb.exec(["sh", "-c", f"sh -c '{EAT}'; echo survived"], timeout_s=60)
        assert (ran.stdout, ran.is_oom_killed) == ("survived\n", True)
        assert other.exec(["echo", "responsive"]).stdout == "responsive\n"


def the_limit_of_a_sandbox_is_raised_and_taken_off_through_its_group() -> None:
    with Sandbox(limits={"memory.max": "16M"}) as box:
        group = Cgroup.of(box.pid)
        for value, expected in (("64M", 64 << 20), ("32M", 32 << 20), ("max", None)):
            group["memory.max"] = value
            assert box.limits[0].limit == expected, value
            # What does not fit does not go to the swap instead: that holds on.
            assert expected is None or group["memory.swap.max"] == "0", value
        assert group["memory.max"] == "max"
        error = error_of(lambda: group.write("memory.max", "much"))
        assert "'much' is no value that the kernel takes" in str(error)


def memory_high_slows_down_and_does_not_kill() -> None:
    grow = "x=a; while [ ${#x} -lt 16000000 ]; do x=$x$x; done; read more"
    if not is_v2():
        error = error_of(lambda: Sandbox(limits={"memory.high": "8M"}).run(["true"]))
        assert isinstance(error, Blocked)
        assert "v1 has no limit that slows down" in str(error)
        return
    with Cgroup.create("slow") as group, waiting(grow) as (process, go):
        group["memory.high"] = "8M"
        group.add(process.pid)
        go()
        assert group.wait_for("memory.high", since=0, timeout_s=60) > 0
        assert process.poll() is None
        folder = folder_of(process.pid, "memory")
        assert counts(folder, "memory.events")["high"] > 0
        assert counts(folder, "memory.events")["oom_kill"] == 0


def a_share_of_a_cpu_is_not_exceeded() -> None:
    with Cgroup.create("slices", controllers=("cpu",)) as group, waiting(SPIN) as (process, go):
        group["cpu.max"] = "20000 100000"
        group.add(process.pid)
        go()
        began, used = time.monotonic(), cpu_s(process.pid)
        until(lambda: group.events()["cpu.nr_throttled"] >= 8)
        share = (cpu_s(process.pid) - used) / (time.monotonic() - began)
        assert share < 0.5, f"{share:.2f} of a CPU, of 0.2 allowed"
        stat = counts(folder_of(process.pid, "cpu"), "cpu.stat")
        assert stat["nr_throttled"] >= 8


def a_sandbox_with_a_share_of_a_cpu_gets_no_more() -> None:
    with Sandbox(limits={"cpu.max": "20%"}).start(["sh", "-c", SPIN]) as box:
        folder = folder_of(box.pid, "cpu")
        began, used = time.monotonic(), cpu_s(box.pid)
        until(lambda: counts(folder, "cpu.stat")["nr_throttled"] >= 8)
        share = (cpu_s(box.pid) - used) / (time.monotonic() - began)
        assert share < 0.5, f"{share:.2f} of a CPU, of 0.2 allowed"
        of_cpu = next(limit for limit in box.limits if limit.name == "cpu.max")
        assert of_cpu.limit == 0.2
        assert 0 < of_cpu.used < 0.5


def a_cpuset_pins() -> None:
    last = max(cpus_in(_status(os.getpid(), "Cpus_allowed_list")))
    with Sandbox(limits={"cpuset.cpus": str(last)}) as box:
        assert _status(box.pid, "Cpus_allowed_list") == str(last)
        seen = box.exec(["grep", "Cpus_allowed_list", "/proc/self/status"]).stdout
        assert seen.split() == ["Cpus_allowed_list:", str(last)]


def a_cpu_that_is_not_there_is_refused_with_those_that_are() -> None:
    error = error_of(lambda: Sandbox(limits={"cpuset.cpus": "0,4000"}).run(["true"]))
    assert isinstance(error, Blocked)
    assert "there is no CPU 4000" in str(error)


def a_fork_bomb_stays_within_its_group_and_is_ended_whole() -> None:
    with Cgroup.create("bombs") as group, waiting(BOMB) as (process, go):
        group["pids.max"] = 20
        group.add(process.pid)
        folder = folder_of(process.pid, "pids")
        go()
        group.wait_for("pids.max", since=0, timeout_s=30)
        assert counts(folder, "pids.events")["max"] > 0
        assert int(said(folder, "pids.current")) <= 20
        assert Sandbox().run(["echo", "responsive"]).stdout == "responsive\n"
        assert group.kill(timeout_s=20) >= 3
        assert said(folder, "cgroup.procs") == ""


def each_limit_of_a_sandbox_is_in_the_file_of_this_version() -> None:
    limits = {
        "memory.max": "64M", "memory.low": "8M", "pids.max": 20, "cpu.max": "50%",
        "cpu.weight": 200, "cpuset.cpus": "0",
    }  # fmt: skip
    v1 = {
        "memory.limit_in_bytes": str(64 << 20), "memory.soft_limit_in_bytes": str(8 << 20),
        "pids.max": "20", "cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000",
        "cpuset.cpus": "0",
    }  # fmt: skip
    v2 = {
        "memory.max": str(64 << 20), "memory.low": str(8 << 20), "pids.max": "20",
        "cpu.max": "50000 100000", "cpu.weight": "200", "cpuset.cpus": "0", "memory.swap.max": "0",
    }  # fmt: skip
    with Sandbox(limits=limits) as box:
        for file, value in (v2 if is_v2() else v1).items():
            folder = folder_of(box.pid, file.partition(".")[0])
            if file != "memory.swap.max" or (folder / file).exists():
                assert said(folder, file) == value, file
        if not is_v2():
            shares = int(said(folder_of(box.pid, "cpu"), "cpu.shares"))
            assert 1024 < shares < 4096  # twice the usual weight is more than the usual
        shown = {limit.name: limit.words for limit in box.limits}
        assert shown == {
            "memory.max": str(64 << 20), "memory.low": str(8 << 20), "pids.max": "20",
            "cpu.max": "50000 100000", "cpu.weight": "200", "cpuset.cpus": "0",
        }  # fmt: skip
        for limit in box.limits:
            assert Path(limit.file).exists()


def a_disk_is_limited_in_bytes_and_operations() -> None:
    disk = next(
        path.name for path in sorted(Path("/sys/block").iterdir())
        if not path.name.startswith(("loop", "zram", "ram")) and (path / "queue").exists()
    )  # fmt: skip
    number = Path("/sys/block", disk, "dev").read_text().strip()
    with Sandbox(limits={"io.max": f"/dev/{disk} rbps=1M wiops=100"}) as box:
        folder = folder_of(box.pid, "blkio")
        if is_v2():
            folder = folder_of(box.pid, "io")
            assert said(folder, "io.max") == f"{number} rbps=1048576 wbps=max riops=max wiops=100"
        else:
            assert said(folder, "blkio.throttle.read_bps_device") == f"{number} 1048576"
            assert said(folder, "blkio.throttle.write_iops_device") == f"{number} 100"
    error = error_of(lambda: Sandbox(limits={"io.max": "4095:0 rbps=1M"}).run(["true"]))
    assert isinstance(error, Blocked)
    assert "there is no such device" in str(error)


def a_weight_of_disks_that_no_disk_looks_at_is_refused() -> None:
    chosen = [path.read_text() for path in Path("/sys/block").glob("*/queue/scheduler")]
    if any("[bfq]" in line for line in chosen):
        with Sandbox(limits={"io.weight": 50}) as box:
            name = "io.bfq.weight" if is_v2() else "blkio.bfq.weight"
            assert "50" in said(folder_of(box.pid, "io" if is_v2() else "blkio"), name)
        return
    error = error_of(lambda: Sandbox(limits={"io.weight": 50}).run(["true"]))
    assert isinstance(error, Blocked)
    assert "no disk here looks at weights" in str(error)


def limits_of_a_running_sandbox_can_be_changed_and_taken_away() -> None:
    memory = "memory.max" if is_v2() else "memory.limit_in_bytes"
    with Sandbox(limits={"memory.max": "64M"}) as box:
        for value, kernels in (("32M", 32 << 20), ("128M", 128 << 20)):
            box.set_limit("memory.max", value)
            assert said(folder_of(box.pid, "memory"), memory) == str(kernels)
        box.set_limit("memory.max", "max")
        assert next(limit.limit for limit in box.limits if limit.name == "memory.max") is None


def a_running_sandbox_gets_a_controller_that_it_did_not_have() -> None:
    with Sandbox() as box:
        inner = box.terminal(["sleep", "600"])
        try:
            box.set_limit("cpuset.cpus", "0")
            box.set_limit("cpu.max", "0.5")
            pids = [box.pid, inner.pid]
            assert [_status(pid, "Cpus_allowed_list") for pid in pids] == ["0", "0"]
            quota = "cpu.max" if is_v2() else "cpu.cfs_quota_us"
            for pid in pids:
                assert said(folder_of(pid, "cpu"), quota).split()[0] == "50000"
            assert box.exec(["grep", "Cpus_allowed_list", "/proc/self/status"]).stdout.endswith(
                "\t0\n"
            )
        finally:
            inner.close()


def a_limit_that_the_kernel_refuses_is_an_error_and_the_sandbox_goes_on() -> None:
    with Sandbox(limits={"memory.max": "64M"}) as box:
        error = error_of(lambda: box.set_limit("io.max", "4095:0 rbps=1M"))
        assert isinstance(error, Blocked)
        assert "there is no such device" in str(error)
        assert box.exec(["echo", "on"]).stdout == "on\n"


def _status(pid: int, key: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(f"{key}:"))
