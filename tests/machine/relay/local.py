"""A machine that is this machine: a real ipykernel behind real socat bridges, no QEMU.

``python -m tests.machine.relay.local -f CONNECTION_FILE`` is a kernel for Jupyter. Its variables:
``LABKIT_TEST_PREPARE_S`` (how long preparing takes), ``LABKIT_TEST_FAULT`` (``prepare``, ``start``:
it fails; ``once``, ``always``: what was prepared does not do; ``silent``: preparing tells nothing).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkit.core.errors import Blocked, SystemFault
from labkit.machine.guest.channels import CHANNELS
from labkit.machine.relay.introduction import guess_kernel_info
from labkit.machine.relay.machine import RESET, Progress, Unready
from labkit.machine.relay.main import leave, main
from tests.support.wait import wait_until

FAULT = os.environ.get("LABKIT_TEST_FAULT", "")
RESET_CODE = 75
"""Of a kernel that wants another machine."""
_ACCEPTS = "00010000"
"""proc_net_unix: a socket that listens (``__SO_ACCEPTCON``)."""

_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


class LocalMachine:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="m", dir=os.environ.get("LABKIT_TEST_SOCKETS")))
        self.kernel = subprocess.Popen(
            [*_DIES_WITH_US, sys.executable, "-m", "labkit.machine.guest.kernel", self.folder,
             "ipywidgets"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            env={name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"},
        )  # fmt: skip
        self._pidfd = os.pidfd_open(self.kernel.pid)
        assert self.kernel.stdout
        with self.kernel.stdout as said:
            if not said.readline():
                raise SystemFault("start the kernel", why="it did not get ready")
        self.bridges = [self._bridge(name, number) for name, number in CHANNELS.items()]
        wait_until(lambda: all(_listens(self.channel(name)) for name in CHANNELS))

    def _bridge(self, name: str, number: int) -> subprocess.Popen[bytes]:
        here = f"UNIX-LISTEN:{self.channel(name)},mode=600"
        there = f"UNIX-CONNECT:{self.folder}/channel-{number}"
        argv = [*_DIES_WITH_US, "socat", "-b", "65536", here, there]
        return subprocess.Popen(argv, start_new_session=True, stdin=subprocess.DEVNULL)

    def channel(self, name: str) -> Path:
        return self.folder / name

    def begin(self, kernel: Mapping[str, Any]) -> None:
        assert self.kernel.stdin
        with contextlib.suppress(BrokenPipeError), self.kernel.stdin as tell:
            tell.write(json.dumps(kernel).encode() + b"\n")

    def has_begun(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._pidfd

    def ended(self) -> str | None:
        code = self.kernel.poll()
        if code is None:
            return None
        if code == RESET_CODE:
            return RESET
        if code < 0:
            return f"its Python was killed by {signal.Signals(-code).name}"
        return f"its Python ended with exit code {code}"

    def notices(self) -> list[str]:
        return []

    def interrupt(self) -> None:
        os.killpg(self.kernel.pid, signal.SIGINT)

    def set_clock(self) -> None:
        pass

    def silence(self) -> str | None:
        return None

    def end(self) -> None:
        for process in (self.kernel, *self.bridges):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1


def _listens(path: Path) -> bool:
    """Whether it can be connected to: socat's file is there a moment before it listens."""
    table = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return any(row[3] == _ACCEPTS and row[-1] == str(path) for row in table)


class LocalMaker:
    has_failed = False

    def prepare(self, progress: Progress) -> None:
        for step in range(int(float(os.environ.get("LABKIT_TEST_PREPARE_S", "0")) * 10)):
            if FAULT != "silent":
                progress(f"step {step}", step / 1000)
            time.sleep(0.1)
        if FAULT == "prepare":
            why = "QEMU is not installed, neither in /usr/bin nor in another folder of the PATH"
            raise Blocked("no machine here", why=why, hint="Install QEMU")

    def kernel_info(self) -> dict[str, Any]:
        return guess_kernel_info("A kernel behind bridges.")

    def start(self) -> LocalMachine:
        if FAULT == "start":
            raise ZeroDivisionError("division by zero")
        if FAULT == "always" or (FAULT == "once" and not self.has_failed):
            self.has_failed = True
            raise Unready("the machine does not start", why="it is damaged")
        return LocalMachine()


if __name__ == "__main__":
    leave(main(sys.argv[1:], LocalMaker))
