"""The system calls that a sandbox may not make, as a program that the kernel runs before each call.

A deny list: what the kernel keeps one of for everybody, and what guests have broken out with. Most
of it capabilities refuse as well; a filter refuses before the kernel has looked at the arguments,
so a mistake in that code is out of reach, too. Container engines turn it round: they list what they
know to be harmless, some 350 calls, and refuse the rest. That also stops calls that are not
invented yet; a list of what is refused, and why, can be read.

Knows nothing about processes. Sources: seccomp(2), seccomp_rule_add(3), capabilities(7), the
documentation of Docker's default profile (what is refused, and which capability lifts it).
"""

from __future__ import annotations

import errno
import os
import termios
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput, Blocked
from labkit.core.linux import CLONE_FLAGS, CLONE_NEWTIME

if TYPE_CHECKING:
    from pyseccomp import Arg, SyscallFilter

_WORD = 0xFFFFFFFF
"""The kernel reads 32 bits of such an argument; what a caller puts above must not hide it."""
_TIOCLINUX = 0x541C
_NO_SUCH_CALL = -1
"""Other negative numbers stand for calls that only other processors have."""


@dataclass(frozen=True)
class Argument:
    """What an argument must be for a rule to count: ``argument[index] & mask == value``."""

    index: int
    mask: int
    value: int


@dataclass(frozen=True)
class Rule:
    """System calls that are refused, and why."""

    calls: tuple[str, ...]
    why: str
    needs: str = ""
    """The capability that lifts the rule, without ``CAP_``; empty when none does."""
    errno: int = errno.EPERM
    """ENOSYS tells a program that this kernel has no such call, so that it takes an older one."""
    when: tuple[Argument, ...] = ()
    """It counts when one of these holds; always when there are none."""


@dataclass(frozen=True)
class Profile:
    """Rules under a name. What no rule names is allowed."""

    name: str
    rules: tuple[Rule, ...]

    def allowing(self, *calls: str) -> Profile:
        """A copy that does not refuse these calls."""
        kept = (
            replace(rule, calls=tuple(call for call in rule.calls if call not in calls))
            for rule in self.rules
        )
        return Profile(f"{self.name}, changed", tuple(rule for rule in kept if rule.calls))

    def denying(self, *calls: str, errno: int = errno.EPERM) -> Profile:
        """A copy that refuses these calls as well."""
        added = Rule(calls, "asked for", errno=errno)
        return Profile(f"{self.name}, changed", (*self.allowing(*calls).rules, added))

    def refused(self, capabilities: Collection[str] = ()) -> dict[str, Rule]:
        """Call to rule, for whoever keeps these capabilities."""
        return {
            call: rule
            for rule in self.rules
            if not rule.needs or rule.needs not in capabilities
            for call in rule.calls
        }


def _flags(index: int, *names: str) -> tuple[Argument, ...]:
    return tuple(Argument(index, CLONE_FLAGS[name], CLONE_FLAGS[name]) for name in names)


_IN_CLONE = tuple(kind for kind, flag in CLONE_FLAGS.items() if flag != CLONE_NEWTIME)
"""In clone(2) the bit of CLONE_NEWTIME belongs to the signal that tells the end."""

