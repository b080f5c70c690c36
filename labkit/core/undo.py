"""How each kind of thing in a journal is taken away.

An action says whether there was anything to take away. It touches a thing only when it still is
the one that the journal names: a process by PID and start time, a cgroup by the session's id in
its name.

Sources: pidfd_open(2), pidfd_send_signal(2), cgroups(7) (a group is removed when it is empty).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path

from labkit.core.journal import Entry
from labkit.core.linux import start_ticks

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


def kill_members(group: str) -> None:
    """Sends SIGKILL to every process of a cgroup that we can see."""
    with open(f"{group}/cgroup.procs") as file:  # noqa: PTH123
        pids = [int(pid) for pid in file.read().split()]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            if pid > 0:  # 0 stands for a process of another PID namespace; kill(0) would be us
                os.kill(pid, signal.SIGKILL)


ACTIONS: dict[str, Callable[[Entry, str], bool]] = {
    "sandbox": end_process,
    "machine": end_process,
    "cgroup": remove_cgroup,
}
"""Kind of entry to how it is undone, given the entry and the session's id."""
