"""What QEMU may not ask of the kernel, tried by another program in its place."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.machine.qemu import seccomp
from labkit.machine.qemu.confine import Confinement

is_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="of an x86-64 kernel")

_TRIES = """
import ctypes, os, signal, socket, sys
other, file = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    if libc.syscall(*map(ctypes.c_long, words)) < 0:
        raise OSError(ctypes.get_errno(), "")
tries = {
    "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "udp": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "pair": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
    "connect": lambda: call(int(sys.argv[3]), 0, 0, 0),
    "ring": lambda: call(425, 1, 0),
    "kill": lambda: os.kill(other, 0),
    "pidfd": lambda: signal.pidfd_send_signal(os.pidfd_open(other), 0),
    "thread": lambda: call(int(sys.argv[4]), other, other, 0),
    "trace": lambda: call(int(sys.argv[5]), 16, other, 0, 0),
    "times": lambda: os.utime(file, (0, 0)),
    "itself": lambda: signal.raise_signal(signal.SIGCHLD),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "done")
    except OSError as error:
        print(name, error.errno)
"""


def test_it_makes_no_socket_and_touches_no_process_and_no_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    known = {**seccomp.FORBIDDEN[platform.machine()], "tgkill": seccomp.TGKILL[platform.machine()]}
    numbers = [str(known[name]) for name in ("connect", "tgkill", "ptrace")]
    done = subprocess.run(
        [sys.executable, "-c", _TRIES, str(os.getpid()), str(file), *numbers],
        preexec_fn=Confinement(reads=[Path("/")], writes=[tmp_path]).enter,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = dict(line.split() for line in done.stdout.splitlines())
    assert said.pop("itself") == "done"
    assert len(said) == 11
    assert said == dict.fromkeys(said, "1")  # EPERM
    assert file.stat().st_mtime > 0


@pytest.mark.requires("program:gcc")
@pytest.mark.parametrize(
    ("machine", "header"),
    [
        pytest.param("x86_64", "asm/unistd_64.h", marks=is_x86_64),
        ("aarch64", "asm-generic/unistd.h"),
    ],
)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str, header: str) -> None:
    known = {**seccomp.FORBIDDEN[machine], "tgkill": seccomp.TGKILL[machine]}
    source = f"#include <{header}>\n" + "\n".join(f"{name}=__NR_{name}" for name in known)
    command = ["gcc", "-E", "-P", "-x", "c", "-"]
    shown = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    rows = dict(line.split("=") for line in shown.stdout.split())
    assert {name: int(number) for name, number in rows.items()} == known
