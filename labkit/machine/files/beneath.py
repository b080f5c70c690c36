"""Files beneath a folder, and nowhere else, whatever a path says and whoever changes it meanwhile.

The folder is opened once. From there the kernel walks each path (openat2(2), RESOLVE_BENEATH and
RESOLVE_NO_SYMLINKS); where it cannot, the path is walked folder by folder, each opened in the one
before, never through a link. So ``..``, absolute paths, links, and a folder that becomes a link
during the walk lead nowhere. The guest follows links itself: it asks where they lead, and then for
a path without them.

Sources: openat2(2), openat(2) (O_NOFOLLOW, O_PATH), path_resolution(7), symlink(7).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.machine.files.kept import Keeper
from labkit.machine.files.syscalls import has_openat2, openat2

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_ANYTHING = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

Names = tuple[bytes, ...]


@dataclass(frozen=True)
class Export:
    """A folder of the host that a guest sees.

    Attributes:
        folder: the folder.
        is_read_only: whether nothing in it may be changed.
        removed: where files go that the guest removes; None removes them.
    """

    folder: Path
    is_read_only: bool = False
    removed: Path | None = None


class Root:
    """An export, opened: stays the same folder, whatever becomes of its path.

    Args:
        export: what to open.
        is_walked: walk each path by hand; None asks the kernel where it can.

    Raises:
        OSError: there is no such folder.
    """

    def __init__(self, export: Export, *, is_walked: bool | None = None) -> None:
        self.is_read_only = export.is_read_only
        self.keeper = Keeper(export.removed) if export.removed else None
        self.fd = os.open(export.folder, _FOLDER & ~os.O_NOFOLLOW)
        self.is_walked = not has_openat2(self.fd) if is_walked is None else is_walked

    def close(self) -> None:
        """Closes the folder."""
        os.close(self.fd)

    def open(self, names: Names, flags: int) -> int:
        """Opens what has these names, with O_PATH or as a folder only: nothing else happens to it.

        Raises:
            OSError: no such file; a folder on the way is a link (ELOOP, ENOTDIR).
        """
        if not self.is_walked or len(names) < 2:
            path = b"/".join(names) or b"."
            return (
                os.open(path, flags, dir_fd=self.fd) if self.is_walked else self._ask(path, flags)
            )
        fd = os.open(names[0], _FOLDER, dir_fd=self.fd)
        try:
            for name in names[1:-1]:
                inner = os.open(name, _FOLDER, dir_fd=fd)
                os.close(fd)
                fd = inner
            return os.open(names[-1], flags, dir_fd=fd)
        finally:
            os.close(fd)

    def _ask(self, path: bytes, flags: int) -> int:
        return openat2(self.fd, path, flags)


def split(path: bytes) -> Names:
    """The names on a path from the root of all exports.

    Raises:
        OSError: one of them is ``..``, or no name (EINVAL).
    """
    names = tuple(name for name in path.split(b"/") if name not in (b"", b"."))
    if b".." in names or b"\0" in path:
        raise error_of(errno.EINVAL)
    return names


@contextlib.contextmanager
def found(root: Root, names: Names) -> Iterator[int]:
    """A descriptor (O_PATH) of a file, folder or link, as long as the block lasts."""
    fd = root.open(names, _ANYTHING)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def folder_of(root: Root, names: Names) -> Iterator[tuple[int, bytes]]:
    """Opens the folder that the last of ``names`` lies in.

    Returns:
        ``(fd, name)`` for calls with ``dir_fd``; the name is ``.`` for the export itself.

    Raises:
        OSError: a folder on the way does not exist, or is a link (ELOOP, ENOTDIR).
    """
    fd = root.open(names[:-1], _FOLDER)
    try:
        yield fd, (names[-1] if names else b".")
    finally:
        os.close(fd)


def look(root: Root, names: Names) -> os.stat_result:
    """stat(2) of a file; a link is looked at, not followed."""
    with found(root, names) as fd:
        return os.fstat(fd)


def open_file(root: Root, names: Names, flags: int, mode: int) -> int:
    """Opens a plain file, or makes one.

    A pipe, a socket or a device is looked at before it is opened: opening alone does something.

    Raises:
        OSError: it is a folder, a link, a device, a pipe or a socket (EPERM); or as open(2) does.
    """
    if flags & os.O_CREAT:
        with folder_of(root, names) as (folder, name), contextlib.suppress(FileExistsError):
            new = flags | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(name, new, mode & 0o777, dir_fd=folder)
        if flags & os.O_EXCL:
            raise error_of(errno.EEXIST)
    with found(root, names) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise error_of(errno.EPERM)
        again = flags & ~(os.O_CREAT | os.O_EXCL) | os.O_CLOEXEC
        return os.open(f"/proc/self/fd/{fd}", again)


def change(
    root: Root, names: Names, size: int | None, mode: int | None, times: tuple[int, int] | None
) -> None:
    """Changes size, mode and times (access, modification; seconds) of a file or folder.

    The bits setuid, setgid and sticky are left out: they would mean something to the host.
    """
    if size is not None:
        fd = open_file(root, names, os.O_WRONLY, 0)
        try:
            os.ftruncate(fd, size)
        finally:
            os.close(fd)
    with found(root, names) as fd:
        if stat.S_ISLNK(os.fstat(fd).st_mode):
            return
        if mode is not None:
            os.chmod(f"/proc/self/fd/{fd}", mode & 0o777)  # noqa: PTH101
        if times is not None:
            os.utime(f"/proc/self/fd/{fd}", times)


def open_folder(root: Root, names: Names) -> int:
    """Opens a folder to read what lies in it."""
    return root.open(names, _FOLDER & ~os.O_PATH)


def error_of(number: int) -> OSError:
    """The error of a system call that was not even tried."""
    return OSError(number, os.strerror(number))
