"""The machine's ports: files of /dev that carry bytes to the host and back.

Source: drivers/char/virtio_console.c of Linux (``/sys/class/virtio-ports/*/name``; a read
from a port whose host end is closed returns 0).
"""

from __future__ import annotations

import os
from pathlib import Path

_CLASS = Path("/sys/class/virtio-ports")


def find_port(name: str) -> str:
    """The path of the port ``labkit.NAME``.

    Raises:
        FileNotFoundError: this machine has none.
    """
    for device in _CLASS.iterdir():
        if (device / "name").read_text().strip() == f"labkit.{name}":
            return f"/dev/{device.name}"
    raise FileNotFoundError(f"this machine has no port labkit.{name}")


def open_port(name: str) -> int:
    """Opens a port for reading and writing, without waiting for either."""
    return os.open(find_port(name), os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


class Outgoing:
    """Bytes on their way out of a descriptor that may not take them at once."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._bytes = bytearray()

    def put(self, data: bytes) -> None:
        """Adds bytes and writes what can be written."""
        self._bytes += data
        self.flush()

    def flush(self) -> None:
        """Writes what can be written now."""
        while self._bytes:
            try:
                count = os.write(self.fd, self._bytes[:65536])
            except BlockingIOError:
                return
            del self._bytes[:count]

    def __len__(self) -> int:
        return len(self._bytes)
