"""An ordinary user on a machine where user namespaces, Docker and sudo do not exist.

Run as a program, it locks itself down and becomes a command: ``python locked_down.py COMMAND …``.
no_new_privs takes the setuid bit from sudo and su; a seccomp filter answers as a kernel does where
user namespaces are switched off: EPERM to whoever asks for one. (clone3(2) has its flags in memory
that no filter can read, so it does not exist here: ENOSYS, and glibc falls back to clone(2).)
Whatever it starts inherits both. For x86-64 alone.

Knows nothing about labkit, and needs nothing but Python. Sources: seccomp(2), prctl(2),
Documentation/userspace-api/seccomp_filter.rst, linux/filter.h, clone(2).
"""

from __future__ import annotations

import ctypes
import dataclasses
import errno
import os
import shutil
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.as_user import OrdinaryUser

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _FILTER = 22, 38, 2
_X86_64 = 0xC000003E
_CLONE, _UNSHARE, _CLONE3 = 56, 272, 435
_CLONE_NEWUSER = 0x10000000

_LOAD, _IS_EQUAL, _HAS_BITS, _ANSWER = 0x20, 0x15, 0x45, 0x06
"""BPF: load a word of what is asked, compare it, look at its bits, answer."""
_NUMBER, _PROCESSOR, _FIRST_ARGUMENT = 0, 4, 16
"""Where they are in struct seccomp_data; of the argument, the low half."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000

_FILTER_PROGRAM = (
    (_LOAD, 0, 0, _PROCESSOR),
    (_IS_EQUAL, 0, 8, _X86_64),  # 32-bit calls: to the last answer
    (_LOAD, 0, 0, _NUMBER),
    (_IS_EQUAL, 6, 0, _CLONE3),
    (_IS_EQUAL, 1, 0, _CLONE),
    (_IS_EQUAL, 0, 2, _UNSHARE),
    (_LOAD, 0, 0, _FIRST_ARGUMENT),
    (_HAS_BITS, 1, 0, _CLONE_NEWUSER),
    (_ANSWER, 0, 0, _ALLOW),
    (_ANSWER, 0, 0, _ERROR | errno.EPERM),
    (_ANSWER, 0, 0, _ERROR | errno.ENOSYS),
)
"""Each: what to do, how many to skip if so and if not, and with which value."""


def locked_down(user: OrdinaryUser, python: str) -> OrdinaryUser:
    """The same user, whose commands run locked down.

    Args:
        user: an ordinary user.
        python: a Python that the user may run.
    """
    program = user.folder / "locked_down.py"
    shutil.copy(__file__, program)  # the tests may lie where the user may not look
    program.chmod(0o644)
    return dataclasses.replace(user, prefix=(python, str(program)))


def lock_down() -> None:
    """Takes both from this process, for good.

    Raises:
        OSError: the kernel does not do it.
    """
    raw = b"".join(struct.pack("HBBI", *step) for step in _FILTER_PROGRAM)
    steps = ctypes.create_string_buffer(raw)
    program = struct.pack("HxxxxxxP", len(_FILTER_PROGRAM), ctypes.addressof(steps))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _FILTER, program)


def _prctl(option: int, value: int, pointer: bytes | None = None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    if libc.prctl(option, ctypes.c_ulong(value), pointer or zero, zero, zero):
        raise OSError(ctypes.get_errno(), f"prctl({option})")


if __name__ == "__main__":
    lock_down()
    os.execvp(sys.argv[1], sys.argv[1:])
