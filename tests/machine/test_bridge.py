"""The bridge of a machine, over sockets of this one: what goes in comes out, in both directions."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labkit.machine.guest.bridge import Bridge

LARGE = os.urandom(8 << 20)


class Joined:
    """The far ends of a bridge: the host's of the port, and the kernel's."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        self._listener.bind(str(folder / "kernel"))
        self._listener.listen()
        self._listener.settimeout(10)
        self.host, port = socket.socketpair()
        stack.enter_context(self.host)
        self.host.settimeout(10)
        port.setblocking(False)
        self.bridge = Bridge({port.detach(): str(folder / "kernel")})
        self.thread = threading.Thread(target=self.bridge.serve, daemon=True)
        self.thread.start()
        self.kernel, _ = self._listener.accept()
        stack.enter_context(self.kernel)
        self.kernel.settimeout(10)

    def has_ended(self) -> bool:
        self.thread.join(10)
        return not self.thread.is_alive()


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[Joined]:
    with ExitStack() as stack:
        yield Joined(stack, tmp_path)


def read(sock: socket.socket, count: int) -> bytes:
    with sock.makefile("rb") as file:
        return file.read(count)


def test_carries_both_ways(joined: Joined) -> None:
    joined.host.sendall(b"asked")
    assert read(joined.kernel, 5) == b"asked"
    joined.kernel.sendall(b"answered")
    assert read(joined.host, 8) == b"answered"


def test_carries_more_than_fits_while_both_sides_speak_and_neither_reads(joined: Joined) -> None:
    speakers = [
        threading.Thread(target=end.sendall, args=(LARGE,), daemon=True)
        for end in (joined.host, joined.kernel)
    ]
    for speaker in speakers:
        speaker.start()
    assert read(joined.kernel, len(LARGE)) == LARGE
    assert read(joined.host, len(LARGE)) == LARGE


def test_what_a_kernel_said_last_arrives_and_then_the_end(joined: Joined) -> None:
    speaker = threading.Thread(
        target=lambda: (joined.kernel.sendall(LARGE), joined.kernel.close()), daemon=True
    )
    speaker.start()
    assert read(joined.host, len(LARGE) + 1) == LARGE
    assert joined.has_ended()


def test_a_host_that_goes_takes_the_kernels_end_with_it(joined: Joined) -> None:
    joined.host.close()
    assert read(joined.kernel, 1) == b""
    assert joined.has_ended()


def test_waits_until_the_host_has_come(tmp_path: Path) -> None:
    """A port without a host says that it has hung up, as a socket does that is not connected."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as host:
        listener.bind(str(tmp_path / "kernel"))
        listener.listen()
        listener.settimeout(0.2)
        host.bind(str(tmp_path / "host"))
        host.listen()
        port = socket.socket(socket.AF_UNIX)
        port.setblocking(False)
        bridge = Bridge({os.dup(port.fileno()): str(tmp_path / "kernel")})
        threading.Thread(target=bridge.serve, daemon=True).start()
        with pytest.raises(TimeoutError):
            listener.accept()
        port.connect(str(tmp_path / "host"))
        end, _ = host.accept()
        listener.settimeout(10)
        kernel, _ = listener.accept()
        with port, end, kernel:
            end.sendall(b"here")
            assert kernel.recv(4) == b"here"
            port.close()
