"""Ways out that one protection closes: refused in a sandbox, and open where that one is missing.

Each is tried twice from inside, by the same program; the second sandbox lacks the protection, and
is thrown away. So a refusal is the protection's doing, and not a mistake in the attempt.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from labkit.sandbox import Sandbox
from labkit.sandbox.facts import NAMESPACE_KINDS
from labkit.sandbox.spec import ALL

PRIVILEGED: Mapping[str, Any] = {"capabilities": None}
"""Root inside keeps every capability that root of its user namespace has, and has no filter."""

HEAD = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""


def tried(attempt: str, **how: Any) -> str:
    """What a Python program says of an attempt in a new sandbox: ``done``, or the error's name."""
    roots = {Path(path): f"{path}:ro" for path in ("/usr", "/lib", "/lib64") if Path(path).exists()}
    body = "".join(f"    {line}\n" for line in attempt.strip().splitlines())
    code = f"{HEAD}\ntry:\n{body}except OSError as error:\n    import errno\n"
    code += "    print(errno.errorcode[error.errno])\nelse:\n    print('done')\n"
    volumes = {**roots, **how.pop("volumes", {})}
    ran = Sandbox(volumes=volumes, **how).run(["/usr/bin/python3", "-c", code], timeout_s=20)
    assert ran.exit_code == 0, ran
    return ran.stdout.strip()


def but(*kinds: str) -> tuple[str, ...]:
    """All namespaces of a sandbox but these."""
    return tuple(kind for kind in ALL if kind not in kinds)


def a_process_outside_is_out_of_sight_for_kill_and_ptrace() -> None:
    """PTRACE_SEIZE takes no hold of a process that does not stop; it ends with who seized it."""
    with subprocess.Popen(["sleep", "60"]) as outside:
        try:
            kill = f"os.kill({outside.pid}, 0)"
            seize = f"done(libc.ptrace(0x4206, {outside.pid}, 0, 0))"
            for attempt in (kill, seize):
                assert tried(attempt) == "ESRCH", attempt
            assert tried(kill, namespaces=but("pid")) == "done"
            if os.geteuid() == 0:  # whoever is root of another user namespace has no right to it
                how = {**PRIVILEGED, "namespaces": but("pid", "user")}
                assert tried(seize, **how) == "done"
        finally:
            outside.kill()


def an_abstract_socket_of_the_host_is_behind_the_network_namespace() -> None:
    """containerd's shim listened on one (CVE-2020-15257)."""
    with socket.socket(socket.AF_UNIX) as server:
        name = f"labkit-test-{os.getpid()}"
        server.bind(f"\0{name}")
        server.listen()
        attempt = f"socket.socket(socket.AF_UNIX).connect('\\0{name}')"
        assert tried(attempt) == "ECONNREFUSED"
        assert tried(attempt, namespaces=but("net")) == "done"


def shared_memory_and_queues_of_the_host_are_behind_the_ipc_namespace() -> None:
    made = subprocess.run(["ipcmk", "-M", "4096"], capture_output=True, text=True, check=True)
    number = made.stdout.split()[-1]
    try:
        attempt = f"done(libc.shmctl({number}, 2, ctypes.create_string_buffer(256)))"
        assert tried(attempt) in ("EINVAL", "EIDRM")
        assert tried(attempt, namespaces=but("ipc")) == "done"
    finally:
        subprocess.run(["ipcrm", "-m", number], check=True)


def file_systems_are_mounted_by_who_keeps_the_capability_alone() -> None:
    for attempt in (
        "done(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))",
        "done(libc.syscall(430, b'tmpfs', 0))",  # fsopen
        "done(libc.umount2(b'/dev/shm', 2))",
        "done(libc.mount(None, b'/dev', None, 0x1000 | 0x20 | 1, None))",
    ):
        assert tried(attempt) == "EPERM", attempt
        assert tried(attempt, seccomp=None) == "EPERM", attempt  # by capabilities alone
        assert tried(attempt, **PRIVILEGED) == "done", attempt


def a_namespace_is_joined_by_who_keeps_the_capability_alone() -> None:
    """Its own, through an open file, for there is no other in sight."""
    attempt = "done(libc.setns(os.open('/proc/1/ns/uts', os.O_RDONLY), 0))"
    assert tried(attempt) == "EPERM"
    assert tried(attempt, seccomp=None) == "EPERM"
    assert tried(attempt, **PRIVILEGED) == "done"


def an_open_file_that_leaks_would_lead_out() -> None:
    """CVE-2024-21626: a folder of the host, open in a process of the container."""
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    leak = fcntl.fcntl(folder, fcntl.F_DUPFD, 100)
    os.set_inheritable(leak, True)
    try:
        attempt = f"os.stat('/proc/self/fd/{leak}/.')"
        assert tried(attempt) == "ENOENT"
        assert tried(f"os.dup2(os.open('/', os.O_RDONLY), {leak})\n{attempt}") == "done"
    finally:
        os.close(leak)
        os.close(folder)


def a_user_namespace_gives_every_capability_where_it_may_be_made() -> None:
    attempt = """
done(libc.unshare(0x10000000 | 0x00020000))
done(libc.mount(b'none', b'/', None, 0x4000 | 0x40000, None))
done(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))"""
    assert tried(attempt) == "EPERM"
    assert tried(attempt, seccomp=None) == "ENOSPC"  # by the count of user namespaces
    assert tried(attempt, **PRIVILEGED) == "done"


def nothing_is_typed_into_a_terminal_that_is_shared() -> None:
    """TIOCSTI on the terminal of whoever started it: CVE-2017-5226."""
    attempt = """
import fcntl, pty
other, terminal = pty.openpty()
fcntl.ioctl(terminal, 0x540E, 0)
done(libc.ioctl(terminal, ctypes.c_ulong({}), b'x'))"""
    for number in ("0x5412", "0x100005412"):  # the kernel reads 32 bits of it
        assert tried(attempt.format(number)) == "EPERM", number
    switch = Path("/proc/sys/dev/tty/legacy_tiocsti")
    is_on = not switch.exists() or switch.read_text().strip() == "1"
    without = tried(attempt.format("0x5412"), seccomp=None)
    assert without == ("done" if is_on else "EIO"), (is_on, without)


def all_eight_namespaces_close_the_same() -> None:
    attempt = "done(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None))"
    assert tried(attempt, namespaces=NAMESPACE_KINDS) == "EPERM"
    clock = "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())"
    assert tried(clock, namespaces=NAMESPACE_KINDS) == "EPERM"
    assert tried(clock, namespaces=NAMESPACE_KINDS, seccomp=None) == "EPERM"
    # There is no namespace of it, so not even root of a user namespace may set it.
    assert tried(clock, namespaces=NAMESPACE_KINDS, **PRIVILEGED) == "EPERM"
