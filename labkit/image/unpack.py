"""Writes a planned layer into a folder.

The folder is new and nobody else's. The plan is safe by its form (see ``plan``); on top of that a
file is only ever created, never opened, and what is in the way is removed without following it.

Owners: root keeps those of the archive, for anybody else everything is their own.
Knows nothing about blobs and stores.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from labkit.core.errors import BadInput
from labkit.image.plan import Parts, Plan
from labkit.image.stack import Found, look_up
from labkit.image.tar_reader import Entry
from labkit.image.trees import remove_tree

_CHUNK = 1 << 24
"""Bytes copied by one call: any size will do, the kernel copies."""


class Attributes(NamedTuple):
    """Mode, owner and time of one entry."""

    mode: int
    uid: int
    gid: int
    mtime_ns: int


PLAIN_FOLDER = Attributes(0o755, 0, 0, 0)
"""A folder that a layer only implies, and that is in no layer below."""


class Tree:
    """A folder that layers are written into, lowest first.

    Args:
        folder: an empty folder.
        below: layer folders, topmost first, over which this one will be mounted. A folder that the
            layer only implies takes its attributes from there: it must not change them.
    """

    def __init__(self, folder: Path, below: Sequence[Path] = ()) -> None:
        self.folder, self.below = folder, below
        self._folders: dict[Parts, Attributes] = {}
        self._keeps_owners = os.geteuid() == 0

    def add(self, plan: Plan, archive: BinaryIO) -> None:
        """Takes away what the layer hides, then writes what it has.

        Raises:
            BadInput: an entry lies below a link of the layers below.
            OSError: as from the system calls.
        """
        for parts in sorted(plan.opaque):
            self._empty(parts)
        for parts in sorted(plan.whiteouts):
            self._remove(parts)
        for parts, entry in plan.folders.items():
            self._make_folder(parts, _attributes(entry) if entry else None)
        for parts, file in sorted(plan.files.items(), key=lambda item: item[1].offset):
            self._write(self._free(parts), archive, file.offset, file.size, _attributes(file))
        for parts, target in plan.links.items():
            os.link(self._path(target), self._free(parts), follow_symlinks=False)
        for parts, link in plan.symlinks.items():
            path = self._free(parts)
            path.symlink_to(link.link)
            self._set_owner(path, _attributes(link))
            os.utime(path, ns=(link.mtime_ns, link.mtime_ns), follow_symlinks=False)

    def close(self) -> None:
        """Gives the folders their attributes, deepest first: until then all can be written."""
        for parts in sorted(self._folders, reverse=True):
            if self._is_folder(parts):
                path, wanted = self._path(parts), self._folders[parts]
                self._set_owner(path, wanted)
                # The root stays open to its owner, who has to move and to mount it.
                path.chmod(wanted.mode if parts else wanted.mode | 0o700)
                os.utime(path, ns=(wanted.mtime_ns, wanted.mtime_ns))

    def _make_folder(self, parts: Parts, wanted: Attributes | None) -> None:
        is_new = not self._is_folder(parts)
        if is_new or parts not in self._folders:
            self._folders[parts] = wanted or self._implied(parts)
        if is_new:
            self._free(parts).mkdir(mode=0o700)
        if wanted:
            self._folders[parts] = wanted

    def _implied(self, parts: Parts) -> Attributes:
        # The root of this very tree has no attributes yet, only those it was made with.
        found = look_up((self.folder, *self.below) if parts else self.below, parts)
        if found is None:
            return PLAIN_FOLDER
        if not found.is_folder:
            raise _hidden(parts, found)
        status = found.status
        return Attributes(status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_mtime_ns)

    def _write(
        self, path: Path, archive: BinaryIO, offset: int, size: int, wanted: Attributes
    ) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags, 0o600)
        try:
            end = offset + size
            while offset < end:
                sent = os.sendfile(fd, archive.fileno(), offset, min(end - offset, _CHUNK))
                if not sent:
                    raise OSError(errno.EIO, "the archive ended while it was read", str(path))
                offset += sent
            self._set_owner(fd, wanted)  # first: a change of owner takes setuid away
            os.fchmod(fd, wanted.mode)
            os.utime(fd, ns=(wanted.mtime_ns, wanted.mtime_ns))
        finally:
            os.close(fd)

    def _set_owner(self, target: Path | int, wanted: Attributes) -> None:
        if not self._keeps_owners:
            return
        try:
            if isinstance(target, int):
                os.fchown(target, wanted.uid, wanted.gid)
            else:
                os.lchown(target, wanted.uid, wanted.gid)
        except OSError as error:
            # Root of a user namespace that has no such id: it is the owner, like any user.
            if error.errno not in (errno.EINVAL, errno.EPERM):
                raise

    def _free(self, parts: Parts) -> Path:
        """The path, with nothing there any more."""
        path = self._path(parts)
        remove_tree(path)
        return path

    def _remove(self, parts: Parts) -> None:
        if self._is_folder(parts[:-1]):
            remove_tree(self._path(parts))

    def _empty(self, parts: Parts) -> None:
        if self._is_folder(parts):
            for child in list(self._path(parts).iterdir()):
                remove_tree(child)

    def _is_folder(self, parts: Parts) -> bool:
        """Whether it is a folder, and every component of the way to it: no link is followed."""
        ways = (self._path(parts[:depth]) for depth in range(len(parts) + 1))
        return all(way.is_dir() and not way.is_symlink() for way in ways)

    def _path(self, parts: Parts) -> Path:
        return self.folder.joinpath(*parts)


def _attributes(entry: Entry) -> Attributes:
    return Attributes(entry.mode, entry.uid, entry.gid, entry.mtime_ns)


def _hidden(parts: Parts, found: Found) -> BadInput:
    what = f"a symbolic link to {found.path.readlink()}" if found.is_link else "a file"
    name = "/".join(parts)
    return BadInput(
        "the layer cannot be unpacked",
        why=f"its entries below {name!r} would hide what the layers below have there, {what}",
        hint=f"Name {name!r} itself as a folder in the layer, or write to where the link leads",
    )
