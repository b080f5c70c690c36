"""The maps of user ids: written, and kept in a namespace that mounts can be shown by.

Sources: user_namespaces(7), newuidmap(1), mount_setattr(2) ("ID-mapped mounts").
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Sequence
from functools import cache
from typing import Any

from labkit.core import linux
from labkit.sandbox import cgroups

Rows = Sequence[Sequence[int]]

_PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin")


def write_maps(pid: int, id_map: Any) -> None:
    """Writes the id maps of a process that is alone in a new user namespace.

    Args:
        pid: the process.
        id_map: rows for users and for groups; None for the usual: root keeps all ids, anyone else
            is root inside and themselves outside.
    """
    if not id_map:
        for name, text in _usual().items():
            cgroups.write(f"/proc/{pid}/{name}", text)
        return
    users, groups = id_map
    if os.geteuid() == 0:
        cgroups.write(f"/proc/{pid}/uid_map", _text(users))
        cgroups.write(f"/proc/{pid}/gid_map", _text(groups))
    elif len(users) == 1 and len(groups) == 1:
        cgroups.write(f"/proc/{pid}/uid_map", _text(users))
        cgroups.write(f"/proc/{pid}/setgroups", "deny")
        cgroups.write(f"/proc/{pid}/gid_map", _text(groups))
    else:
        _run("newuidmap", pid, users)
        _run("newgidmap", pid, groups)


def user_namespace(id_map: Any) -> int:
    """A user namespace with these maps, kept by the descriptor alone."""
    ours, theirs = os.pipe2(os.O_CLOEXEC)
    pid, pidfd = linux.clone(linux.CLONE_NEWUSER)
    if pid == 0:
        # It waits, and ends with us, whatever ends us: it has copies of all our open files, and
        # our session would wait for an answer as long as one of them is open.
        os.close(theirs)
        os.read(ours, 1)
        os._exit(0)
    os.close(ours)
    try:
        write_maps(pid, id_map)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(pidfd)
        os.close(theirs)


@cache
def _usual() -> dict[str, str]:
    if os.geteuid() != 0:
        users, groups = f"0 {os.geteuid()} 1\n", f"0 {os.getegid()} 1\n"
        return {"uid_map": users, "setgroups": "deny", "gid_map": groups}
    maps = {}
    for name in ("uid_map", "gid_map"):
        rows = (row.split() for row in linux.read(f"/proc/self/{name}").decode().splitlines())
        maps[name] = "".join(f"{inner} {inner} {count}\n" for inner, _, count in rows)
    return maps


def _text(rows: Rows) -> str:
    return "".join("{} {} {}\n".format(*row) for row in rows)


def _run(program: str, pid: int, rows: Rows) -> None:
    """newuidmap(1) has the right to map what /etc/subuid gives, and looks it up there."""
    argv = [program, str(pid), *(str(number) for row in rows for number in row)]
    for folder in _PROGRAM_FOLDERS:
        if os.access(f"{folder}/{program}", os.X_OK):
            child = os.posix_spawn(f"{folder}/{program}", argv, {"PATH": "/usr/bin:/bin"})
            if os.waitpid(child, 0)[1] != 0:
                raise OSError(errno.EPERM, f"{program} refuses")
            return
    raise OSError(errno.ENOENT, f"{program} is not installed")
