"""A batch: system calls that one process writes down and another makes, in order, until one fails.

A new container is a process to which some hundred system calls happen before it executes its
command. The helper writes them down (``labkit.sandbox.helper.inside``), then makes the process, and
that works them off. So little is left to do there that it needs no Python: on x86-64 the new
process shares the helper's memory and runs the 29 instructions of ``labkit.sandbox.helper.native``,
as vfork(2) would have it; elsewhere, and in a sandbox where others could look into that memory, it
is a fork, and :func:`work_off` does the same. Copying a Python process and its pages as they are
written costs more than everything else in starting a sandbox.

A step in memory is ten words of 8 bytes: the call's number, six arguments, two addresses that the
result is written to (an argument of a later step, say), and the mask of what may be answered: bit n
for errno n, bit 0 for a result of 0. Before the first step lie two words: the address of the step
that failed and its errno. Steps and what their arguments point to are in memory that a fork shares.

Knows nothing about sandboxes. Sources: syscall(2), vfork(2), clone(2),
/usr/include/asm/unistd_64.h and /usr/include/asm-generic/unistd.h (the numbers).
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import struct
from array import array
from collections.abc import Iterable

_BYTES = 2 << 20
_DATA = 512 << 10
"""Offset of what the arguments point to; the steps lie before it."""

_REPORT = 16
STEP = 80
_WORD = struct.Struct("q")

_NO_ARGUMENTS = (0,) * 6
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(platform.machine(), 0)
NUMBERS = {
    # name: (x86-64, arm64)
    "capset": (126, 91), "chdir": (80, 49), "close": (3, 57), "dup3": (292, 24),
    "execve": (59, 221), "fcntl": (72, 25), "ioctl": (16, 29), "mkdirat": (258, 34),
    "mknodat": (259, 33), "mount": (165, 40), "mount_setattr": (442, 442), "move_mount": (429, 429),
    "open_tree": (428, 428), "openat": (257, 56), "pivot_root": (155, 41), "prctl": (157, 167),
    "recvfrom": (45, 207), "sendmsg": (46, 211), "setgroups": (116, 159), "sethostname": (170, 161),
    "setns": (308, 268), "setresgid": (119, 149), "setresuid": (117, 147), "setsid": (112, 157),
    "socket": (41, 198), "symlinkat": (266, 36), "umount2": (166, 39),
    "unshare": (272, 97), "write": (1, 64),
}  # fmt: skip
_NUMBERS = {name: numbers[_COLUMN] for name, numbers in NUMBERS.items()}

_syscall = ctypes.PyDLL(None, use_errno=True).syscall
_syscall.argtypes = (ctypes.c_long,) * 7
_syscall.restype = ctypes.c_long


class Memory:
    """Where a batch lies: one region for all batches of a helper, one after the other."""

    def __init__(self) -> None:
        self.bytes = mmap.mmap(-1, _BYTES)  # shared, so that a fork's report is seen
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes))

    def words(self, offset: int, count: int) -> tuple[int, ...]:
        """Signed words of 8 bytes."""
        return struct.unpack_from(f"{count}q", self.bytes, offset)


class Result:
    """What a step answers, as an argument of at most two later ones."""

    def __init__(self, batch: Batch, at: int) -> None:
        self._batch, self._at, self._uses = batch, at, 0

    def goes_to(self, address: int) -> None:
        """Has the result written to ``address`` as well."""
        assert self._uses < 2, "a result can be used twice"
        self._batch.words[self._at + 7 + self._uses] = address
        self._uses += 1


class Batch:
    """System calls, in the order in which they are to be made.

    Args:
        memory: where they are to lie.

    Say what is being done in :attr:`step`, then call the batch::

        do.step = "set the hostname"
        do("sethostname", "box", 3)

    Nothing is in memory until :meth:`write_down`. What is called after it is added by the next one:
    the process that works the batch off must not have come so far yet.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.step = "start"
        self.words = [0, 0]
        self._names: list[str] = []
        self._data = bytearray(_WORD.size)  # results that nobody wants go to its first word
        self._nowhere = memory.address + _DATA
        self._written = self._written_data = 0

    def __call__(
        self,
        name: str,
        *arguments: int | str | bytes | Result | None,
        even_if: Iterable[int] = (0,),
    ) -> Result:
        """Writes down one call.

        Args:
            name: of the system call.
            arguments: numbers, texts and bytes (their address is passed, a NUL follows them),
                results of earlier calls, None for 0.
            even_if: errors after which the batch goes on; 0 when a result of 0 is none.
        """
        words, at = self.words, len(self.words)
        words.append(_NUMBERS[name])
        for argument in arguments:
            if isinstance(argument, int):
                words.append(argument)
            elif isinstance(argument, Result):
                argument.goes_to(self.memory.address + len(words) * _WORD.size)
                words.append(0)
            else:
                words.append(0 if argument is None else self.put(argument))
        words += _NO_ARGUMENTS[len(arguments) :]
        mask = 1 if even_if == (0,) else sum(1 << number for number in even_if)
        words += (self._nowhere, self._nowhere, mask)
        self._names.append(self.step)
        return Result(self, at)

    def put(self, data: str | bytes) -> int:
        """Puts a text or bytes in memory, a NUL after it, and returns its address."""
        raw = data.encode(errors="surrogateescape") if isinstance(data, str) else data
        address = self.memory.address + _DATA + len(self._data)
        self._data += raw
        self._data += bytes(8 - len(raw) % 8)  # at least one NUL; the next begins at a word
        return address

    def put_list(self, texts: Iterable[str]) -> int:
        """Puts a list of texts in memory as execve(2) wants it, and returns its address."""
        pointers = array("q", [*map(self.put, texts), 0])
        return self.put(pointers.tobytes())

    def write_down(self) -> None:
        """Puts in memory what is not there yet; at first, in the place of the batch before.

        Raises:
            OSError: it is too long (E2BIG).
        """
        if len(self.words) * _WORD.size > _DATA or len(self._data) > _BYTES - _DATA:
            raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
        steps = array("q", self.words[self._written :]).tobytes()
        data = bytes(self._data[self._written_data :])
        at, data_at = self._written * _WORD.size, _DATA + self._written_data
        self.memory.bytes[data_at : data_at + len(data)] = data
        self.memory.bytes[at : at + len(steps)] = steps
        self._written, self._written_data = len(self.words), len(self._data)

    @property
    def first(self) -> int:
        """Address of the first step."""
        return self.memory.address + _REPORT

    @property
    def failure(self) -> tuple[str, int] | None:
        """What was being done when a call failed, and its errno; None when none has."""
        address, number = self.memory.words(0, 2)
        return (self._names[(address - self.first) // STEP], number) if address else None


def work_off(memory: Memory) -> None:
    """Makes the calls of the batch in ``memory``; returns when one has failed."""
    words = memoryview(memory.bytes).cast("q")
    at = _REPORT // _WORD.size
    while True:
        result = _syscall(*words[at : at + 7])
        for address in words[at + 7 : at + 9]:
            ctypes.c_long.from_address(address).value = result
        number = 0 if result > 0 else -1 if result == 0 else ctypes.get_errno()
        if result <= 0 and not words[at + 9] >> max(number, 0) & 1:
            words[1] = max(number, 0)
            words[0] = memory.address + at * _WORD.size
            return
        at += STEP // _WORD.size
