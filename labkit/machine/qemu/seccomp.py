"""System calls that QEMU may not make, besides those that its own ``-sandbox`` forbids.

It has every socket that it needs from the start. So whoever took it over can reach no service of
this machine's, on a port or on a socket, such as Docker's; it can end no other process, and look
into none; and what it wrote it cannot make look older. Each such call gives EPERM.

Knows nothing about files (``labkit.machine.qemu.confine``). Sources: seccomp(2), linux/filter.h,
Documentation/userspace-api/seccomp_filter.rst; syscall_64.tbl and asm-generic/unistd.h of Linux.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

from labkit.core import linux

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_PROCESSORS = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FORBIDDEN = {
    "x86_64": {
        "socket": 41, "connect": 42, "socketpair": 53, "kill": 62, "ptrace": 101,
        "rt_sigqueueinfo": 129, "utime": 132, "tkill": 200, "utimes": 235, "futimesat": 261,
        "utimensat": 280, "rt_tgsigqueueinfo": 297, "process_vm_readv": 310,
        "process_vm_writev": 311, "pidfd_send_signal": 424, "io_uring_setup": 425,
        "pidfd_getfd": 438,
    },
    "aarch64": {
        "utimensat": 88, "ptrace": 117, "kill": 129, "tkill": 130, "rt_sigqueueinfo": 138,
        "socket": 198, "socketpair": 199, "connect": 203, "rt_tgsigqueueinfo": 240,
        "process_vm_readv": 270, "process_vm_writev": 271, "pidfd_send_signal": 424,
        "io_uring_setup": 425, "pidfd_getfd": 438,
    },
}  # fmt: skip
"""io_uring makes sockets, too, and no filter sees it."""
TGKILL = {"x86_64": 234, "aarch64": 131}
"""Threads of QEMU wake each other with it; its first argument is their process."""
_X32 = 0x40000000
"""Numbers from here on are the same calls once more, for x86-64 programs with short pointers."""

_LOAD, _IS_EQUAL, _IS_LARGE, _ANSWER = 0x20, 0x15, 0x35, 0x06
_NUMBER, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000 | errno.EPERM


def forbid() -> None:
    """Forbids them to this process and to whatever it becomes; to be called after no_new_privs.

    Raises:
        OSError: the kernel has no such filters.
    """
    steps = _program(platform.machine(), os.getpid())
    raw = ctypes.create_string_buffer(b"".join(steps))
    words = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(raw))
    program = ctypes.create_string_buffer(words)
    linux.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program))


def _program(machine: str, pid: int) -> list[bytes]:
    """The filter: each step is what to do, with which value, how many to skip if so and if not."""
    numbers = sorted(FORBIDDEN[machine].values())
    refused = len(numbers) + 8  # the last step; "allowed" is the one before

    def step(do: int, value: int, if_so: int = 0, if_not: int = 0) -> None:
        """Of those to skip, the number of the step to go to; 0 goes on."""
        here = len(steps) + 1
        skips = [to - here if to else 0 for to in (if_so, if_not)]
        steps.append(struct.pack("HBBI", do, *skips, value))

    steps: list[bytes] = []
    step(_LOAD, _PROCESSOR)
    step(_IS_EQUAL, _PROCESSORS[machine], if_not=refused)
    step(_LOAD, _NUMBER)
    step(_IS_LARGE, _X32, if_so=refused)
    for number in numbers:
        step(_IS_EQUAL, number, if_so=refused)
    step(_IS_EQUAL, TGKILL[machine], if_not=refused - 1)
    step(_LOAD, _FIRST_ARGUMENT)
    step(_IS_EQUAL, pid, if_not=refused)
    step(_ANSWER, _ALLOWED)
    step(_ANSWER, _REFUSED)
    return steps
