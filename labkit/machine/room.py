"""Room on the disk that machines are kept on: asked for before the long work, missed in words.

Knows nothing about what is kept there. Source: statvfs(3).
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.core.errors import Blocked, SystemFault

_FULL_BYTES = 1 << 20
"""Less than this left after a failure, and the disk was the reason."""


def require_room(folder: Path, needed_bytes: int) -> None:
    """Refuses to begin what would fill the disk.

    Args:
        folder: on the disk in question.
        needed_bytes: what it takes at its height.

    Raises:
        Blocked: less is free.
    """
    free = _free_bytes(folder)
    if free < needed_bytes:
        raise _no_room(folder, f"{free >> 20} MB are free, and it takes {needed_bytes >> 20} MB")


def is_full(folder: Path) -> bool:
    """Whether a full disk is why something failed there just now."""
    return _free_bytes(folder) < _FULL_BYTES


def disk_is_full(folder: Path) -> Blocked:
    """What is said when a write found no room."""
    return _no_room(folder, f"the disk is full ({_free_bytes(folder) >> 20} MB are free)")


@contextmanager
def writing_in(folder: Path) -> Iterator[None]:
    """Says what cannot be written there, when something cannot.

    Raises:
        Blocked: the disk is full. SystemFault: something else is in the way.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_is_full(folder) from error
        raise SystemFault(
            f"make what a machine is made of in {folder}",
            errno=error.errno or 0,
            why=f"{error.filename}: {error.strerror}" if error.filename else "",
            hint="Set LABKIT_MACHINES to a folder that you can write, with 1 GB of room",
        ) from error


def _no_room(folder: Path, why: str) -> Blocked:
    return Blocked(
        f"there is no room for a machine in {folder}",
        why=why,
        hint="Free some room, or set LABKIT_MACHINES to a folder on another disk",
        capability="microvm",
    )


def _free_bytes(folder: Path) -> int:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(there).free
