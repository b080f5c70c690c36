"""``namespace_map``: every namespace that can be seen, and who is in it.

Namespaces are found by the processes in them, and by the files that they are mounted on, in any
mount namespace that can be seen. Whose a namespace is, the kernel is asked. Asks, and changes
nothing.

Sources: namespaces(7), ioctl_ns(2), proc(5) (ns, mountinfo), ip-netns(8).
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator

from labkit.core import linux
from labkit.sandbox.census import roles
from labkit.sandbox.facts import NAMESPACE_KINDS
from labkit.sandbox.maps import Member, Namespace, NamespaceMap
from labkit.sandbox.table import namespaces_of, read_process

_NS_GET_USERNS = 0xB701
_MOUNTED = re.compile(rb"(\w+):\[(\d+)\]")
_KINDS = {"mount": "mnt", "time_for_children": "time", "pid_for_children": "pid"}
_LONGEST = 200
"""Characters of a command line: a picture shows fewer."""

Key = tuple[str, int]


def namespace_map(pids: Iterable[int] | None = None) -> NamespaceMap:
    """The namespaces of this machine, as far as this user may see them, and who is in them.

    Args:
        pids: the processes that are wanted, beside the observer; all of them when not given, and
            then also namespaces that only a mount keeps.
    """
    played = roles()
    wanted = None if pids is None else {*pids, os.getpid()}
    members: dict[int, Member] = {}
    lived: dict[Key, list[int]] = {}
    by_link: dict[str, list[int]] = {}
    unreadable = 0
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):  # noqa: PTH208
        member = _member(pid, played) if wanted is None or pid in wanted else None
        if member is None:
            continue
        members[pid] = member
        unreadable += not _add(pid, by_link, lived)
    own = namespaces_of("thread-self")
    kept = _kept(lived)
    if wanted is not None:
        kept = {key: points for key, points in kept.items() if key in lived}
    return NamespaceMap(
        tuple(
            Namespace(
                kind=kind,
                id=id,
                members=tuple(lived.get((kind, id), ())),
                kept_by=tuple(sorted(kept.get((kind, id), ()))),
                owner=_owner(kind, id, lived.get((kind, id), ()), kept.get((kind, id), ())),
                is_observers=own.get(kind) == id,
            )
            for kind, id in sorted({*lived, *kept}, key=lambda key: _place(key, own))
        ),
        members,
        unreadable,
    )


def shared(pid: int, other: int) -> tuple[str, ...]:
    """The kinds of namespace in which two processes are together.

    Raises:
        BadInput: there is no such process.
    """
    theirs = read_process(pid).namespaces, read_process(other).namespaces
    return tuple(
        kind
        for kind in NAMESPACE_KINDS
        if kind in theirs[0] and theirs[0][kind] == theirs[1].get(kind)
    )


def _place(key: Key, own: dict[str, int]) -> tuple[int, bool, int]:
    kind, id = key
    return NAMESPACE_KINDS.index(kind), own.get(kind) != id, id


def _add(pid: int, by_link: dict[str, list[int]], lived: dict[Key, list[int]]) -> bool:
    """Enters a process with each of its namespaces; says whether we may read them.

    Read as links, and each text taken apart once: half the time of looking at what they lead to.
    """
    is_readable = False
    for kind in NAMESPACE_KINDS:
        try:
            link = os.readlink(f"/proc/{pid}/ns/{kind}")  # noqa: PTH115 (8 x 500 calls)
        except OSError:
            continue
        is_readable = True
        if link not in by_link:
            number = int(link.partition("[")[2].rstrip("]"))
            by_link[link] = lived.setdefault((kind, number), [])
        by_link[link].append(pid)
    return is_readable


def _member(pid: int, played: dict[int, str]) -> Member | None:
    """None when it has ended."""
    try:
        raw = _start_of(f"/proc/{pid}/stat", 1024)
        words = _start_of(f"/proc/{pid}/cmdline", _LONGEST).split(b"\0")
        uid = os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 (as lsns does)
    except OSError:
        return None
    head, _, tail = raw.decode(errors="replace").rpartition(")")
    comm = head.partition("(")[2]
    argv = [word.decode(errors="replace") for word in words]
    command = " ".join((argv[0].rpartition("/")[2], *argv[1:])).strip() or f"[{comm}]"
    return Member(pid, int(tail.split()[1]), uid, command, played.get(pid, ""))


def _start_of(path: str, size: int) -> bytes:
    """The first bytes of a file of the kernel's: one read is enough for them."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, size)
    finally:
        os.close(fd)


def _kept(lived: dict[Key, list[int]]) -> dict[Key, set[str]]:
    """Namespaces that are mounted on files, in the mount namespaces that we may look at."""
    kept: dict[Key, set[str]] = {}
    for (kind, _), pids in list(lived.items()):
        if kind != "mnt":
            continue
        for key, point in _mounted(pids[0]):
            kept.setdefault(key, set()).add(point)
    return kept


def _mounted(pid: int) -> Iterator[tuple[Key, str]]:
    try:
        lines = linux.read(f"/proc/{pid}/mountinfo").splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split(b" ")
        if match := _MOUNTED.fullmatch(fields[3]):
            kind = match[1].decode()
            point = fields[4].decode("unicode_escape", errors="replace")
            yield (_KINDS.get(kind, kind), int(match[2])), point


def _owner(
    kind: str, id: int, pids: list[int] | tuple[()], points: set[str] | tuple[()]
) -> int | None:
    """Inode number of the user namespace that it belongs to, when the kernel says it."""
    paths = [f"/proc/{pid}/ns/{kind}" for pid in pids[:3]]
    for path in (*paths, *points):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if os.fstat(fd).st_ino != id:
                continue  # another one since, or a file of another mount namespace
            user = fcntl.ioctl(fd, _NS_GET_USERNS)
            try:
                return os.fstat(user).st_ino
            finally:
                os.close(user)
        except OSError:  # it lies outside of what we may know
            continue
        finally:
            os.close(fd)
    return None
