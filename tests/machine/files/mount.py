"""A real sshfs mount whose server can be replaced while it is mounted, as a resume does.

sshfs speaks to a bridge, the bridge to the server of the moment.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from labkit.machine.files import Export, serve
from labkit.machine.guest.files import options


class Bridge:
    """Carries bytes between sshfs and a server."""

    def __init__(self) -> None:
        self.near, self.sshfs = socket.socketpair()
        self._stop, self._wake = os.pipe()
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._pump: threading.Thread | None = None

    def connect(self, exports: Mapping[str, Export]) -> None:
        """Puts a new server behind it; the one before sees its connection end."""
        self.disconnect()
        self._server, end = socket.socketpair()
        self._thread = threading.Thread(target=_serve_and_close, args=(end, exports))
        self._pump = threading.Thread(target=self._carry, args=(self._server,))
        self._thread.start()
        self._pump.start()

    def disconnect(self) -> None:
        if self._server and self._pump and self._thread:
            os.write(self._wake, b"x")
            self._pump.join()
            os.read(self._stop, 1)
            self._server.close()
            self._thread.join()
            self._server = None

    def close(self) -> None:
        self.disconnect()
        self.near.close()
        os.close(self._stop)
        os.close(self._wake)

    def _carry(self, server: socket.socket) -> None:
        other = {self.near: server, server: self.near}
        while True:
            ready = select.select([self._stop, *other], [], [])[0]
            if self._stop in ready:
                return
            for end in ready:
                data = end.recv(1 << 16)
                if not data:
                    return
                try:
                    other[end].sendall(data)
                except BrokenPipeError:  # the other end has gone, as its test wants it
                    return


def _serve_and_close(sock: socket.socket, exports: Mapping[str, Export]) -> None:
    with sock:
        serve(sock, exports)


class Mount:
    """Folders of the host, mounted."""

    def __init__(self, folder: Path, bridge: Bridge) -> None:
        self.folder, self.bridge = folder, bridge
        self.course, self.labkit = folder / "course", folder / "labkit"

    def resume(self, exports: Mapping[str, Export]) -> None:
        """Goes on with a server that knows nothing of before."""
        self.bridge.connect(exports)


@contextlib.contextmanager
def mounted(folder: Path, exports: Mapping[str, Export], kept_s: float = 0) -> Iterator[Mount]:
    """Mounts exports on a new folder, as the machine does but for ``kept_s``: see options()."""
    folder.mkdir()
    bridge = Bridge()
    bridge.connect(exports)
    argv = ["sshfs", "-f", "-o", ",".join(options(kept_s)), "host:/", str(folder)]
    with bridge.sshfs:
        process = subprocess.Popen(argv, stdin=bridge.sshfs, stdout=bridge.sshfs)
    try:
        _wait_until_mounted(folder, process)
        yield Mount(folder, bridge)
    finally:
        subprocess.run(["umount", "-l", folder], check=process.poll() is None)
        bridge.close()
        process.wait(10)


def _wait_until_mounted(folder: Path, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while not folder.is_mount():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
