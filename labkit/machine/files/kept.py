"""What a guest removes, kept for a while: ``rm -rf /`` in a machine reaches the course folder, too.

A file goes to a folder of the host that the guest does not see, under the path that it had, so
that one copy brings back all of it. Source: rename(2), copy_file_range(2).
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from pathlib import Path

LARGEST_BYTES = 20 << 20
ALL_BYTES = 200 << 20
"""Of one file, and of all files of one machine: work is small, and a disk must not fill up."""

DAYS = 30
"""How long they are kept."""

Names = tuple[bytes, ...]


class Keeper:
    """Takes files instead of having them removed.

    Args:
        folder: where each machine has a folder of its own, named by the time of its first file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours: Path | None = None
        self._bytes = 0

    def take(self, fd: int, name: bytes, names: Names) -> bool:
        """Takes a file out of its folder.

        Args:
            fd: the folder that it lies in.
            name: its name there.
            names: its path from the export on.

        Returns:
            Whether it has gone; False leaves it to be removed: it is a link, empty, too large, or
            has another name, or the host has no room for it.
        """
        try:
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not self._is_worth(found):
                return False
            target = self._place(names)
            self._bytes += found.st_size
            try:
                os.rename(name, target, src_dir_fd=fd)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    return False
                _copy(fd, name, target)
                return False
        except OSError:
            return False
        return True

    def _is_worth(self, found: os.stat_result) -> bool:
        is_file = stat.S_ISREG(found.st_mode) and found.st_nlink == 1
        has_room = found.st_size <= min(LARGEST_BYTES, ALL_BYTES - self._bytes)
        return is_file and found.st_size > 0 and has_room

    def _place(self, names: Names) -> Path:
        if self._ours is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _forget_old(self._folder)
            self._ours = self._folder / time.strftime(f"%Y-%m-%d %H.%M.%S {os.getpid()}")
        target = self._ours.joinpath(*map(os.fsdecode, names))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return target


def _copy(fd: int, name: bytes, target: Path) -> None:
    source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
    with os.fdopen(source, "rb") as read, target.open("wb") as write:
        shutil.copyfileobj(read, write)


def _forget_old(folder: Path) -> None:
    oldest = time.time() - DAYS * 24 * 3600
    for machine in folder.iterdir():
        if machine.stat().st_mtime < oldest:
            shutil.rmtree(machine, ignore_errors=True)
