"""What QEMU may do on the host: read its images, write its memory, and nothing else.

A guest that breaks out of an emulated device is then in a process that can open no file of the
user's, and speak to nobody. Where the kernel lacks Landlock, seccomp filters are what is left: ours
and QEMU's own. Called between fork(2) and exec(2), so it makes system calls only.

Sources: landlock(7), prctl(2), proc(5) (oom_score_adj).
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit.core import linux
from labkit.machine.qemu import seccomp

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every processor
_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_TRUNCATE = 1 << 14
_ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
"""Version of Landlock to the file accesses that it knows."""
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload", "/proc", "/sys"),
    *("/opt", "/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew"),
)
"""Where systems have their programs; nothing of a user's lies there."""
_OOM_SCORE = b"500"
"""Half of what a process that has all memory would score: a machine is thrown away anyway, and the
learner's browser and JupyterLab are not."""

_DEVICES = ("/dev/kvm", "/dev/null", "/dev/urandom", "/dev/random", "/dev/zero")


@dataclass(frozen=True)
class Confinement:
    """The files of one QEMU.

    Attributes:
        reads: files, and folders with what they hold, that it may read and execute.
        writes: those that it may write, too.
    """

    reads: Sequence[Path]
    writes: Sequence[Path]
    _libc: ctypes.CDLL = field(default_factory=lambda: ctypes.CDLL(None, use_errno=True))

    def enter(self) -> None:
        """In the child: ends with its parent, and before others when memory runs out; keeps to its
        files, and speaks to nobody.
        """
        _offer_for_oom()
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.forbid()
        known = _ALL.get(min(self._call(_CREATE_RULESET, None, 0, _VERSION), 3))
        if known is None:
            return  # a kernel without Landlock
        ruleset = self._call(_CREATE_RULESET, struct.pack("Q", known), 8, 0)
        for path in (*SYSTEM, *map(str, self.reads)):
            self._allow(ruleset, path, known & (_EXECUTE | _READ_FILE | _READ_DIR))
        for path in (*_DEVICES, *map(str, self.writes)):
            self._allow(ruleset, path, known)
        self._call(_RESTRICT_SELF, ruleset, 0, 0)
        os.close(ruleset)

    def _allow(self, ruleset: int, path: str, access: int) -> None:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # not everything is everywhere
        if not os.path.isdir(path):  # noqa: PTH112 - between fork and exec
            access &= _OF_FILES
        self._call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", access, fd))
        os.close(fd)

    def _call(self, number: int, *arguments: int | bytes | None) -> int:
        words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
        while len(words) < 4:
            words.append(ctypes.c_long(0))
        return int(self._libc.syscall(ctypes.c_long(number), *words))


def _offer_for_oom() -> None:
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return  # a /proc that is not all there
    try:
        os.write(fd, _OOM_SCORE)
    except OSError:
        return  # it has a higher one already
    finally:
        os.close(fd)
