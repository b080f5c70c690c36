"""The server: a request comes, its answer goes, in order, until the other end has gone.

It has no memory of who asked before: a machine that was saved with the folders mounted goes on with
a new server. So a request needs no greeting, and a handle from before is an error of its file only.
A write is in the host's kernel when it is answered.

Sources: draft-ietf-secsh-filexfer-02; OpenSSH's PROTOCOL ("sftp": the extensions of sshfs).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from labkit.machine.files import beneath, wire
from labkit.machine.files.beneath import Export, Names
from labkit.machine.files.wire import Reader

_EXTENSIONS = (
    (b"posix-rename@openssh.com", b"1"),
    (b"statvfs@openssh.com", b"2"),
    (b"hardlink@openssh.com", b"1"),
    (b"fsync@openssh.com", b"1"),
)
_MOST_HANDLES = 400
"""Open files of one guest: fewer than the 1024 that a process may have."""
_NAMES_AT_ONCE = 100

_FLAGS = {2: os.O_WRONLY, 3: os.O_RDWR}
_APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 4, 8, 16, 32

_CODES = {
    errno.ENOENT: wire.NO_SUCH_FILE,
    errno.ENOTDIR: wire.NO_SUCH_FILE,
    errno.EACCES: wire.PERMISSION_DENIED,
    errno.EROFS: wire.PERMISSION_DENIED,
    errno.EPERM: wire.PERMISSION_DENIED,
    errno.ELOOP: wire.PERMISSION_DENIED,
}


def serve(sock: socket.socket, exports: Mapping[str, Export]) -> None:
    """Answers requests until the other end has gone, or speaks no SFTP.

    Args:
        sock: a connected stream; it stays open.
        exports: what the guest sees, by the name of its folder in the root.
    """
    server = _Server({os.fsencode(name): export for name, export in exports.items()})
    try:
        with sock.makefile("rb") as requests:
            while (head := requests.read(4)) and len(head) == 4:
                length = int.from_bytes(head)
                if not 5 <= length <= wire.LARGEST + 1024:
                    return
                request = requests.read(length)
                if len(request) < length:
                    return
                sock.sendall(server.answer(request[0], request[1:]))
    except OSError:
        return  # the machine has ended
    finally:
        server.close()


@dataclass
class _Listing:
    """An open folder: what has not been told of it yet."""

    rows: list[tuple[bytes, os.stat_result]]


@dataclass
class _Server:
    exports: Mapping[bytes, Export]
    handles: dict[bytes, int | _Listing] = field(default_factory=dict)
    count: int = 0
    born: bytes = field(default_factory=lambda: os.urandom(8))

    def answer(self, kind: int, body: bytes) -> bytes:
        """The answer to one request, an error included."""
        if kind == wire.INIT:
            known = b"".join(wire.text(name) + wire.text(value) for name, value in _EXTENSIONS)
            return struct.pack(">IBI", 5 + len(known), wire.VERSION, 3) + known
        request = Reader(body)
        id = request.number() if len(body) >= 4 else 0
        action = _ACTIONS.get(kind)
        if action is None:
            return wire.status(id, wire.OP_UNSUPPORTED)
        try:
            return action(self, id, request)
        except wire.BadPacket as error:
            return wire.status(id, wire.BAD_MESSAGE, str(error))
        except OSError as error:
            code = _CODES.get(error.errno or 0, wire.FAILURE)
            return wire.status(id, code, error.strerror or str(error))
        except (ValueError, OverflowError) as error:  # a name with NUL, a size beyond all disks
            return wire.status(id, wire.FAILURE, str(error))

    def close(self) -> None:
        """Closes what the guest left open."""
        for handle in list(self.handles):
            self._close(handle)

    # -- files ------------------------------------------------------------------------------------

    def open(self, id: int, request: Reader) -> bytes:
        path, wanted = request.text(), request.number()
        asked = request.attributes()
        flags = _FLAGS.get(wanted & 3, os.O_RDONLY)
        flags |= os.O_CREAT if wanted & _CREATE else 0
        flags |= os.O_TRUNC if wanted & _TRUNCATE else 0
        flags |= os.O_EXCL if wanted & _EXCLUSIVE else 0
        # Not O_APPEND: the guest says where each write goes, and pwrite(2) would not listen.
        changes = wanted & 2 or wanted & (_CREATE | _TRUNCATE | _APPEND)
        export, names = self._export(path, changes=bool(changes))
        if len(self.handles) >= _MOST_HANDLES:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        mode = 0o644 if asked.mode is None else asked.mode
        return self._handle(id, beneath.open_file(export, names, flags, mode))

    def read(self, id: int, request: Reader) -> bytes:
        fd, offset, count = self._file(request.text()), request.long(), request.number()
        data = os.pread(fd, min(count, wire.LARGEST), offset)
        return wire.packet(wire.DATA, id, wire.text(data)) if data else wire.status(id, wire.EOF)

    def write(self, id: int, request: Reader) -> bytes:
        fd, offset, data = self._file(request.text()), request.long(), request.text()
        while data:
            written = os.pwrite(fd, data, offset)
            data, offset = data[written:], offset + written
        return wire.status(id, wire.OK)

    def fstat(self, id: int, request: Reader) -> bytes:
        found = os.fstat(self._file(request.text()))
        return wire.packet(wire.ATTRS, id, wire.attributes(found))

    def fsetstat(self, id: int, request: Reader) -> bytes:
        fd, asked = self._file(request.text()), request.attributes()
        if asked.size is not None:
            os.ftruncate(fd, asked.size)
        if asked.mode is not None:
            os.fchmod(fd, asked.mode & 0o777)
        if asked.times is not None:
            os.utime(fd, asked.times)
        return wire.status(id, wire.OK)

    def close_handle(self, id: int, request: Reader) -> bytes:
        self._close(request.text())
        return wire.status(id, wire.OK)

    # -- names ------------------------------------------------------------------------------------

    def lstat(self, id: int, request: Reader) -> bytes:
        path = request.text()
        found = beneath.look(*self._export(path)) if beneath.split(path) else self._root()
        return wire.packet(wire.ATTRS, id, wire.attributes(found))

    def setstat(self, id: int, request: Reader) -> bytes:
        export, names = self._export(request.text(), changes=True)
        asked = request.attributes()
        beneath.change(export, names, asked.size, asked.mode, asked.times)
        return wire.status(id, wire.OK)

    def opendir(self, id: int, request: Reader) -> bytes:
        path = request.text()
        if beneath.split(path):
            rows = beneath.read_folder(*self._export(path))
        else:
            rows = [(name, beneath.look(export, ())) for name, export in self.exports.items()]
        return self._handle(id, _Listing(rows))

    def readdir(self, id: int, request: Reader) -> bytes:
        listing = self.handles.get(request.text())
        if not isinstance(listing, _Listing):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        now, listing.rows = listing.rows[:_NAMES_AT_ONCE], listing.rows[_NAMES_AT_ONCE:]
        return _names(id, now) if now else wire.status(id, wire.EOF)

    def remove(self, id: int, request: Reader) -> bytes:
        with beneath.folder_of(*self._export(request.text(), changes=True)) as (fd, name):
            os.unlink(name, dir_fd=fd)
        return wire.status(id, wire.OK)

    def mkdir(self, id: int, request: Reader) -> bytes:
        export, names = self._export(request.text(), changes=True)
        asked = request.attributes()
        with beneath.folder_of(export, names) as (fd, name):
            mode = 0o755 if asked.mode is None else asked.mode & 0o777
            os.mkdir(name, mode, dir_fd=fd)
        return wire.status(id, wire.OK)

    def rmdir(self, id: int, request: Reader) -> bytes:
        with beneath.folder_of(*self._export(request.text(), changes=True)) as (fd, name):
            os.rmdir(name, dir_fd=fd)
        return wire.status(id, wire.OK)

    def realpath(self, id: int, request: Reader) -> bytes:
        path = b"/" + b"/".join(beneath.split(request.text()))
        return _names(id, [(path, self._root())])

    def rename(self, id: int, request: Reader) -> bytes:
        old, new = request.text(), request.text()
        export, names = self._export(new, changes=True)
        try:
            beneath.look(export, names)
        except FileNotFoundError:
            return self._rename(id, old, new)
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))

    def readlink(self, id: int, request: Reader) -> bytes:
        with beneath.folder_of(*self._export(request.text())) as (fd, name):
            target = os.readlink(name, dir_fd=fd)
        return _names(id, [(target, self._root())])

    def symlink(self, id: int, request: Reader) -> bytes:
        target, path = request.text(), request.text()
        beneath.make_link(*self._export(path, changes=True), target)
        return wire.status(id, wire.OK)

    # -- extensions -------------------------------------------------------------------------------

    def extended(self, id: int, request: Reader) -> bytes:
        name = request.text()
        if name == b"posix-rename@openssh.com":
            return self._rename(id, request.text(), request.text())
        if name == b"hardlink@openssh.com":
            return self._hardlink(id, request.text(), request.text())
        if name == b"statvfs@openssh.com":
            return self._statvfs(id, request.text())
        if name == b"fsync@openssh.com":
            os.fsync(self._file(request.text()))
            return wire.status(id, wire.OK)
        return wire.status(id, wire.OP_UNSUPPORTED)

    def _rename(self, id: int, old: bytes, new: bytes) -> bytes:
        with (
            beneath.folder_of(*self._export(old, changes=True)) as (old_fd, old_name),
            beneath.folder_of(*self._export(new, changes=True)) as (new_fd, new_name),
        ):
            os.rename(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd)
        return wire.status(id, wire.OK)

    def _hardlink(self, id: int, old: bytes, new: bytes) -> bytes:
        with (
            beneath.folder_of(*self._export(old, changes=True)) as (old_fd, old_name),
            beneath.folder_of(*self._export(new, changes=True)) as (new_fd, new_name),
        ):
            os.link(old_name, new_name, src_dir_fd=old_fd, dst_dir_fd=new_fd, follow_symlinks=False)
        return wire.status(id, wire.OK)

    def _statvfs(self, id: int, path: bytes) -> bytes:
        names = beneath.split(path)
        export = self.exports.get(names[0]) if names else next(iter(self.exports.values()))
        if export is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        found = os.statvfs(export.folder)
        numbers = (
            found.f_bsize, found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail,
            found.f_files, found.f_ffree, found.f_favail, 0, int(export.is_read_only),
            found.f_namemax,
        )  # fmt: skip
        return wire.packet(wire.EXTENDED_REPLY, id, struct.pack(">11Q", *numbers))

    # -- helpers ----------------------------------------------------------------------------------

    def _export(self, path: bytes, *, changes: bool = False) -> tuple[Export, Names]:
        names = beneath.split(path)
        if not names:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        export = self.exports.get(names[0])
        if export is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        if changes and (export.is_read_only or len(names) == 1):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return export, names[1:]

    def _handle(self, id: int, what: int | _Listing) -> bytes:
        self.count += 1
        handle = self.born + self.count.to_bytes(8)
        self.handles[handle] = what
        return wire.packet(wire.HANDLE, id, wire.text(handle))

    def _file(self, handle: bytes) -> int:
        fd = self.handles.get(handle)
        if not isinstance(fd, int):
            raise OSError(errno.EBADF, "this file was opened before the machine was resumed")
        return fd

    def _close(self, handle: bytes) -> None:
        what = self.handles.pop(handle, None)
        if isinstance(what, int):
            os.close(what)

    def _root(self) -> os.stat_result:
        now = int(time.time())
        mode = stat.S_IFDIR | 0o755
        return os.stat_result((mode, 1, 0, 2, 0, 0, 0, now, now, now))


def _names(id: int, rows: list[tuple[bytes, os.stat_result]]) -> bytes:
    parts = [wire.number(len(rows))]
    for name, found in rows:
        parts += [wire.text(name), wire.text(name), wire.attributes(found)]
    return wire.packet(wire.NAME, id, b"".join(parts))


_ACTIONS: dict[int, Callable[[_Server, int, Reader], bytes]] = {
    wire.OPEN: _Server.open,
    wire.CLOSE: _Server.close_handle,
    wire.READ: _Server.read,
    wire.WRITE: _Server.write,
    wire.LSTAT: _Server.lstat,
    wire.FSTAT: _Server.fstat,
    wire.SETSTAT: _Server.setstat,
    wire.FSETSTAT: _Server.fsetstat,
    wire.OPENDIR: _Server.opendir,
    wire.READDIR: _Server.readdir,
    wire.REMOVE: _Server.remove,
    wire.MKDIR: _Server.mkdir,
    wire.RMDIR: _Server.rmdir,
    wire.REALPATH: _Server.realpath,
    wire.STAT: _Server.lstat,
    wire.RENAME: _Server.rename,
    wire.READLINK: _Server.readlink,
    wire.SYMLINK: _Server.symlink,
    wire.EXTENDED: _Server.extended,
}
