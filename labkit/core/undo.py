"""How each kind of thing in a journal is taken away.

An action says whether there was anything to take away. It touches a thing only when it still is
the one that the journal names: a process by PID and start time, a cgroup by its name.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from labkit.core.journal import Entry

_PATIENCE_S = 2.0
"""How long a cgroup may stay busy after its last process was killed."""


def end_process(entry: Entry) -> bool:
    """Kills the process ``pid`` if it still is the one that started at ``start_ticks``."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        stat = Path(f"/proc/{entry['pid']}/stat").read_text()
        if int(stat.rpartition(")")[2].split()[19]) == entry["start_ticks"]:
            os.kill(entry["pid"], signal.SIGKILL)
            return True
    return False


def remove_cgroup(entry: Entry) -> bool:
    """Kills what runs in a cgroup of ours and removes it."""
    folder = Path(entry["path"])
    if not folder.name.startswith("labkit-") or not folder.is_dir():
        return False
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        with contextlib.suppress(FileNotFoundError):
            for pid in (folder / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
        else:
            return True


def remove_folder(entry: Entry) -> bool:
    """Removes a folder that the session made."""
    found = Path(entry["path"]).is_dir()
    shutil.rmtree(entry["path"], ignore_errors=True)
    return found


ACTIONS: dict[str, Callable[[Entry], bool]] = {
    "sandbox": end_process,
    "process": end_process,
    "cgroup": remove_cgroup,
    "folder": remove_folder,
}
"""Kind of entry to how it is undone."""
