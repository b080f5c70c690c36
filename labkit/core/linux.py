"""The system calls that containers are made of and that Python 3.11 lacks.

Thin: the kernel's names, the kernel's flags, an ``OSError`` with the kernel's errno. Meant for
single-threaded processes; :func:`clone` copies the calling thread alone.

Knows nothing about sandboxes. Sources: clone(2), unshare(2), setns(2), mount(2), open_tree(2),
move_mount(2), mount_setattr(2), pivot_root(2), prctl(2), capset(2), capabilities(7).
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Iterable
from functools import cache

CLONE_NEWTIME = 0x00000080
CLONE_PIDFD = 0x00001000
CLONE_PARENT = 0x00008000
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

CLONE_FLAGS = {
    "user": CLONE_NEWUSER,
    "pid": CLONE_NEWPID,
    "mnt": CLONE_NEWNS,
    "uts": CLONE_NEWUTS,
    "ipc": CLONE_NEWIPC,
    "net": CLONE_NEWNET,
    "cgroup": CLONE_NEWCGROUP,
    "time": CLONE_NEWTIME,
}
"""Namespace kind, by its name in /proc/PID/ns, to the flag that makes a new one."""

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND = 1 << 5, 1 << 12
MS_REC, MS_SLAVE, MS_PRIVATE = 1 << 14, 1 << 19, 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG, PR_CAPBSET_READ, PR_CAPBSET_DROP = 1, 23, 24
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36

AT_RECURSIVE, AT_EMPTY_PATH = 0x8000, 0x1000
OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH, MOUNT_ATTR_RDONLY = 1, 4, 1
MOUNT_ATTR_IDMAP = 0x00100000

_SYS_OPEN_TREE, _SYS_MOUNT_SETATTR = 428, 442  # the same on every processor
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}.get(platform.machine(), -1)

# PyDLL keeps the interpreter's lock across the call: nothing else runs in a process with one
# thread, and a clone that returns in the child must find the lock as it left it.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)

CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"),
    *("SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"),
    *("IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"),
    *("SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"),
    *("LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"),
    *("WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
)
"""Capability names without ``CAP_``; the index is the number (linux/capability.h, 6.12)."""


def clone(flags: int) -> tuple[int, int]:
    """Forks, with new namespaces as ``flags`` say.

    Returns:
        ``(pid, pidfd)`` in the parent and ``(0, -1)`` in the child.
    """
    pidfd = ctypes.c_int(-1)
    pid = _libc.syscall(_SYS_CLONE, flags | CLONE_PIDFD | signal.SIGCHLD, 0, ctypes.byref(pidfd), 0)
    return _done(pid, "clone"), pidfd.value if pid else -1


def clone_into(code: int, stack: int, flags: int, argument: int) -> tuple[int, int]:
    """Starts a process at the address ``code``; returns ``(pid, pidfd)``, in the parent alone.

    Args:
        code: a function in machine code, which does not return.
        stack: the address above its stack.
        flags: of clone(2).
        argument: what the function is called with.
    """
    pidfd = ctypes.c_int(-1)
    pid = _libc.clone(
        ctypes.c_void_p(code), ctypes.c_void_p(stack), flags | CLONE_PIDFD | signal.SIGCHLD,
        ctypes.c_void_p(argument), ctypes.byref(pidfd), None, None,
    )  # fmt: skip
    return _done(pid, "clone"), pidfd.value


def make_executable(address: int, size: int) -> None:
    """Lets memory be read and executed, no longer written (mprotect(2))."""
    read_execute = 1 | 4
    _done(_libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), read_execute), "mprotect")


def unshare(flags: int) -> None:
    """Moves this process into new namespaces."""
    _done(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int) -> None:
    """Joins namespaces: of a process (``fd`` is a pidfd) or one (``fd`` is a file of /proc)."""
    _done(_libc.setns(fd, flags), "setns")


def mapped_tree(path: str, user_namespace: int) -> int:
    """A detached copy of the mount at ``path`` on which files have mapped owners.

    Args:
        path: a folder.
        user_namespace: a descriptor of the one whose maps are taken (mount_setattr(2)).
    """
    fd = _done(
        _libc.syscall(_SYS_OPEN_TREE, -100, os.fsencode(path), OPEN_TREE_CLONE | os.O_CLOEXEC),
        "open_tree",
    )
    attributes = struct.pack("4Q", MOUNT_ATTR_IDMAP, 0, 0, user_namespace)
    try:
        _done(
            _libc.syscall(_SYS_MOUNT_SETATTR, fd, b"", AT_EMPTY_PATH, attributes, len(attributes)),
            "mount_setattr",
        )
    except OSError:
        os.close(fd)
        raise
    return fd


def prctl(option: int, value: int = 0, address: int = 0) -> int:
    """prctl(2) with one argument, or two."""
    return _done(_libc.prctl(option, value, address, 0, 0), "prctl")


def capability_mask(names: Iterable[str]) -> int:
    """The mask of some capabilities, named with or without ``CAP_``."""
    return sum(1 << CAPABILITIES.index(name.removeprefix("CAP_")) for name in names)


def start_ticks(pid: int) -> int:
    """Start time of a process in clock ticks since boot, 0 when it has gone.

    Together with the PID it names a process for good.
    """
    try:
        stat = read(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(b")")[2].split()[19])


def process_seconds(pid: int) -> float:
    """The processor time that a process has used, all its threads, in seconds; 0 when gone."""
    try:
        stat = read(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    utime, stime = stat.rpartition(b")")[2].split()[11:13]
    return (int(utime) + int(stime)) / os.sysconf("SC_CLK_TCK")


def process_state(pid: int) -> str:
    """The state of a process, a letter of proc_pid_stat(5), ``T`` when stopped; empty when gone."""
    try:
        stat = read(f"/proc/{pid}/stat")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return stat.rpartition(b")")[2].split()[0].decode()


def read(path: str) -> bytes:
    """A small file of the kernel's, in one go (``open`` makes ten system calls of it)."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(fd, 65536), b""))
    finally:
        os.close(fd)


def capability_names(bits: int) -> tuple[str, ...]:
    """The names of a capability mask of /proc/PID/status, such as ``CAP_KILL``, sorted."""
    known = (f"CAP_{name}" for i, name in enumerate(CAPABILITIES) if bits >> i & 1)
    return tuple(sorted(known))


@cache
def last_capability() -> int:
    """Number of the last capability that this kernel knows."""
    return int(read("/proc/sys/kernel/cap_last_cap"))


def _done(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
