"""Reads facts of a process from inside its namespaces, with its eyes.

A forked child joins the namespaces and the root of the process, reads, sends, and ends. It does
not join the PID namespace (that would take one more fork): the /proc it finds shows that one's
PIDs. Sources: setns(2), proc(5), namespaces(7).
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Sequence
from typing import Any, NoReturn

from labkit.core import linux
from labkit.core.netlink import NETFILTER, ROUTE
from labkit.sandbox.helper import launch, wire
from labkit.sandbox.helper.attempt import Refused

FAMILIES = (ROUTE, NETFILTER)
"""What sockets a look at links needs."""

_MOST_PROCESSES, _MOST_CHARACTERS = 200, 300
"""Rows of a process table that a picture can show, and their width; the count is told as well."""

_MOST_ENTRIES = 2000
"""Entries of a root folder; the answer is one message of limited size."""


def look(pid: int) -> dict[str, Any]:
    """Facts of process ``pid`` as it sees them. Raises :class:`Refused`."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = os.fork()
            if child == 0:
                ours.close()
                _as_child(pid, theirs)
        ours.settimeout(launch.DEADLINE_S)
        try:
            message, _ = wire.receive(ours)
        except TimeoutError:  # a root on a server that is gone; the loop collects the child
            os.kill(child, signal.SIGKILL)
            raise Refused("look inside", errno.ETIMEDOUT) from None
    os.waitpid(child, 0)
    if message is None or "error" in message:
        report = (message or {}).get("error", {"step": "look inside", "errno": errno.ESRCH})
        raise Refused(report["step"], report["errno"])
    return message


def open_netlink(pid: int, files: Sequence[int]) -> list[int]:
    """Netlink sockets in the network namespace of a process, or in that of an open file.

    A socket stays in the namespace where it was opened: whoever gets it asks from outside.

    Returns:
        Descriptors: for links and routes, for packet rules.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            child = os.fork()
            if child == 0:
                _open_there(pid, files, theirs)
        message, sockets = wire.receive(ours)
    os.waitpid(child, 0)
    if message is None or "error" in message:
        for fd in sockets:
            os.close(fd)
        raise Refused("look inside", (message or {}).get("error", errno.ESRCH))
    return sockets


def _open_there(pid: int, files: Sequence[int], sync: socket.socket) -> NoReturn:
    try:
        if files:
            linux.setns(files[0], linux.CLONE_NEWNET)
        else:
            flags = linux.CLONE_NEWNET
            if launch.namespace(pid, "user") != launch.namespace(os.getpid(), "user"):
                flags |= linux.CLONE_NEWUSER
            linux.setns(os.pidfd_open(pid), flags)
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        sockets = [socket.socket(socket.AF_NETLINK, kind, family) for family in FAMILIES]
        wire.send(sync, {}, [each.fileno() for each in sockets])
    except OSError as error:
        wire.send(sync, {"error": error.errno or 0})
    finally:
        os._exit(0)


def _as_child(pid: int, sync: socket.socket) -> NoReturn:
    step = "find the process"
    try:
        pidfd = os.pidfd_open(pid)
        inner_pid = _status(str(pid)).get("NSpid", str(pid)).split()[-1]
        its_namespace = launch.namespace(pid, "pid")
        root = os.open(f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY)
        step = "join the namespaces"
        flags = 0
        for kind, flag in linux.CLONE_FLAGS.items():
            differs = launch.namespace(pid, kind) != launch.namespace(os.getpid(), kind)
            flags |= flag if differs and kind not in ("pid", "time") else 0
        if flags:
            linux.setns(pidfd, flags)
        step = "enter its root"
        os.fchdir(root)
        # We stand in the root of its mounts now; one that was chrooted has another.
        is_chrooted = not os.path.samestat(os.stat("."), os.stat("/"))
        if is_chrooted:
            os.chroot(".")
        step = "read"
        # The /proc it sees may still be its parent's (unshare --pid without --mount-proc).
        is_own_proc = launch.namespace(int(inner_pid), "pid") == its_namespace
        facts = _facts(inner_pid if is_own_proc else str(pid))
        wire.send(sync, {**facts, "is_chrooted": is_chrooted})
    except OSError as error:
        wire.send(sync, {"error": {"step": step, "errno": error.errno or 0}})
    except BaseException as error:  # a fork must never run on as a second helper
        wire.send(sync, {"error": {"step": f"{step}: {error!r}", "errno": 0}})
    finally:
        os._exit(0)


def _facts(pid: str) -> dict[str, Any]:
    status = _status(pid)
    uid = int(status.get("Uid", "0").split()[0])
    processes = list(_processes())
    return {
        "pid": int(pid),
        "ppid": int(status.get("PPid", "0")),
        "uid": uid,
        "user": _user_name(uid),
        "hostname": os.uname().nodename,
        "root": sorted(os.listdir("/"))[:_MOST_ENTRIES],
        "root_filesystem": _root_filesystem(pid),
        "processes": processes[:_MOST_PROCESSES],
        "process_count": len(processes),
        "interfaces": sorted(name for _, name in socket.if_nameindex()),
        "mount_count": len(_lines(f"/proc/{pid}/mountinfo")),
        "cgroups": dict(_cgroup(line) for line in _lines(f"/proc/{pid}/cgroup")),
    }


def _cgroup(line: str) -> tuple[str, str]:
    _, controllers, path = line.split(":", 2)
    return controllers, path


def _processes() -> Any:
    names = (name for name in os.listdir("/proc") if name.isdigit())
    for name in sorted(names, key=int):
        status = _status(name)
        if not status:
            continue
        argv = "\n".join(_lines(f"/proc/{name}/cmdline")).replace("\0", " ").strip()
        command = argv[:_MOST_CHARACTERS] or f"[{status.get('Name', '?')}]"
        yield [int(name), int(status.get("PPid", "0")), command]


def _root_filesystem(pid: str) -> str:
    for line in reversed(_lines(f"/proc/{pid}/mountinfo")):
        fields, _, rest = line.partition(" - ")
        if fields.split(" ")[4] == "/":
            return rest.split(" ")[0]
    return "?"


def _user_name(uid: int) -> str:
    for line in _lines("/etc/passwd"):
        fields = line.split(":")
        if len(fields) > 2 and fields[2] == str(uid):
            return fields[0]
    return str(uid)


def _status(pid: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in _lines(f"/proc/{pid}/status"))
    return {key: value.strip() for key, _, value in pairs}


def _lines(path: str) -> list[str]:
    try:
        with open(path, errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []
