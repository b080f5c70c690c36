"""What SQLite's errors mean for a learner: the machine, or a damaged file.

Source: sqlite.org/rescode.html.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from labkit.core.errors import Blocked, LabkitError, SystemFault, TimedOut

BUSY_S = 10.0
"""How long to wait for another process; its writes take milliseconds."""

BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN = 5, 6, 7, 8, 10, 13, 14
IOERR_SHORT_READ = 522
MACHINE_CODES = {3, BUSY, LOCKED, NOMEM, READONLY, 9, IOERR, FULL, CANTOPEN, 15, 22, 23}
"""SQLite's result codes that tell of the machine, not of the file's content."""


class Damaged(Exception):
    """The file is not, or not whole, what was written."""


def is_damage(error: Exception, path: Path) -> bool:
    """Whether the error means that the content of the file is damaged.

    Busy, full, read-only and the like are not damage; everything that SQLite cannot make sense of
    is: no statement of ours fails on a sound file.
    """
    code = getattr(error, "sqlite_errorcode", 0)
    if code == IOERR_SHORT_READ:
        return True
    if code & 0xFF == READONLY:  # the header may say so, too
        return all(os.access(place, os.W_OK) for place in (path, path.parent))
    return code & 0xFF not in MACHINE_CODES


def translated(error: Exception, path: Path) -> LabkitError:
    """SQLite's error as one of labkit's, with what to do next."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (BUSY, LOCKED):
        seen = "another process holds the file"
        return TimedOut(f"writing to {path}", after_s=BUSY_S, last_seen=seen)
    if code in (READONLY, CANTOPEN):
        return unusable(path, str(error))
    if code == FULL:
        hint = "Make room on that disk; what was recorded before is safe"
        return SystemFault(f"record progress in {path}", errno=errno.ENOSPC, hint=hint)
    return SystemFault(f"record progress in {path}", why=str(error))


def unusable(path: Path, why: str) -> Blocked:
    """The error of a place where nothing can be written."""
    return Blocked(
        f"labkit cannot keep your progress in {path}",
        why=why,
        hint="Set LABKIT_HOME to a folder that you can write",
    )
