"""A client of SFTP version 3 written by hand: it can say what no decent client says."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator, Mapping

from labkit.machine.files import Export, serve

NO_ATTRIBUTES = b"\0\0\0\0"
OK, EOF, NO_SUCH_FILE, DENIED, FAILURE, BAD_MESSAGE = range(6)
INVALID_HANDLE, NO_SPACE = 9, 14


def text(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


class Client:
    """Asks, and reads the answer. ``sock`` is the raw stream."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock, self._id = sock, 0

    def ask(self, kind: int, *fields: bytes) -> tuple[int, bytes]:
        """Kind and content of the answer, whose id must be the request's."""
        self._id += 1
        self.send(kind, struct.pack(">I", self._id), *fields)
        answer, id, content = self.receive()
        assert id == self._id
        return answer, content

    def send(self, kind: int, *fields: bytes) -> None:
        body = b"".join(fields)
        self.sock.sendall(struct.pack(">IB", len(body) + 1, kind) + body)

    def receive(self) -> tuple[int, int, bytes]:
        length, kind, id = struct.unpack(">IBI", self._exactly(9))
        return kind, id, self._exactly(length - 5)

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            more = self.sock.recv(count - len(found))
            assert more, "the server has gone"
            found += more
        return found

    def code(self, kind: int, *fields: bytes) -> int:
        """The status code of an answer that has to be one."""
        answer, content = self.ask(kind, *fields)
        assert answer == 101, (answer, content)
        return int.from_bytes(content[:4])

    def open(self, path: bytes, flags: int = 1) -> bytes | int:
        """A handle, or the status code."""
        answer, content = self.ask(3, text(path), struct.pack(">I", flags), NO_ATTRIBUTES)
        return content[4:] if answer == 102 else int.from_bytes(content[:4])

    def read(self, handle: bytes, count: int = 4096) -> bytes | int:
        """Bytes from the beginning, or the status code."""
        answer, content = self.ask(5, text(handle), struct.pack(">QI", 0, count))
        return content[4:] if answer == 103 else int.from_bytes(content[:4])

    def content(self, path: bytes) -> bytes | int:
        """What a file begins with, or a status code."""
        handle = self.open(path)
        if isinstance(handle, int):
            return handle
        found = self.read(handle)
        self.ask(4, text(handle))
        return found


@contextlib.contextmanager
def connected(exports: Mapping[str, Export], **more: int) -> Iterator[Client]:
    """A client with a server of its own; the server must end with it, and without an error."""
    near, far = socket.socketpair()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with far:
                serve(far, exports, **more)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    near.settimeout(30)
    try:
        with near:
            yield Client(near)
    finally:
        thread.join(10)
        assert not thread.is_alive()
        assert failures == []
