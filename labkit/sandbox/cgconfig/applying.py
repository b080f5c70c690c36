"""Makes the groups of a configuration, all or none, below a group of this session's.

What ``cgconfigparser`` does for a whole machine, made safe to try: nothing outside the group
``root`` is touched, and what was made goes with the session. Values are written as they stand in
the file; for a file of the other version see ``translate.py``. Templates are not made: a rule of
cgrules.conf(5) would make them. Knows nothing about how the file is written.

Sources: cgconfig.conf(5), cgconfigparser(8); what libcgroup 2.0.2 was seen to do with permissions.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from labkit.core import linux
from labkit.core.errors import BadInput, LabkitError
from labkit.sandbox.cgconfig.model import Config, Controller, Group, Owner, Place, Setting
from labkit.sandbox.cgconfig.table import V1_CONTROLLERS
from labkit.sandbox.cgconfig.validate import Mistake, mistakes
from labkit.sandbox.cgroups import write
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.groups.files import Files, Trees, trees
from labkit.sandbox.groups.group import Cgroup
from labkit.sandbox.groups.making import hand_down
from labkit.sandbox.refusal import why_not_written

_FIRST = ("cpuset.cpus", "cpuset.mems", "cpu.cfs_period_us", "memory.limit_in_bytes")
_LAST = ("freezer.state", "cgroup.freeze")
"""Files that others depend on (v1 limits memory before memory and swap), and what stops a group."""


class CannotApply(BadInput):
    """A configuration that this machine does not take; nothing of it was made.

    Attributes:
        mistakes: each with its place in the file.
    """

    def __init__(self, found: Iterable[Mistake]) -> None:
        self.mistakes = tuple(found)
        first, *others = self.mistakes
        more = f" (and {len(others)} more: {', '.join(str(m.place) for m in others)})"
        super().__init__(
            f"the configuration cannot be applied: {first.place}",
            why=first.what + (more if others else ""),
            hint=first.hint,
        )


@dataclass(frozen=True)
class Applied:
    """What a configuration has become. As a context manager it is removed at the end.

    Attributes:
        config: as it was applied.
        root: the group below which all of it lies.
        groups: its groups, in the order of the file.
    """

    config: Config
    root: Cgroup
    groups: tuple[Cgroup, ...]

    def remove(self) -> None:
        """Ends what runs in the groups, and removes them."""
        if self.root.is_there:
            self.root.kill()
            self.root.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()


def apply(config: Config, root: Cgroup | None = None) -> Applied:
    """Makes the groups of a configuration, sets their values and permissions.

    Args:
        config: in the words of this machine's version of cgroups.
        root: a group that a session of yours made; a new one, ``cgconfig``, when not given.

    Raises:
        CannotApply: something in it is wrong here; each mistake with line and column.
        Blocked: this user may make no groups here.
    """
    mounted = trees()
    if found := sorted(_check(config, mounted)):
        raise CannotApply(found)
    top = _new_root(config) if root is None else root
    top.need_of_a_session()
    undo: list[Callable[[], object]] = [top.remove] if root is None else []
    try:
        return Applied(config, top, tuple(_make_all(config, top, undo)))
    except BaseException:
        for action in reversed(undo):
            with suppress(OSError, LabkitError):
                action()
        raise


def _new_root(config: Config) -> Cgroup:
    v2_names = {v1: v2 for v2, v1 in V1_CONTROLLERS.items()}
    names = dict.fromkeys(c.name for group in config.groups for c in group.controllers)
    wanted = [v2_names.get(name, name) for name in names if name != "cgroup"] or ["memory"]
    for number in range(1, 1000):
        name = "cgconfig" if number == 1 else f"cgconfig-{number}"
        with suppress(BadInput):
            return Cgroup.create(name, wanted)
    raise BadInput("there are too many configurations", hint="Remove some: applied.remove()")


# -- before anything is made -----------------------------------------------------------------------


def _check(config: Config, mounted: Trees) -> Iterator[Mistake]:
    version = mounted.version
    there = [*mounted.v1] if version == 1 else ["cgroup", *_controllers_of_v2(mounted)]
    yield from mistakes(config, version, there)
    for mount in config.mounts if version == 1 else ():
        for name in mount.controller.split(","):
            point = mounted.v1.get(name)
            if point and point != os.path.normpath(mount.path):
                what = f"{name} is mounted on {point} here, and not on {mount.path}"
                yield Mistake(mount.place, what, "Say where it is; nothing is mounted anew")
    for group in config.groups:
        if group.permissions:
            for owner in (group.permissions.task, group.permissions.admin):
                yield from _check_owner(owner)
    if config.default:
        yield from _check_owner(config.default.task)
        yield from _check_owner(config.default.admin)


def _controllers_of_v2(mounted: Trees) -> list[str]:
    return linux.read(f"{mounted.v2}/cgroup.controllers").decode().split()


def _check_owner(owner: Owner) -> Iterator[Mistake]:
    for what, name, look in (("user", owner.uid, _uid), ("group", owner.gid, _gid)):
        try:
            look(name)
        except KeyError:
            yield Mistake(owner.place, f"this machine has no {what} {name!r}")


def _uid(name: str) -> int:
    return -1 if not name else int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid


def _gid(name: str) -> int:
    return -1 if not name else int(name) if name.isdigit() else grp.getgrnam(name).gr_gid


# -- making ----------------------------------------------------------------------------------------


def _make_all(config: Config, top: Cgroup, undo: list[Callable[[], object]]) -> Iterator[Cgroup]:
    prefixes = {one.controller: one.path.strip("/") for one in config.namespaces}
    made = [(group, _make(group, top, prefixes, undo)) for group in config.groups]
    # Parents' values first: v1 lets no group have more than the one above it.
    for group, files in sorted(made, key=lambda pair: pair[0].name.count("/")):
        for controller in group.controllers:
            for setting in sorted(controller.settings, key=_rank):
                _set(_folder(files, controller.name), setting, undo)
    for group, files in made:
        if permissions := group.permissions or config.default:
            for folder in files.folders:
                _permit(folder, permissions.admin, permissions.task, undo)
    mounted = trees()
    for _, files in made:
        yield Cgroup(mounted.path_of(files.main) or top.path, files, is_meant=False)


def _rank(setting: Setting) -> int:
    return 0 if setting.name in _FIRST else 2 if setting.name in _LAST else 1


def _folder(files: Files, controller: str) -> str:
    return files.v1.get(controller) or files.v2


def _make(
    group: Group, top: Cgroup, prefixes: dict[str, str], undo: list[Callable[[], object]]
) -> Files:
    v1, v2 = {}, ""
    for controller in group.controllers:
        base = _folder(top.files, controller.name)
        if not base:
            hint = f"Make the root with it: Cgroup.create(…, controllers=(…, {controller.name!r}))"
            what = f"{top.path} has no controller {controller.name}"
            raise CannotApply([Mistake(controller.place, what, hint)])
        inner = "" if group.name == "." else group.name
        parts = [p for p in f"{prefixes.get(controller.name, '')}/{inner}".split("/") if p]
        folder = _make_down(base, parts, controller, group.place, undo)
        if controller.name in top.files.v1:
            v1[controller.name] = folder
        else:
            v2 = folder
    return Files(v1, v2)


def _make_down(
    base: str,
    parts: list[str],
    controller: Controller,
    place: Place,
    undo: list[Callable[[], object]],
) -> str:
    folder, session = base, client().session.id
    for part in parts:
        if controller.name != "cgroup":
            hand_down(folder, [controller.name])
        folder = f"{folder}/{part}"
        if Path(folder).exists():
            continue
        try:
            client().ask({"op": "groups", "folders": [folder], "session": session})
        except Refusal as refusal:
            what = f"{refusal.step}: {os.strerror(refusal.errno)}"
            raise CannotApply([Mistake(place, what)]) from None
        undo.append(Path(folder).rmdir)
    return folder


def _set(folder: str, setting: Setting, undo: list[Callable[[], object]]) -> None:
    path = f"{folder}/{setting.name}"
    before = _value(path)
    try:
        write(path, setting.value)
    except OSError as error:
        why = why_not_written(setting.name, setting.value, error.errno or 0)
        what = f"{setting.name} = {setting.value} was refused: {why}"
        raise CannotApply([Mistake(setting.place, what)]) from error
    if before is not None:
        undo.append(lambda: write(path, before))


def _value(path: str) -> str | None:
    """What a file says, where that can be written back; None for one of many lines or of none."""
    try:
        text = linux.read(path).decode().strip()
    except OSError:
        return None
    return text if text and "\n" not in text else None


def _permit(folder: str, admin: Owner, task: Owner, undo: list[Callable[[], object]]) -> None:
    """Gives the folder and its files to ``admin``, who is in it to ``task``."""
    names = ("tasks",) if Path(folder, "tasks").exists() else ("cgroup.procs", "cgroup.threads")
    _give(Path(folder), admin, admin.dperm, undo)
    for path in sorted(Path(folder).iterdir()):
        if path.name in names:
            _give(path, task, task.fperm, undo)
        elif path.is_file():
            _give(path, admin, admin.fperm, undo)


def _give(path: Path, owner: Owner, mode: str, undo: list[Callable[[], object]]) -> None:
    before = path.stat()
    rights = stat.S_IMODE(before.st_mode)
    try:
        if owner.uid or owner.gid:
            undo.append(lambda: os.chown(path, before.st_uid, before.st_gid))
            os.chown(path, _uid(owner.uid), _gid(owner.gid))
        if mode:
            # Nobody gets what the file's own user has not: what can only be read stays so.
            most = rights & stat.S_IRWXU
            undo.append(lambda: path.chmod(rights))
            path.chmod(int(mode, 8) & (most | most >> 3 | most >> 6))
    except OSError as error:
        what = f"{path} cannot be given to {owner.uid or 'nobody else'}: {error.strerror}"
        raise CannotApply([Mistake(owner.place, what)]) from error
