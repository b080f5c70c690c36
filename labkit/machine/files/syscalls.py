"""openat2(2), which Python lacks: a path opened by the kernel, beneath a folder or not at all.

Knows nothing about exports. Sources: openat2(2); linux/openat2.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform

_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
_SYS_OPENAT2 = 437 if platform.machine() in ("x86_64", "aarch64", "riscv64") else -1

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def openat2(folder: int, path: bytes, flags: int) -> int:
    """Opens ``path`` beneath ``folder``; no link on the way is followed, whoever puts one there.

    Args:
        folder: a descriptor.
        path: relative.
        flags: as for open(2); with O_PATH and O_NOFOLLOW a link at the end is opened itself.

    Raises:
        OSError: a link is on the way (ELOOP); the path leads out (EXDEV); no such system call
            (ENOSYS; EPERM where a seccomp filter stands before it); or as open(2) does.
    """
    how = _How(flags | os.O_CLOEXEC, 0, _BENEATH | _NO_MAGICLINKS | _NO_SYMLINKS)
    while True:
        fd = _libc.syscall(_SYS_OPENAT2, folder, path, ctypes.byref(how), ctypes.sizeof(how))
        if fd >= 0:
            return int(fd)
        if (number := ctypes.get_errno()) != errno.EINTR:
            raise OSError(number, os.strerror(number))


def has_openat2(folder: int) -> bool:
    """Whether this kernel, and who watches over this process, let it be called."""
    try:
        os.close(openat2(folder, b".", os.O_PATH | os.O_DIRECTORY))
    except OSError:
        return False
    return True
