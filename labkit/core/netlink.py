"""Netlink: how a program asks the kernel about links, addresses, routes and packet rules.

A message is a header and attributes, each a number, a length and data. Several messages go into
one packet, so a link is made by one system call. The library pyroute2 does the same and much more;
it is not used here because its import alone takes longer than a hundred sandboxes, and whoever
makes sandboxes copies what was imported at each fork.

Knows nothing about sandboxes. Sources: netlink(7), rtnetlink(7), linux/netlink.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

ROUTE, NETFILTER = 0, 12
"""Families of netlink: links, addresses and routes; packet rules."""

REQUEST, ACK, ROOT, MATCH, EXCLUSIVE, CREATE, APPEND = 1, 4, 0x100, 0x200, 0x200, 0x400, 0x800
DUMP = ROOT | MATCH

_ERROR, _DONE = 2, 3
_MULTI, _DUMP_INTERRUPTED = 2, 0x10
_NESTED = 0x8000
_KIND_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")
_PACKET_BYTES = 1 << 17
_ANSWER_S = 10.0
"""The kernel answers within the call, unless somebody holds its lock on all links."""

_TRIES = 5
"""A list that changed while it was read is read anew, as iproute2 does."""

_CAP_ACK, _EXT_ACK, _SOL_NETLINK = 10, 11, 270

Attributes = dict[int, bytes]
Answer = tuple[int, bytes]
"""The type of a message, and what follows its header."""


def attribute(kind: int, data: bytes | str | int = b"") -> bytes:
    """One attribute: bytes as they are, a text with its NUL, a number as 32 bits."""
    if isinstance(data, str):
        data = data.encode() + b"\0"
    elif isinstance(data, int):
        data = struct.pack("=I", data & 0xFFFFFFFF)
    return struct.pack("=HH", len(data) + 4, kind) + data + bytes(-len(data) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | _NESTED, b"".join(attributes))


def message(kind: int, flags: int, *parts: bytes) -> tuple[int, int, bytes]:
    """A request: its type, flags of netlink(7), and what follows the header."""
    return kind, flags, b"".join(parts)


def attributes(data: bytes) -> Attributes:
    """Kind to data of each attribute in ``data``; the last of a kind."""
    return dict(attribute_list(data))


def attribute_list(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute in ``data``; what is torn is left out."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & _KIND_MASK, data[at + 4 : at + length]
        at += (length + 3) & ~3


def text(data: bytes) -> str:
    """A text of the kernel's, without its NUL."""
    return data.partition(b"\0")[0].decode(errors="replace")


def number(data: bytes) -> int:
    """A number in this machine's byte order, of whatever size."""
    return int.from_bytes(data, "little" if struct.pack("=H", 1) == b"\1\0" else "big")


class Netlink:
    """A socket to the kernel; it stays in the network namespace in which it was opened.

    Args:
        family: :data:`ROUTE` or :data:`NETFILTER`.
        sock: one that was opened elsewhere; a new one when not given.
    """

    def __init__(self, family: int = ROUTE, sock: socket.socket | None = None) -> None:
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self.sock = sock or socket.socket(socket.AF_NETLINK, flags, family)
        self.sock.settimeout(_ANSWER_S)
        self.sock.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)  # an answer need not repeat the request
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self.sock.close()

    def do(self, *requests: tuple[int, int, bytes]) -> None:
        """Has the kernel do some things, in their order, in one call.

        Raises:
            OSError: one was refused (the first such); those after it may have been done.
        """
        first = self._sequence + 1
        self._send(*((kind, flags | ACK, data) for kind, flags, data in requests))
        error: OSError | None = None
        left = set(range(first, self._sequence + 1))
        while left:
            for kind, _, sequence, body in self._receive():
                if kind == _ERROR and sequence in left:
                    left.discard(sequence)
                    error = error or _error(body)
        if error:
            raise error

    def batch(self, begin: bytes, end: bytes, *requests: tuple[int, int, bytes]) -> None:
        """Has the kernel do all of some things or none; ``begin`` and ``end`` are raw headers.

        Raises:
            OSError: it did none.
        """
        first, last = self._sequence + 1, self._sequence + len(requests)
        packet = b"".join(
            _packed(kind, flags | REQUEST | (ACK if at == last else 0), at, data)
            for at, (kind, flags, data) in enumerate(requests, first)
        )
        self._sequence = last
        self.sock.send(begin + packet + end)
        while True:
            for kind, _, sequence, body in self._receive():
                if kind != _ERROR:
                    continue
                if error := _error(body):
                    raise error
                if sequence == last:
                    return

    def ask(self, kind: int, *parts: bytes, flags: int = DUMP) -> list[Answer]:
        """The kernel's answer: every message of a list, or one (``flags=0``).

        Raises:
            OSError: it refused.
        """
        for _ in range(_TRIES):
            self._send((kind, flags, b"".join(parts)))
            found, is_whole = self._answers()
            if is_whole:
                break
        return found

    def _answers(self) -> tuple[list[Answer], bool]:
        found: list[Answer] = []
        is_whole = True
        while True:
            for kind, flags, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue  # of an answer that was given up
                is_whole = is_whole and not flags & _DUMP_INTERRUPTED
                if kind == _ERROR and (error := _error(body)):
                    raise error
                if kind in (_DONE, _ERROR):
                    return found, is_whole
                found.append((kind, body))
                if not flags & _MULTI:
                    return found, is_whole

    def _send(self, *requests: tuple[int, int, bytes]) -> None:
        packet = b""
        for kind, flags, data in requests:
            self._sequence += 1
            packet += _packed(kind, flags | REQUEST, self._sequence, data)
        self.sock.send(packet)

    def _receive(self) -> Iterator[tuple[int, int, int, bytes]]:
        raw = self.sock.recv(_PACKET_BYTES)
        at = 0
        while at + _HEADER.size <= len(raw):
            length, kind, flags, sequence, _ = _HEADER.unpack_from(raw, at)
            if length < _HEADER.size:
                return
            yield kind, flags, sequence, raw[at + _HEADER.size : at + length]
            at += (length + 3) & ~3


def raw_message(kind: int, flags: int, data: bytes) -> bytes:
    """A message that is not answered, such as the borders of a batch."""
    return _packed(kind, flags | REQUEST, 0, data)


def _packed(kind: int, flags: int, sequence: int, data: bytes) -> bytes:
    padding = bytes(-len(data) % 4)
    return _HEADER.pack(_HEADER.size + len(data), kind, flags, sequence, 0) + data + padding


def _error(body: bytes) -> OSError | None:
    code = -struct.unpack_from("=i", body)[0]
    return OSError(code, os.strerror(code)) if code else None


def is_missing(error: OSError) -> bool:
    """Whether what was to be taken away is not there."""
    return error.errno in (errno.ENODEV, errno.ENOENT, errno.ESRCH)