DEFAULT = Profile(
    "default",
    (
        Rule(
            ("init_module", "finit_module", "delete_module", "create_module", "query_module"),
            "the kernel, and what is loaded into it, is everybody's",
            needs="SYS_MODULE",
        ),
        Rule(
            ("reboot", "kexec_load", "kexec_file_load"),
            "it would end or replace the kernel of all",
            needs="SYS_BOOT",
        ),
        Rule(("swapon", "swapoff"), "swap is everybody's", needs="SYS_ADMIN"),
        Rule(
            ("clock_settime", "clock_settime64", "settimeofday", "stime", "clock_adjtime"),
            "there is one time of day for all",
            needs="SYS_TIME",
        ),
        Rule(
            (
                *("mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree"),
                *("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
            ),
            "file systems read what is mounted as if it could be trusted",
            needs="SYS_ADMIN",
        ),
        Rule(("setns",), "it leads into other namespaces", needs="SYS_ADMIN"),
        Rule(
            ("unshare",),
            "in a new user namespace a process has every capability again",
            needs="SYS_ADMIN",
            when=_flags(0, *CLONE_FLAGS),
        ),
        Rule(
            ("clone",),
            "in a new user namespace a process has every capability again",
            needs="SYS_ADMIN",
            when=_flags(0, *_IN_CLONE),
        ),
        Rule(
            ("clone3",),
            "its flags lie in memory, where no filter sees them; clone does the same",
            needs="SYS_ADMIN",
            errno=errno.ENOSYS,
        ),
        Rule(
            ("open_by_handle_at",),
            "it opens files by number, past the root of the mount namespace (Shocker, 2014)",
            needs="DAC_READ_SEARCH",
        ),
        Rule(
            ("add_key", "request_key", "keyctl"),
            "keyrings belong to user ids, and no namespace divides them",
        ),
        Rule(("bpf",), "it brings programs into the kernel", needs="BPF"),
        Rule(("perf_event_open",), "it measures what others do", needs="PERFMON"),
        Rule(
            ("userfaultfd",),
            "it holds the kernel up at a page, which makes races easy to win",
            needs="SYS_PTRACE",
        ),
        Rule(
            ("io_uring_setup", "io_uring_enter", "io_uring_register"),
            "what it does, it does past every filter",
            errno=errno.ENOSYS,
        ),
        Rule(("iopl", "ioperm"), "the ports of the hardware", needs="SYS_RAWIO"),
        Rule(("acct",), "there is one account of processes", needs="SYS_PACCT"),
        Rule(("quotactl", "quotactl_fd"), "quotas are the host's", needs="SYS_ADMIN"),
        Rule(("fanotify_init",), "it watches what others open", needs="SYS_ADMIN"),
        Rule(("syslog",), "the log of the kernel is the host's", needs="SYSLOG"),
        Rule(("vhangup",), "it takes a terminal from others", needs="SYS_TTY_CONFIG"),
        Rule(
            ("ioctl",),
            "it types into a terminal that others share",
            when=(Argument(1, _WORD, termios.TIOCSTI), Argument(1, _WORD, _TIOCLINUX)),
        ),
    ),
)
"""What a sandbox is given unless something else is asked for."""


@dataclass(frozen=True)
class Seccomp:
    """What a sandbox is to have."""

    profile: Profile | None
    why_none: str = ""
    is_asked_for: bool = False
    """Then it is an error that this machine cannot; otherwise it does without."""

    def program(self, capabilities: Collection[str]) -> tuple[bytes, str]:
        """The program for the kernel, empty for none, and what to say of it in a few words."""
        reason = self.why_none or ("" if self.is_asked_for else why_not())
        if self.profile is None or reason:
            return b"", f"none: {reason}"
        return compile_profile(self.profile, frozenset(capabilities)), self.profile.name


@cache
def why_not() -> str:
    """Why no filter can be had here; empty when one can."""
    if not os.path.exists("/proc/sys/kernel/seccomp"):  # noqa: PTH110 (a question, no path)
        return "this kernel has no seccomp filters"
    try:
        import pyseccomp  # noqa: F401
    except ImportError:
        return "the Python package pyseccomp, which writes the filter, is not installed"
    except (RuntimeError, OSError):  # what it says when it finds no library
        return "libseccomp, which writes the filter, is not installed"
    return ""


@lru_cache(maxsize=32)
def compile_profile(profile: Profile, capabilities: frozenset[str] = frozenset()) -> bytes:
    """The program for the kernel (struct sock_filter, 8 bytes an instruction).

    Args:
        profile: what is refused.
        capabilities: what the sandbox keeps, without ``CAP_``; lifts the rules that say so.

    Raises:
        Blocked: no filter can be had here.
        BadInput: a rule names a call that no Linux has.
    """
    if reason := why_not():
        raise Blocked("system calls cannot be filtered", why=reason, capability="seccomp")
    import pyseccomp as library

    program = library.SyscallFilter(library.ALLOW)
    # Programs of another processor's call other numbers; x86-64 kernels run those of x86.
    program.set_attr(library.Attr.ACT_BADARCH, library.ERRNO(errno.ENOSYS))
    program.set_attr(library.Attr.CTL_OPTIMIZE, 2)  # a tree: as many steps for 20 calls as for 60
    if library.system_arch() == library.Arch.X86_64:
        program.add_arch(library.Arch.X86)
    for call, rule in profile.refused(capabilities).items():
        number = library.resolve_syscall(library.Arch.NATIVE, call)
        if number == _NO_SUCH_CALL:
            if rule in DEFAULT.rules:
                continue  # it is newer than this libseccomp
            raise BadInput(f"there is no system call {call!r}", hint="syscalls(2) lists them")
        answer = library.ERRNO(rule.errno)
        for one in rule.when or (None,):
            program.add_rule(answer, number, *([_comparison(one)] if one else []))
    return _export(program)


def _comparison(one: Argument) -> Arg:
    from pyseccomp import MASKED_EQ, Arg

    return Arg(one.index, MASKED_EQ, one.mask, one.value)


def _export(program: SyscallFilter) -> bytes:
    fd = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with open(fd, "r+b") as file:  # noqa: PTH123
        program.export_bpf(file)
        file.seek(0)
        return file.read()
