"""A helper apart: root in a user and a network namespace of its own.

An ordinary user may not make links in the machine's network namespace. In one of their own they
may, and into it they may plug what lies below it: a message of netlink about two network namespaces
needs CAP_NET_ADMIN over the user namespaces of both. So the sandboxes of such a network are started
by this helper: their user namespaces are children of its own.

Sources: user_namespaces(7), network_namespaces(7), rtnetlink(7).
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from labkit.core import linux

MACHINES, WANTED, ENTERED = "machine", "apart", "entered"
"""Where a helper's networks lie: in the machine's network namespace; it is to have one of its own;
it has. A number instead is the errno with which it could not."""


def execute_there(program: str, arguments: list[str]) -> NoReturn:
    """Makes the namespaces, and starts the helper anew in them.

    Anew, because a process of an ordinary user that is not to be traced belongs to the root of the
    user namespace in which it was executed, and only that one may map the ids of its children.
    """
    place = ENTERED
    try:
        _enter()
    except OSError as error:
        place = str(error.errno)
    os.execv(sys.executable, [sys.executable, "-I", "-S", program, *arguments, place])


def _enter() -> None:
    users, groups = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNET)
    for name, text in (
        ("setgroups", "deny"),  # before a group may be mapped
        ("uid_map", f"0 {users} 1"),
        ("gid_map", f"0 {groups} 1"),
    ):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
