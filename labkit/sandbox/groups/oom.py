"""What the kernel killed in a group for want of memory, and why.

The kernel says it in its log, /dev/kmsg, where that may be read; else there are the counters of the
group, and what they do not say is said to be unknown. Lines of the log carry PIDs and paths of the
whole machine, so inside a container a report can be of counters alone.

Sources: Documentation/ABI/testing/dev-kmsg, mm/oom_kill.c and mm/memcontrol.c (what is printed;
tests read logs recorded from kernels 6.1 and 6.18).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from labkit.core import linux
from labkit.sandbox.groups.group import Cgroup

_LOG = "/dev/kmsg"
_RECORD_BYTES = 8192
"""The longest record that the kernel gives (dev-kmsg)."""

_USAGE = re.compile(r"memory: usage (\d+)kB, limit (\d+)kB, failcnt (\d+)")
_DECISION = re.compile(r"oom-kill:constraint=(?P<constraint>\w+),")
_GROUPS = re.compile(r",(?:oom_memcg=(?P<limit>[^,]*),|global_oom,)?task_memcg=(?P<own>[^,]*),")
_KILLED = re.compile(
    r"[Kk]illed process (?P<pid>\d+) \((?P<command>.*)\).* total-vm:(\d+)kB, "
    r"anon-rss:(?P<anon>\d+)kB, file-rss:(?P<file>\d+)kB, shmem-rss:(?P<shmem>\d+)kB"
    r"(?:, UID:(?P<uid>\d+))?"
)


@dataclass(frozen=True)
class Kill:
    """One process that the kernel killed."""

    pid: int
    """As the whole machine counts it."""
    command: str
    uid: int | None
    anon_bytes: int
    """Memory of its own: heap and stacks."""
    file_bytes: int
    """Of files that it had mapped."""
    shared_bytes: int
    group: str
    """The group it was in."""
    limit_group: str
    """The group whose limit was reached: this one, or one above; empty for the whole machine."""
    usage_bytes: int | None
    """What that group used."""
    limit_bytes: int | None
    """What it was allowed."""
    at_s: float
    """Seconds since the machine was started."""

    def __str__(self) -> str:
        mib = (self.anon_bytes + self.file_bytes + self.shared_bytes) / 1024**2
        if not self.limit_group:
            why = "the whole machine was out of memory"
        elif self.limit_bytes is None:
            why = f"{self.limit_group} had reached its limit"
        else:
            why = f"{self.limit_group} had reached its limit of {self.limit_bytes / 1024**2:g} MiB"
        return f"killed {self.command} (PID {self.pid}, {mib:.1f} MiB): {why}"


@dataclass(frozen=True)
class OomReport:
    """What is known about one group."""

    group: str
    count: int
    """Processes killed, as the group's counters have it; those of groups below are counted too in
    v2."""
    kills: tuple[Kill, ...] = field(default=())
    """Those that the kernel's log still tells about, oldest first."""
    limit_bytes: int | None = None
    """``memory.max`` now; None for no limit."""
    peak_bytes: int | None = None
    """The most it ever used; None where the kernel does not say it."""
    why_none: str = ""
    """Why nothing was killed though memory had run out; empty when that is not the case."""
    why_no_log: str = ""
    """Why the kernel's log could not be read; empty when it could."""

    def __str__(self) -> str:
        if not self.count and not self.kills:
            said = f"{self.group}: nothing was killed for want of memory"
            return f"{said}, though {self.why_none}" if self.why_none else said
        lines = [f"{self.group}: {self.count} killed for want of memory"]
        lines += [f"  {kill}" for kill in self.kills]
        if self.why_no_log:
            lines.append(f"  which ones is not known: {self.why_no_log}")
        elif len(self.kills) < self.count:
            lines.append(f"  the kernel's log has {len(self.kills)} of them")
        return "\n".join(lines)


def oom_report(group: Cgroup, log: Iterable[str] | None = None) -> OomReport:
    """What the kernel has killed in a group and below, and why.

    Args:
        group: which.
        log: records of a kernel's log, as /dev/kmsg has them; this machine's when not given.
    """
    why = ""
    try:
        records = list(_records() if log is None else log)
    except OSError as error:
        records, why = [], f"{_LOG}: {error.strerror}"
    limit, peak = group["memory.max"], _peak(group)
    inner = f"{group.path.rstrip('/')}/"
    kills = tuple(kill for kill in parse_log(records) if f"{kill.group}/".startswith(inner))
    count = group.events().get("memory.oom_kill", 0)
    if not why and count and not kills:
        why = "the kernel's log does not name this group (it is short, and not of this container)"
    return OomReport(
        group=group.path,
        count=count,
        kills=kills,
        limit_bytes=int(limit) if limit.isdigit() else None,
        peak_bytes=peak,
        why_none="" if count else _why_none(group),
        why_no_log=why,
    )


def parse_log(records: Iterable[str]) -> Iterator[Kill]:
    """The kills that a kernel's log tells about; ``6,8636,40381491789,-;oom-kill:…``."""
    usage: re.Match[str] | None = None
    decision, groups = "", None
    for record in records:
        head, _, text = record.partition(";")
        if found := _USAGE.match(text):
            usage = found
        elif found := _DECISION.match(text):
            decision, groups = found["constraint"], _GROUPS.search(text)
        elif (found := _KILLED.search(text)) and groups:
            is_of_a_group = decision == "CONSTRAINT_MEMCG" and usage is not None
            yield Kill(
                pid=int(found["pid"]),
                command=found["command"],
                uid=int(found["uid"]) if found["uid"] else None,
                anon_bytes=int(found["anon"]) << 10,
                file_bytes=int(found["file"]) << 10,
                shared_bytes=int(found["shmem"]) << 10,
                group=groups["own"],
                limit_group=groups["limit"] or "",
                usage_bytes=int(usage[1]) << 10 if usage and is_of_a_group else None,
                limit_bytes=int(usage[2]) << 10 if usage and is_of_a_group else None,
                at_s=_seconds(head),
            )
            usage, groups = None, None


def _seconds(head: str) -> float:
    """Of a record's head: priority, number, microseconds, flags."""
    parts = head.split(",")
    return int(parts[2]) / 1e6 if len(parts) > 2 and parts[2].isdigit() else 0.0


def _records() -> Iterator[str]:
    """The kernel's log from its oldest record to now."""
    fd = os.open(_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while True:
            try:
                yield os.read(fd, _RECORD_BYTES).decode(errors="replace").partition("\n")[0]
            except BlockingIOError:
                return
            except BrokenPipeError:
                continue  # records were overwritten while we read: it goes on with the next
    finally:
        os.close(fd)


def _why_none(group: Cgroup) -> str:
    """In v2 the kernel counts how often memory had run out, whatever it could do about it."""
    if not group.events().get("memory.oom", 0):
        return ""
    pids = [pid for one in group.walk() for pid in one.processes]
    if pids and all(_is_spared(pid) for pid in pids):
        return "its limit is reached: all in it have oom_score_adj -1000, and are never killed"
    return "its limit was reached and an allocation failed"


def _is_spared(pid: int) -> bool:
    try:
        return linux.read(f"/proc/{pid}/oom_score_adj").strip() == b"-1000"
    except OSError:  # it has ended
        return False


def _peak(group: Cgroup) -> int | None:
    try:
        return int(group.files.read("memory.peak"))
    except OSError:  # a kernel before 5.19, or the root group
        return None
