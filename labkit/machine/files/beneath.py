"""Files beneath a folder, and nowhere else, whatever a path says and whoever changes it meanwhile.

A path is walked folder by folder, each opened in the one before, never through a link. So ``..``,
absolute paths, links, and a folder that becomes a link during the walk lead nowhere. The guest
follows links itself: it asks where they lead, and then for a path without them.

Sources: openat(2) (O_NOFOLLOW, O_PATH), path_resolution(7), symlink(7).
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LINK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

Names = tuple[bytes, ...]


@dataclass(frozen=True)
class Export:
    """A folder of the host that a guest sees.

    Attributes:
        folder: the folder.
        is_read_only: whether nothing in it may be changed.
    """

    folder: Path
    is_read_only: bool = False


def split(path: bytes) -> Names:
    """The names on a path from the root of all exports.

    Raises:
        OSError: one of them is ``..``, or no name (EINVAL).
    """
    names = tuple(name for name in path.split(b"/") if name not in (b"", b"."))
    if b".." in names or b"\0" in path:
        raise _error(errno.EINVAL)
    return names


@contextlib.contextmanager
def folder_of(export: Export, names: Names) -> Iterator[tuple[int, bytes]]:
    """Opens the folder that the last of ``names`` lies in.

    Returns:
        ``(fd, name)`` for calls with ``dir_fd``; the name is ``.`` for the export itself.

    Raises:
        OSError: a folder on the way does not exist, or is a link (ELOOP, ENOTDIR).
    """
    fd = os.open(export.folder, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for name in names[:-1]:
            inner = os.open(name, _FOLDER, dir_fd=fd)
            os.close(fd)
            fd = inner
        yield fd, (names[-1] if names else b".")
    finally:
        os.close(fd)


def look(export: Export, names: Names) -> os.stat_result:
    """stat(2) of a file; a link is looked at, not followed."""
    with folder_of(export, names) as (fd, name):
        return os.stat(name, dir_fd=fd, follow_symlinks=False)


def open_file(export: Export, names: Names, flags: int, mode: int) -> int:
    """Opens a plain file.

    Raises:
        OSError: it is a folder, a link, a device, a pipe or a socket (EPERM); or as open(2) does.
    """
    with folder_of(export, names) as (folder, name):
        if flags & os.O_CREAT:
            with contextlib.suppress(FileExistsError):
                new = flags | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                return os.open(name, new, mode & 0o777, dir_fd=folder)
            if flags & os.O_EXCL:
                raise _error(errno.EEXIST)
        with _found(folder, name) as fd:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise _error(errno.EPERM)
            again = flags & ~(os.O_CREAT | os.O_EXCL) | os.O_CLOEXEC
            return os.open(f"/proc/self/fd/{fd}", again)


def change(
    export: Export, names: Names, size: int | None, mode: int | None, times: tuple[int, int] | None
) -> None:
    """Changes size, mode and times (access, modification; seconds) of a file or folder.

    The bits setuid, setgid and sticky are left out: they would mean something to the host.
    """
    if size is not None:
        fd = open_file(export, names, os.O_WRONLY, 0)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)
    with folder_of(export, names) as (folder, name), _found(folder, name) as fd:
        if stat.S_ISLNK(os.fstat(fd).st_mode):
            return
        if mode is not None:
            os.chmod(f"/proc/self/fd/{fd}", mode & 0o777)  # noqa: PTH101
        if times is not None:
            os.utime(f"/proc/self/fd/{fd}", times)


def make_link(export: Export, names: Names, target: bytes) -> None:
    """Makes a symbolic link that stays in the export: programs of the host will follow it.

    Raises:
        OSError: it would lead out (EPERM).
    """
    inside = posixpath.normpath(b"/".join((*names[:-1], target)))
    if target.startswith(b"/") or inside == b".." or inside.startswith(b"../") or b"\0" in target:
        raise _error(errno.EPERM)
    with folder_of(export, names) as (folder, name):
        os.symlink(target, name, dir_fd=folder)


def read_folder(export: Export, names: Names) -> list[tuple[bytes, os.stat_result]]:
    """The names in a folder, and stat(2) of each."""
    with folder_of(export, names) as (folder, name):
        fd = os.open(name, _FOLDER & ~os.O_PATH, dir_fd=folder)
        try:
            rows = []
            for entry in os.listdir(fd):  # noqa: PTH208 - a descriptor
                with contextlib.suppress(FileNotFoundError):
                    found = os.stat(entry, dir_fd=fd, follow_symlinks=False)
                    rows.append((os.fsencode(entry), found))
            return rows
        finally:
            os.close(fd)


@contextlib.contextmanager
def _found(folder: int, name: bytes) -> Iterator[int]:
    fd = os.open(name, _LINK, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
