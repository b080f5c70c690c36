"""Works off a batch without Python: a process that shares this one's memory until it executes.

The kernel copies nothing for such a process, and takes nothing away when it executes another
program. It must leave the memory alone, though: it runs these instructions and nothing else.

Sources: clone(2) (CLONE_VM), syscall(2) ("Architecture calling conventions").
"""

from __future__ import annotations

import ctypes
import mmap
import platform
from functools import cache

from labkit.core import linux

LISTING = (
    ("4889fb", "mov rbx, rdi"),  # the first step
    ("4989fc", "mov r12, rdi"),
    ("488b03", "step: mov rax, [rbx]"),  # the call's number and its six arguments
    ("488b7b08", "mov rdi, [rbx + 8]"),
    ("488b7310", "mov rsi, [rbx + 16]"),
    ("488b5318", "mov rdx, [rbx + 24]"),
    ("4c8b5320", "mov r10, [rbx + 32]"),
    ("4c8b4328", "mov r8, [rbx + 40]"),
    ("4c8b4b30", "mov r9, [rbx + 48]"),
    ("0f05", "syscall"),
    ("488b4b38", "mov rcx, [rbx + 56]"),  # where the result goes
    ("488901", "mov [rcx], rax"),
    ("488b4b40", "mov rcx, [rbx + 64]"),
    ("488901", "mov [rcx], rax"),
    ("4885c0", "test rax, rax"),
    ("7f13", "jg next"),
    ("48f7d8", "neg rax"),  # an errno, or 0: may it be?
    ("4883f83f", "cmp rax, 63"),
    ("7710", "ja stop"),
    ("488b4b48", "mov rcx, [rbx + 72]"),
    ("480fa3c1", "bt rcx, rax"),
    ("7306", "jnc stop"),
    ("4883c350", "next: add rbx, 80"),
    ("ebb7", "jmp step"),
    ("49895c24f0", "stop: mov [r12 - 16], rbx"),  # which step failed, and why
    ("49894424f8", "mov [r12 - 8], rax"),
    ("bf7f000000", "mov edi, 127"),
    ("b8e7000000", "mov eax, 231"),  # exit_group
    ("0f05", "syscall"),
)
"""x86-64: machine code and what it says, for an assembler in Intel's syntax."""

_STACK_BYTES = 64 << 10
_CLONE_VM = 0x100


class Runner:
    """The instructions and a stack, ready to be started in a new process."""

    def __init__(self) -> None:
        code = bytes.fromhex("".join(line for line, _ in LISTING))
        self._code = mmap.mmap(-1, mmap.PAGESIZE)
        self._code.write(code)
        self._stack = mmap.mmap(-1, _STACK_BYTES)
        self._entry = _address(self._code)
        linux.make_executable(self._entry, mmap.PAGESIZE)

    def start(self, flags: int, first: int) -> tuple[int, int]:
        """Starts a process in new namespaces (``flags``) that works off a batch.

        Args:
            flags: CLONE_NEW… of clone(2).
            first: address of the batch's first step. The batch stays there until the process has
                executed a program or ended.

        Returns:
            ``(pid, pidfd)``.
        """
        top = _address(self._stack) + _STACK_BYTES
        return linux.clone_into(self._entry, top, flags | _CLONE_VM, first)


@cache
def runner() -> Runner | None:
    """The runner of this process; None on other processors, or where memory cannot be executed."""
    if platform.machine() != "x86_64":
        return None
    try:
        return Runner()
    except OSError:
        return None


def _address(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))
