"""The host's folders in the machine: sshfs on the port ``files``, and the paths notebooks know.

Mounted before the snapshot is taken, and still there after a resume, with another folder behind it:
so what is known of them is kept for a moment only, which is over before a snapshot is taken. Each
question costs some milliseconds here, and programs ask the same ones in bursts.

Sources: sshfs(1) (passive: SFTP on standard input and output), mount(2), fuse(8).
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from labkit.machine.guest.ports import find_port

HOST = Path("/host")
COURSE = Path("/course")
SOURCE = Path("/run/source")
"""A folder for Python's path, with ``labkit`` in it."""

KEPT_S = 0.3
"""Shorter than it takes a person to save a file and to run the cell that reads it."""

_OPTIONS = (
    *("passive", "allow_other", "cache=no", "max_conns=1"),
    *(f"attr_timeout={KEPT_S}", f"entry_timeout={KEPT_S}", "negative_timeout=0"),
)
_PATIENCE_S = 20.0


def mount_files() -> None:
    """Mounts what the host serves, and returns once it can be used.

    Raises:
        RuntimeError: the host serves nothing.
    """
    for folder in (HOST, COURSE, SOURCE):
        folder.mkdir(exist_ok=True)
    port = os.open(find_port("files"), os.O_RDWR | os.O_CLOEXEC)
    command = ["sshfs", "-f", "-o", ",".join(_OPTIONS), "host:/", str(HOST)]
    process = subprocess.Popen(command, stdin=port, stdout=port, start_new_session=True)
    os.close(port)
    deadline = time.monotonic() + _PATIENCE_S
    while not HOST.is_mount():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the files of the host cannot be mounted; the console says why")
        time.sleep(0.02)
    subprocess.run(["mount", "--bind", str(HOST / "course"), str(COURSE)], check=True)
    (SOURCE / "labkit").symlink_to(HOST / "labkit")
