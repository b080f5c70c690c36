"""What each request is answered: one method a request, on the files beneath the exports.

A write is in the host's kernel when it is answered, an fsync on its disk. Knows nothing about
streams: a request is bytes, its answer is bytes, an error is an answer as well.

Sources: draft-ietf-secsh-filexfer-02; OpenSSH's PROTOCOL ("sftp": the extensions that sshfs uses).
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import time
from collections.abc import Callable, Mapping

from labkit.machine.files import beneath, links, wire
from labkit.machine.files.beneath import Names, Root, error_of
from labkit.machine.files.handles import Handles, Listing, OpenFile, UnknownHandle, list_folder
from labkit.machine.files.wire import Reader

EXTENSIONS = (
    (b"posix-rename@openssh.com", b"1"),
    (b"statvfs@openssh.com", b"2"),
    (b"hardlink@openssh.com", b"1"),
    (b"fsync@openssh.com", b"1"),
)
"""Never fewer than before: a guest that is resumed believes what an earlier server said."""

_NAMES_AT_ONCE = 100
_ACCESS = {2: os.O_WRONLY, 3: os.O_RDWR}
_WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 2, 4, 8, 16, 32
_CHANGES = _WRITE | _APPEND | _CREATE | _TRUNCATE
_FLAGS = {
    _APPEND: os.O_APPEND,
    _CREATE: os.O_CREAT,
    _TRUNCATE: os.O_TRUNC,
    _EXCLUSIVE: os.O_EXCL,
}

_FULL = (errno.ENOSPC, errno.EDQUOT)

_CODES = {
    errno.ENOENT: wire.NO_SUCH_FILE,
    errno.ENOTDIR: wire.NO_SUCH_FILE,
    errno.EACCES: wire.PERMISSION_DENIED,
    errno.EROFS: wire.PERMISSION_DENIED,
    errno.EPERM: wire.PERMISSION_DENIED,
    errno.ELOOP: wire.PERMISSION_DENIED,
    errno.EBADF: wire.PERMISSION_DENIED,  # written to what was opened for reading
    errno.ENOSPC: wire.NO_SPACE,
    errno.EDQUOT: wire.NO_SPACE,
    errno.EFBIG: wire.NO_SPACE,
    errno.EIO: wire.INVALID_HANDLE,
}
"""sshfs makes of them ENOENT, EACCES, EIO; of what is not here (FAILURE) EPERM."""


class Answers:
    """A server's answers.

    Args:
        roots: the exports, by name.
        most_handles: how many files and folders may be open at once.
        on_full: called when the host's disk has no room for what was to be written; a guest is told
            no more than that a write failed (EIO).
    """

    def __init__(
        self,
        roots: Mapping[bytes, Root],
        most_handles: int,
        on_full: Callable[[], None] = lambda: None,
    ) -> None:
        self.roots, self.handles, self._on_full = roots, Handles(most_handles), on_full
        now = int(time.time())
        mode = stat.S_IFDIR | 0o755
        self._top = os.stat_result((mode, 1, 0, 2, 0, 0, 0, now, now, now))

    def answer(self, kind: int, body: bytes) -> bytes:
        """The answer to one request, an error included."""
        if kind == wire.INIT:
            known = b"".join(wire.text(name) + wire.text(value) for name, value in EXTENSIONS)
            return struct.pack(">IBI", 5 + len(known), wire.VERSION, 3) + known
        id = int.from_bytes(body[:4])
        action = _ACTIONS.get(kind, Answers._unsupported)
        try:
            request = Reader(body)
            request.number()
            return action(self, id, request)
        except (UnknownHandle, OSError, ValueError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                self._on_full()
            return wire.status(id, *_refusal(error))

    def close(self) -> None:
        """Closes what the guest left open."""
        self.handles.close_all()

    def _unsupported(self, id: int, _: Reader) -> bytes:
        return wire.status(id, wire.OP_UNSUPPORTED)

    # -- files ------------------------------------------------------------------------------------

    def _open(self, id: int, request: Reader) -> bytes:
        path, wanted = request.text(), request.number()
        asked = request.attributes()
        root, names = self._named(path, changes=bool(wanted & _CHANGES))
        self.handles.check_room()
        flags = _ACCESS.get(wanted & 3, os.O_RDONLY)
        for bit, flag in _FLAGS.items():
            flags |= flag if wanted & bit else 0
        fd = beneath.open_file(root, names, flags, 0o644 if asked.mode is None else asked.mode)
        return self._opened(id, OpenFile(fd, root.is_read_only))

    def _read(self, id: int, request: Reader) -> bytes:
        file, offset, count = self._file(request), request.long(), request.number()
        data = os.pread(file.fd, min(count, wire.LARGEST), offset)
        return wire.packet(wire.DATA, id, wire.text(data)) if data else wire.status(id, wire.EOF)

    def _write(self, id: int, request: Reader) -> bytes:
        file, offset, data = self._file(request), request.long(), request.text()
        while data:
            written = os.pwrite(file.fd, data, offset)
            data, offset = data[written:], offset + written
        return wire.status(id, wire.OK)

    def _fstat(self, id: int, request: Reader) -> bytes:
        return wire.packet(wire.ATTRS, id, wire.attributes(os.fstat(self._file(request).fd)))

    def _fsetstat(self, id: int, request: Reader) -> bytes:
        file, asked = self._file(request), request.attributes()
        if file.is_read_only:
            raise error_of(errno.EROFS)
        if asked.size is not None:
            os.ftruncate(file.fd, asked.size)
        if asked.mode is not None:
            os.fchmod(file.fd, asked.mode & 0o777)
        if asked.times is not None:
            os.utime(file.fd, asked.times)
        return wire.status(id, wire.OK)

    def _close_handle(self, id: int, request: Reader) -> bytes:
        self.handles.close(request.text())
        return wire.status(id, wire.OK)

    # -- names ------------------------------------------------------------------------------------

    def _lstat(self, id: int, request: Reader) -> bytes:
        names = beneath.split(request.text())
        found = beneath.look(*self._within(names)) if names else self._top
        return wire.packet(wire.ATTRS, id, wire.attributes(found))

    def _setstat(self, id: int, request: Reader) -> bytes:
        root, names = self._named(request.text(), changes=True)
        asked = request.attributes()
        beneath.change(root, names, asked.size, asked.mode, asked.times)
        return wire.status(id, wire.OK)

    def _opendir(self, id: int, request: Reader) -> bytes:
        names = beneath.split(request.text())
        self.handles.check_room()
        if not names:
            rows = [(name, beneath.look(root, ())) for name, root in self.roots.items()]
            return self._opened(id, Listing(iter([(b".", self._top), (b"..", self._top), *rows])))
        return self._opened(id, list_folder(beneath.open_folder(*self._within(names))))

    def _readdir(self, id: int, request: Reader) -> bytes:
        rows = self.handles.listing(request.text()).take(_NAMES_AT_ONCE)
        return wire.names(id, rows) if rows else wire.status(id, wire.EOF)

    def _remove(self, id: int, request: Reader) -> bytes:
        root, names = self._inner(request.text())
        with beneath.folder_of(root, names) as (fd, name):
            if not (root.keeper and root.keeper.take(fd, name, names)):
                os.unlink(name, dir_fd=fd)
        return wire.status(id, wire.OK)

    def _mkdir(self, id: int, request: Reader) -> bytes:
        root, names = self._inner(request.text())
        asked = request.attributes()
        with beneath.folder_of(root, names) as (fd, name):
            os.mkdir(name, 0o755 if asked.mode is None else asked.mode & 0o777, dir_fd=fd)
        return wire.status(id, wire.OK)

    def _rmdir(self, id: int, request: Reader) -> bytes:
        with beneath.folder_of(*self._inner(request.text())) as (fd, name):
            os.rmdir(name, dir_fd=fd)
        return wire.status(id, wire.OK)

    def _realpath(self, id: int, request: Reader) -> bytes:
        path = b"/" + b"/".join(beneath.split(request.text()))
        return wire.names(id, [(path, self._top)])

    def _plain_rename(self, id: int, request: Reader) -> bytes:
        old, new = request.text(), request.text()
        try:
            beneath.look(*self._inner(new))
        except FileNotFoundError:
            return self._rename(id, old, new)
        raise error_of(errno.EEXIST)

    def _readlink(self, id: int, request: Reader) -> bytes:
        with beneath.found(*self._named(request.text())) as fd:
            if not stat.S_ISLNK(os.fstat(fd).st_mode):
                raise error_of(errno.EINVAL)
            return wire.names(id, [(os.readlink(b"", dir_fd=fd), self._top)])

    def _symlink(self, id: int, request: Reader) -> bytes:
        target, path = request.text(), request.text()  # in OpenSSH's order, which sshfs follows
        links.make_link(*self._inner(path), target)
        return wire.status(id, wire.OK)

    # -- extensions -------------------------------------------------------------------------------

    def _extended(self, id: int, request: Reader) -> bytes:
        name = request.text()
        if name == b"posix-rename@openssh.com":
            return self._rename(id, request.text(), request.text())
        if name == b"hardlink@openssh.com":
            return self._hardlink(id, request.text(), request.text())
        if name == b"statvfs@openssh.com":
            return self._statvfs(id, request.text())
        if name == b"fsync@openssh.com":
            os.fsync(self._file(request).fd)
            return wire.status(id, wire.OK)
        return self._unsupported(id, request)

    def _rename(self, id: int, old: bytes, new: bytes) -> bytes:
        root, old_names, new_names = self._both(old, new)
        links.check_move(root, old_names, new_names)
        with (
            beneath.folder_of(root, old_names) as (old_fd, old_name),
            beneath.folder_of(root, new_names) as (new_fd, new_name),
        ):
            os.rename(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        return wire.status(id, wire.OK)

    def _hardlink(self, id: int, old: bytes, new: bytes) -> bytes:
        root, old_names, new_names = self._both(old, new)
        links.check_move(root, old_names, new_names)  # of a link there may be two, too
        with (
            beneath.folder_of(root, old_names) as (old_fd, old_name),
            beneath.folder_of(root, new_names) as (new_fd, new_name),
        ):
            os.link(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
        return wire.status(id, wire.OK)

    def _statvfs(self, id: int, path: bytes) -> bytes:
        roots = [self._named(path)[0]] if beneath.split(path) else [*self.roots.values()][:1]
        if not roots:
            raise error_of(errno.ENOENT)
        found = os.fstatvfs(roots[0].fd)
        numbers = (
            found.f_bsize, found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail,
            found.f_files, found.f_ffree, found.f_favail, 0, int(roots[0].is_read_only),
            found.f_namemax,
        )  # fmt: skip
        return wire.packet(wire.EXTENDED_REPLY, id, struct.pack(">11Q", *numbers))

    # -- helpers ----------------------------------------------------------------------------------

    def _named(self, path: bytes, *, changes: bool = False) -> tuple[Root, Names]:
        """The export that a path lies in, and the names from there on."""
        return self._within(beneath.split(path), changes=changes)

    def _within(self, names: Names, *, changes: bool = False) -> tuple[Root, Names]:
        if not names:
            raise error_of(errno.EPERM)
        root = self.roots.get(names[0])
        if root is None:
            raise error_of(errno.EROFS if changes and len(names) == 1 else errno.ENOENT)
        if changes and root.is_read_only:
            raise error_of(errno.EROFS)
        return root, names[1:]

    def _inner(self, path: bytes) -> tuple[Root, Names]:
        """The same for what is to be made, moved or removed: never an export itself."""
        root, names = self._named(path, changes=True)
        if not names:
            raise error_of(errno.EROFS)
        return root, names

    def _both(self, old: bytes, new: bytes) -> tuple[Root, Names, Names]:
        (root, old_names), (other, new_names) = self._inner(old), self._inner(new)
        if root is not other:
            raise error_of(errno.EXDEV)
        return root, old_names, new_names

    def _opened(self, id: int, what: OpenFile | Listing) -> bytes:
        return wire.packet(wire.HANDLE, id, wire.text(self.handles.add(what)))

    def _file(self, request: Reader) -> OpenFile:
        return self.handles.file(request.text())


def _refusal(error: Exception) -> tuple[int, str]:
    """The code that an error has on the wire, and its words."""
    if isinstance(error, wire.BadPacket):
        return wire.BAD_MESSAGE, str(error)
    if isinstance(error, UnknownHandle):
        return wire.INVALID_HANDLE, "this is not open: it was closed, or the machine was resumed"
    if isinstance(error, OSError):
        return _CODES.get(error.errno or 0, wire.FAILURE), error.strerror or str(error)
    return wire.FAILURE, str(error)  # a size beyond all disks


_ACTIONS: dict[int, Callable[[Answers, int, Reader], bytes]] = {
    wire.OPEN: Answers._open,
    wire.CLOSE: Answers._close_handle,
    wire.READ: Answers._read,
    wire.WRITE: Answers._write,
    wire.LSTAT: Answers._lstat,
    wire.FSTAT: Answers._fstat,
    wire.SETSTAT: Answers._setstat,
    wire.FSETSTAT: Answers._fsetstat,
    wire.OPENDIR: Answers._opendir,
    wire.READDIR: Answers._readdir,
    wire.REMOVE: Answers._remove,
    wire.MKDIR: Answers._mkdir,
    wire.RMDIR: Answers._rmdir,
    wire.REALPATH: Answers._realpath,
    wire.STAT: Answers._lstat,
    wire.RENAME: Answers._plain_rename,
    wire.READLINK: Answers._readlink,
    wire.SYMLINK: Answers._symlink,
    wire.EXTENDED: Answers._extended,
}
