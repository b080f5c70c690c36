"""``network_map``: every network namespace that can be seen, and how their links hang together.

Namespaces are found by the processes in them, and by the files that they are mounted on. What is
in one is asked through a socket that the helper opens there: this process has threads, and whoever
joins another's user namespace may have but one. Asks, and changes nothing.

Sources: network_namespaces(7), proc(5) (mountinfo), ip-netns(8), rtnetlink(7) (IFLA_LINK_NETNSID).
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from labkit.core.journal import read_journal
from labkit.core.netlink import NETFILTER, Netlink
from labkit.core.session import session_folders
from labkit.sandbox.census import running
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.maps import Link, NetworkMap, NetworkNamespace
from labkit.sandbox.network.reading import Contents, RawLink, number_of, read

HERE = "this machine"
"""What the observer's own namespace is called."""

_OWN = Path("/proc/thread-self/ns/net")


@dataclass
class _Found:
    """A namespace that something leads to."""

    id: int
    file: Path
    """It, as a file."""
    pid: int = 0
    """A process in it."""
    mounted: list[Path] = field(default_factory=list)


@dataclass
class _Read:
    """A namespace that could be asked."""

    found: _Found
    contents: Contents
    route: Netlink
    file: int
    """It, as an open file."""


def network_map(pids: Iterable[int] | None = None) -> NetworkMap:
    """The network namespaces that can be seen, with their links, addresses, routes and counters.

    Args:
        pids: processes whose namespaces are wanted; all that can be found when not given. The
            observer's own is always there, and first.

    Returns:
        Those that this user may enter; others are left out.
    """
    found = _find(pids)
    with ExitStack() as stack:
        seen = {one.id: read for one in found.values() if (read := _ask(one, stack))}
        names = _names(seen.values())
        return NetworkMap(
            tuple(
                NetworkNamespace(
                    id=id,
                    name=names[id],
                    links=_links(here, seen),
                    routes=here.contents.routes,
                    is_observers=here.found.file == _OWN,
                    forwards=here.contents.forwards,
                    masquerades=here.contents.masquerades,
                )
                for id, here in seen.items()
            )
        )


def _find(pids: Iterable[int] | None) -> dict[int, _Found]:
    """By inode number: the observer's own first, then in the order of their oldest process."""
    own = _OWN.stat().st_ino
    found = {own: _Found(own, _OWN, os.getpid())}
    everyone = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    for pid in everyone if pids is None else pids:
        file = Path(f"/proc/{pid}/ns/net")
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            id = file.stat().st_ino
            found.setdefault(id, _Found(id, file, pid))
    for id, point in _mounted():
        if id in found:
            found[id].mounted.append(point)
        elif pids is None:
            found[id] = _Found(id, point, mounted=[point])
    return found


def _mounted() -> Iterator[tuple[int, Path]]:
    """Network namespaces that are mounted on files, as `ip netns add` does it."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = line.split(" ")
        if fields[3].startswith("net:["):
            point = fields[4].encode().decode("unicode_escape")
            yield int(fields[3][5:-1]), Path(point)


def _names(seen: Iterable[_Read]) -> dict[int, str]:
    boxes: dict[int, str] = {}
    for box in running():
        with contextlib.suppress(OSError):
            boxes[Path(f"/proc/{box.pid}/ns/net").stat().st_ino] = box.name
    networks = _networks()
    return {one.found.id: _name(one, boxes, networks) for one in seen}


def _name(one: _Read, boxes: dict[int, str], networks: dict[str, str]) -> str:
    found = one.found
    if found.file == _OWN:
        return HERE
    if found.id in boxes:
        return f"sandbox {boxes[found.id]}"
    if held := [networks[link.name] for link in one.contents.links if link.name in networks]:
        return f"network{'s' if len(held) > 1 else ''} {', '.join(held)}"
    return f"netns {found.mounted[0].name}" if found.mounted else f"PID {found.pid}"


def _networks() -> dict[str, str]:
    """The bridges of labkit's networks, and what the networks are called."""
    names: dict[str, str] = {}
    for folder, is_alive in session_folders():
        entries = read_journal(str(folder)) if is_alive else ()
        names |= {each["bridge"]: each["name"] for each in entries if each["kind"] == "network"}
    return names


def _ask(found: _Found, stack: ExitStack) -> _Read | None:
    """What a namespace holds; None when it may not be entered, or has gone."""
    try:
        file = os.open(found.file, os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, file)
        if found.file == _OWN:
            route, rules = Netlink(), Netlink(NETFILTER)
        else:
            _, fds = client().ask({"op": "netlink", "pid": found.pid}, [] if found.pid else [file])
            route, rules = (Netlink(sock=socket.socket(fileno=fd)) for fd in fds)
        stack.callback(route.close)
        stack.callback(rules.close)
        return _Read(found, read(route, rules), route, file)
    except (OSError, Refusal):
        return None


def _links(here: _Read, seen: dict[int, _Read]) -> tuple[Link, ...]:
    contents = here.contents
    names = {link.index: link.name for link in contents.links}
    numbers: dict[int, int] = {}
    if any(link.peer and link.peer[1] is not None for link in contents.links):
        for id, other in seen.items():
            if (number := number_of(here.route, other.file)) is not None:
                numbers[number] = id

    def peer(link: RawLink) -> tuple[int, int] | None:
        if link.peer is None:
            return None
        index, number = link.peer
        there = here.found.id if number is None else numbers.get(number)
        return None if there is None else (there, index)

    return tuple(
        Link(
            name=link.name, index=link.index, kind=link.kind, is_up=link.is_up, mac=link.mac,
            mtu=link.mtu, addresses=contents.addresses.get(link.index, ()),
            bridge=names.get(link.master, ""), peer=peer(link), traffic=link.traffic,
        )
        for link in contents.links
    )  # fmt: skip
