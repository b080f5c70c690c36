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
KEPT_S = 0.3
"""Shorter than it takes a person to save a file and to run the cell that reads it."""

_PATIENCE_S = 120.0
"""On a very busy computer; of a machine that does nothing the host tires before."""


def options(kept_s: float = KEPT_S) -> list[str]:
    """The options of sshfs: little kept, and a write that returns is on the host.

    ``kept_s``: how long the kernel may believe a name and a size that it has seen, in seconds.

    ``renamexdev``: what cannot be moved within the host's folders is copied by ``mv``.
    ``sshfs_sync``: else write(2) returns at once, and its error comes with close(2).
    """
    chosen = ["passive", "allow_other", "cache=no", "sshfs_sync", "max_conns=1"]
    chosen += [f"attr_timeout={kept_s}", f"entry_timeout={kept_s}", "negative_timeout=0"]
    chosen += ["nosuid", "nodev", "workaround=renamexdev"]
    # Since CVE-2026-47187 sshfs hides links with ".." from whoever does not trust the server. A
    # guest has only its host, and the host lets no link be made that leads out.
    said = subprocess.run(["sshfs", "--help"], capture_output=True, text=True, check=False)
    if "no_contain_symlinks" in said.stdout + said.stderr:
        chosen.append("no_contain_symlinks")
    return chosen


def mount_files() -> None:
    """Mounts what the host serves, and returns once it can be used.

    Raises:
        RuntimeError: the host serves nothing.
    """
    for folder in (HOST, COURSE):
        folder.mkdir(exist_ok=True)
    port = os.open(find_port("files"), os.O_RDWR | os.O_CLOEXEC)
    command = ["sshfs", "-f", "-o", ",".join(options()), "host:/", str(HOST)]
    process = subprocess.Popen(command, stdin=port, stdout=port, start_new_session=True)
    os.close(port)
    deadline = time.monotonic() + _PATIENCE_S
    while not HOST.is_mount():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the files of the host cannot be mounted; the console says why")
        time.sleep(0.02)
    subprocess.run(["mount", "--bind", str(HOST / "course"), str(COURSE)], check=True)
