"""How each kind of thing in a journal is taken away.

An action says whether there was anything to take away. It touches a thing only when it still is
the one that the journal names: a process by PID and start time, a cgroup by the session's id in
its name, as a link and a packet table.

Sources: pidfd_open(2), pidfd_send_signal(2), cgroups(7) (a group is removed when it is empty).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

from labkit.core import forwarding, links
from labkit.core.journal import Entry
from labkit.core.linux import start_ticks
from labkit.core.netlink import Netlink

_PATIENCE_S = 2.0
"""How long a killed process may take to end, and a cgroup to become empty after that."""


def end_process(entry: Entry, session: str) -> bool:
    """Kills the process ``pid`` if it still is the one that started at ``start_ticks``."""
    if entry["pid"] <= 0:
        return False
    try:
        pidfd = os.pidfd_open(entry["pid"])
    except ProcessLookupError:
        return False
    try:
        # The pidfd came first: should the PID change hands now, it still means the old process.
        if start_ticks(entry["pid"]) != entry["start_ticks"]:
            return False
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.poll(_PATIENCE_S * 1000)
    except ProcessLookupError:
        return False
    finally:
        os.close(pidfd)
    return True


def remove_cgroup(entry: Entry, session: str) -> bool:
    """Kills what runs in a cgroup of the session and removes it, the groups below it included.

    Raises:
        OSError: it stays busy.
    """
    folder = Path(entry["path"])
    if not folder.name.startswith(f"labkit-{session}-") or not (folder / "cgroup.procs").exists():
        return False
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        groups = [Path(path) for path, _, _ in os.walk(folder, topdown=False)]
        try:
            for group in groups:
                _thaw(group)
            for group in groups:
                kill_members(str(group))
                group.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return True


def _thaw(group: Path) -> None:
    """Lets a frozen group of v1 go on: before that its processes do not even die."""
    state = group / "freezer.state"
    with contextlib.suppress(FileNotFoundError):
        if state.read_text().strip() != "THAWED":
            state.write_text("THAWED")


def kill_members(group: str) -> None:
    """Sends SIGKILL to every process of a cgroup that we can see."""
    with open(f"{group}/cgroup.procs") as file:  # noqa: PTH123
        pids = [int(pid) for pid in file.read().split()]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if pid > 0:  # 0 stands for a process of another PID namespace; kill(0) would be us
                os.kill(pid, signal.SIGKILL)


def remove_link(entry: Entry, session: str) -> bool:
    """Removes a network interface of the session.

    Raises:
        OSError: it stays, or it is in a network namespace that we are not in.
    """
    if not entry["name"][2:].startswith(f"{session}-") or not _is_here(entry):
        return False
    with Netlink() as netlink:
        return links.delete_link(netlink, entry["name"])


def remove_table(entry: Entry, session: str) -> bool:
    """Removes a packet table of the session, and lets ip_forward go back if nobody needs it.

    Raises:
        OSError: it stays, or it is in a network namespace that we are not in.
    """
    if not entry["name"].startswith(f"{forwarding.PREFIX}{session}-") or not _is_here(entry):
        return False
    with forwarding.open_netfilter() as netlink:
        return forwarding.stop(netlink, entry["name"], entry["before"])


def _is_here(entry: Entry) -> bool:
    """Whether the entry is about our network namespace; False when that one has gone.

    Raises:
        OSError: it is another one's, which somebody is still in.
    """
    if _network_namespace(Path("/proc/self")) == entry["namespace"]:
        return True
    if entry["namespace"] in set(map(_network_namespace, Path("/proc").iterdir())):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    return False


def _network_namespace(process: Path) -> int:
    try:
        return (process / "ns/net").stat().st_ino
    except OSError:  # no process, or none of ours
        return 0


ACTIONS: dict[str, Callable[[Entry, str], bool]] = {
    "sandbox": end_process,
    "machine": end_process,
    "cgroup": remove_cgroup,
    "link": remove_link,
    "table": remove_table,
}
"""Kind of entry to how it is undone, given the entry and the session's id."""
