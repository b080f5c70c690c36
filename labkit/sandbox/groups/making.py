"""Making groups: where this user may, journalled, and gone with the session.

The helper makes the folders, for it alone writes the journal while it runs.

Sources: cgroups(7), cgroup-v2.rst ("No Internal Process Constraint", "Top-down Constraint").
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from labkit.core.errors import BadInput, NotFound, SystemFault
from labkit.core.session import current_session
from labkit.sandbox.cgconfig.names import v1_controller_of
from labkit.sandbox.cgroups import Place, write
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.groups import errors
from labkit.sandbox.groups.files import Files, trees

_ALWAYS_V1 = ("cpuacct", "cgroup")
"""What every group of v2 has, counting of CPU time and freezing, are controllers of v1. The last
made is undone first: a frozen process does not die before its freezer has gone."""

_CONTROLLERS = ("cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma", "misc")
_ONLY_V1 = ("cgroup", "cpuacct", "devices", "net_cls", "net_prio", "perf_event")
"""For a configuration of v1; ``cgroup`` is the freezer."""


def make(name: str, wanted: tuple[str, ...]) -> Files:
    """See :meth:`Cgroup.create`."""
    session, parts = current_session().id, _parts(name)
    places = _places(wanted)
    inner = "/".join([f"labkit-{session}-{parts[0]}", *parts[1:]])
    if any(Path(place.base, inner).exists() for place in places.values()):
        raise BadInput(f"there is a group {name!r} already", hint="Take another name")
    for base in dict.fromkeys(place.base for place in places.values()):
        here = [name for name in wanted if places[name].base == base]
        _make_down(base, inner, session, here)
    v1 = {v1_controller_of(n): f"{p.base}/{inner}" for n, p in places.items() if p.version == 1}
    v2 = next((f"{p.base}/{inner}" for p in places.values() if p.version == 2), "")
    return Files(v1, v2)


def _parts(name: str) -> list[str]:
    parts = str(name).strip("/").split("/")
    if any(part in ("", ".", "..") or "\0" in part or "\n" in part for part in parts):
        raise BadInput(
            f"{name!r} cannot be the name of a group", why="it is a path, such as lab/web"
        )
    if any(part.startswith(("cgroup.", *(f"{c}." for c in _CONTROLLERS))) for part in parts):
        raise BadInput(
            f"{name!r} cannot be the name of a group", why="the kernel's own files begin like that"
        )
    return parts


def _places(wanted: tuple[str, ...]) -> dict[str, Place]:
    """Where each controller's folder is made, the order in which it is done."""
    for name in wanted:
        if name not in (*_CONTROLLERS, *_ONLY_V1):
            raise NotFound("controller", name, _CONTROLLERS, hint=f"There are {_CONTROLLERS}")
    helper, mounted = client(), trees()
    places = helper.places(*wanted)
    for name in wanted:
        if not places[name].base:
            raise errors.no_place(name, places[name].why_not, places[name].version)
    if mounted.version == 2:
        return {name: places[name] for name in wanted}
    extra = [n for n in _ALWAYS_V1 if v1_controller_of(n) in mounted.v1 and n not in wanted]
    more = helper.places(*wanted, *extra)
    return {n: more[n] for n in (*wanted, *extra) if more[n].base and more[n].version == 1} | {
        n: more[n] for n in wanted if more[n].version == 2
    }


def _make_down(base: str, inner: str, session: str, controllers: list[str]) -> None:
    """Makes a group and those above it; in v2 each hands its controllers down to the next."""
    folders, folder = [], base
    for part in inner.split("/"):
        folder = f"{folder}/{part}"
        folders.append(folder)
    for number, folder in enumerate(folders):
        try:
            client().ask({"op": "groups", "folders": [folder], "session": session})
        except Refusal as refusal:
            raise SystemFault(refusal.step, errno=refusal.errno) from None
        if number + 1 < len(folders):
            hand_down(folder, controllers)


def hand_down(folder: str, controllers: Iterable[str]) -> None:
    """In v2: gives the groups below ``folder`` these controllers.

    Raises:
        SystemFault: it has processes, or lacks one of them itself.
    """
    control = Path(folder, "cgroup.subtree_control")
    if not control.exists():
        return
    for name in controllers:
        if name in control.read_text().split():
            continue
        try:
            write(str(control), f"+{name}")
        except OSError as error:
            raise errors.of_write(folder, control.name, f"+{name}", error) from error
