"""The server: a request comes, its answer goes, in order, until the other end has gone.

It has no memory of who asked before: a machine that was saved with the folders mounted goes on with
a new server. So a request needs no greeting, and a handle from before is an error of its file only.
It must begin with a whole request: a machine is saved when nobody in it is at a file.

Sources: draft-ietf-secsh-filexfer-02; sshfs(1) (up to some hundred requests ahead of the answers).
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping

from labkit.core.errors import SystemFault
from labkit.machine.files import wire
from labkit.machine.files.answers import Answers
from labkit.machine.files.beneath import Export, Root

MOST_HANDLES = 400
"""Open files of one guest: fewer than the 1024 that a process may have."""

_AT_ONCE = 1 << 18
"""Bytes that are received together; answers that are longer than this together go out."""


def serve(
    sock: socket.socket,
    exports: Mapping[str, Export],
    *,
    most_handles: int = MOST_HANDLES,
    on_full: Callable[[], None] = lambda: None,
) -> None:
    """Answers requests until the other end has gone, or speaks no SFTP. May run in a thread.

    Args:
        sock: a connected stream, blocking; it stays open.
        exports: what the guest sees, by the name of its folder in the root.
        most_handles: how many files and folders a guest may have open.
        on_full: called in this thread when a disk has no room for what the guest writes.

    Raises:
        SystemFault: one of the folders cannot be opened.
    """
    with _opened(exports) as roots:
        answers = Answers(roots, most_handles, on_full)
        with contextlib.closing(answers), contextlib.suppress(OSError):  # the machine has ended
            _serve(sock, answers)


def _serve(sock: socket.socket, answers: Answers) -> None:
    received = bytearray()
    while data := sock.recv(_AT_ONCE):
        received += data
        waiting, size = [], 0
        for request in _packets(received):
            waiting.append(answers.answer(request[0], request[1:]))
            size += len(waiting[-1])
            if size > _AT_ONCE:  # short requests ask for long answers
                sock.sendall(b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            sock.sendall(b"".join(waiting))


def _packets(received: bytearray) -> Iterator[bytes]:
    """Takes whole packets away from the front of ``received``, without their lengths.

    Raises:
        OSError: this is no packet, so nothing after it can be found.
    """
    at = 0
    try:
        while len(received) - at >= 4:
            length = int.from_bytes(received[at : at + 4])
            if not 1 <= length <= wire.LONGEST_PACKET:
                raise OSError("not a packet")
            if len(received) - at - 4 < length:
                return
            at += 4 + length
            yield bytes(received[at - length : at])
    finally:
        del received[:at]


@contextlib.contextmanager
def _opened(exports: Mapping[str, Export]) -> Iterator[Mapping[bytes, Root]]:
    with contextlib.ExitStack() as stack:
        roots = {}
        for name, export in exports.items():
            try:
                root = Root(export)
            except OSError as error:
                number = error.errno or 0
                raise SystemFault(f"serve {export.folder}", errno=number) from error
            roots[os.fsencode(name)] = root
            stack.callback(root.close)
        yield roots
