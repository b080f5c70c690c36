"""``Cgroup``: a control group, as an object.

    >>> with Cgroup.create("lab/web") as group:                         # doctest: +SKIP
    ...     group["memory.max"] = "64M"
    ...     group.add(pid)

Files go by their cgroup v2 names on every tree (``labkit.sandbox.groups.files``). Groups that are
made here carry the session's id in their name, and go with the session. Knows nothing about
sandboxes. How a group is frozen and ended is in ``ending.py``, what happens in it in ``events.py``.

Sources: cgroups(7), cgroup-v2.rst ("Delegation", "No Internal Process Constraint").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from labkit.core.errors import BadInput, SystemFault
from labkit.core.session import session_folders
from labkit.sandbox.cgconfig.names import NoEqual
from labkit.sandbox.cgroups import cgroup_mounts, own_cgroups, write
from labkit.sandbox.groups import ending, errors, events, making
from labkit.sandbox.groups.files import Files, trees
from labkit.sandbox.maps import Pressure

_HANDED_OVER = ("cgroup.procs", "cgroup.threads", "cgroup.subtree_control")
"""Where the kernel does not list it (/sys/kernel/cgroup/delegate): cgroup-v2.rst, "Delegation"."""


class Cgroup:
    """One control group. Get one by :meth:`create`, :meth:`of` or :meth:`at`.

    Attributes:
        path: its path from the root of its tree, as ``/proc/PID/cgroup`` has it.
        files: its folders.
    """

    def __init__(self, path: str, files: Files, *, is_meant: bool) -> None:
        self.path, self.files, self._is_meant = path, files, is_meant

    # -- getting one ------------------------------------------------------------------------------

    @classmethod
    def create(cls, name: str, controllers: Iterable[str] = ("memory", "pids")) -> Cgroup:
        """Makes a group where this user may make some, and the groups above it.

        Args:
            name: such as ``lab/web``. The first part gets the session's id before it, so that no
                two sessions meet.
            controllers: by their v2 names; what every group of v2 can do comes with it.

        Raises:
            BadInput: a name that cannot be one, or that is taken.
            Blocked: this user may make no groups here, or a controller is missing.
        """
        files = making.make(name, (*controllers,))
        return cls(trees().path_of(files.main) or f"/{name}", files, is_meant=False)

    @classmethod
    def of(cls, pid: int) -> Cgroup:
        """The group that a process is in. It is changed only when a session of yours made it.

        Raises:
            NotFound: there is no such process, or its group is out of our sight.
        """
        own = own_cgroups(str(pid))
        if not own:
            raise BadInput(f"there is no process {pid}")
        mounted = trees()
        v1 = {name: point + own.get(name, "/").rstrip("/") for name, point in mounted.v1.items()}
        # The root of a hierarchy says that the process has no group there.
        v1 = {name: path for name, path in v1.items() if path != mounted.v1[name]}
        v2 = mounted.v2 + own.get("", "/").rstrip("/") if mounted.v2 else ""
        if v1 and v2 == mounted.v2:
            v2 = ""
        files = Files(v1, v2) if v1 or v2 else mounted.files("/")
        path = mounted.path_of(files.main) or "/"
        if not all(Path(folder).is_dir() for folder in files.folders):
            raise errors.no_such_group(path)
        return cls(path, files, is_meant=False)

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Cgroup:
        """The group of a path, whoever made it: what is named here is meant, and may be changed.

        Args:
            path: from the root of the tree, such as ``/user.slice``; or its folder.

        Raises:
            NotFound: there is none.
        """
        mounted, text = trees(), os.path.normpath(os.fspath(path))
        inner = mounted.path_of(text) or "/" + text.strip("/")
        files = mounted.files(inner)
        if not files.folders:
            raise errors.no_such_group(inner)
        return cls(inner, files, is_meant=True)

    # -- its files --------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> str:
        """What a file says, by its v2 name: ``group["memory.max"]``.

        Raises:
            NotFound: the group has no such file, or has gone.
            Blocked: v1 has nothing that says it.
        """
        try:
            return self.files.read(name)
        except (OSError, NoEqual) as error:
            raise errors.of_read(self.path, name, error) from error

    def __setitem__(self, name: str, value: str | int) -> None:
        """Writes a file by its v2 name: ``group["memory.max"] = "64M"``.

        Raises:
            BadInput: the kernel does not take that value.
            Blocked: it is not to be changed, or v1 has nothing like it.
            SystemFault: the kernel refuses for another reason.
        """
        self.need_ours(f"set {name}")
        self.write(name, str(value))

    def write(self, name: str, value: str) -> None:
        """As ``group[name] = value``, for what has been allowed already."""
        try:
            self.files.write(name, value)
        except (OSError, NoEqual) as error:
            raise errors.of_write(self.path, name, value, error) from error

    @property
    def version(self) -> int:
        """1 or 2: whose files hold its memory limit, or its only ones."""
        return 1 if self.files.v1 else 2

    @property
    def is_there(self) -> bool:
        """Whether it still exists."""
        return Path(self.files.main).is_dir()

    # -- who is in it -----------------------------------------------------------------------------

    @property
    def processes(self) -> tuple[int, ...]:
        """PIDs of the processes in it, without those of the groups below."""
        return tuple(sorted(int(pid) for pid in self["cgroup.procs"].split()))

    @property
    def children(self) -> tuple[Cgroup, ...]:
        """The groups right below it, by name."""
        names = {name for folder in self.files.folders for name in _folders_in(folder)}
        return tuple(self._below(name) for name in sorted(names))

    def walk(self) -> Iterator[Cgroup]:
        """It and the groups below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def add(self, pid: int) -> None:
        """Moves a process in, with all its threads.

        Raises:
            SystemFault: the kernel refuses: no such process, not yours, or a group that holds none.
        """
        self.need_ours("add a process")
        for folder in self.files.folders:
            try:
                write(f"{folder}/cgroup.procs", str(pid))
            except OSError as error:
                raise errors.of_write(self.path, "cgroup.procs", str(pid), error) from error

    # -- what can be done to it -------------------------------------------------------------------

    def freeze(self, timeout_s: float = 5.0) -> None:
        """Stops every process in it and below, and returns when all stand still.

        Raises:
            TimedOut: one of them hangs in the kernel.
        """
        self.need_ours("freeze the processes")
        ending.freeze(self, timeout_s)

    def thaw(self) -> None:
        """Lets them go on."""
        self.need_ours("thaw the processes")
        self.write("cgroup.freeze", "0")

    def kill(self, timeout_s: float = 5.0) -> int:
        """Ends every process in it and below, and returns when none is left: how many there were.

        Raises:
            TimedOut: one of them hangs in the kernel.
        """
        self.need_ours("kill the processes")
        return ending.kill(self, timeout_s)

    def delegate(self, uid: int, gid: int | None = None) -> tuple[str, ...]:
        """Hands it to a user, who may then make groups below and move processes among them.

        The limits of the group itself stay ours: what is below can never have more.

        Returns:
            What was handed over: the folders, and the files in them.
        """
        self.need_ours("give away a part")
        given = []
        for folder in self.files.folders:
            here = [folder, *(f"{folder}/{name}" for name in _delegated() if "/" not in name)]
            if folder != self.files.v2:
                here.append(f"{folder}/tasks")
            given += [path for path in here if Path(path).exists()]
        for path in given:
            try:
                os.chown(path, uid, -1 if gid is None else gid)
            except OSError as error:
                raise SystemFault(f"give {path} to user {uid}", errno=error.errno or 0) from error
        return tuple(given)

    def remove(self) -> None:
        """Removes it and the groups below it; nothing when it has gone.

        Raises:
            SystemFault: processes are in it.
        """
        self.need_ours("remove a part")
        ending.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_there:
            self.kill()
            self.remove()

    # -- what happens in it -----------------------------------------------------------------------

    def events(self) -> Mapping[str, int]:
        """What the kernel has counted: ``memory.oom_kill``, ``pids.max``, ``cpu.nr_throttled``…"""
        return events.read(self.files)

    def wait_for(self, event: str, *, since: int | None = None, timeout_s: float = 10.0) -> int:
        """Waits until the kernel has counted one more event.

        Args:
            event: such as ``memory.oom_kill``, ``memory.high``, ``pids.max``; or
                ``cgroup.populated``, ``cgroup.frozen``, which change.
            since: the count that is known; that of now when not given.
            timeout_s: deadline in seconds.

        Returns:
            The count now.

        Raises:
            NotFound: this group counts no such event.
            TimedOut: it did not happen.
        """
        return events.wait_for(self.path, self.files, event, since, timeout_s)

    def pressure(self) -> tuple[Pressure, ...] | None:
        """How long its tasks waited for CPU, memory and I/O (psi.rst).

        None where the kernel does not say it for a group: in v1, or without PSI. What
        ``/proc/pressure`` says is the whole machine's.
        """
        return events.pressure(self.files)

    def __repr__(self) -> str:
        return f"<Cgroup {self.path} (v{self.version})>"

    def need_ours(self, what: str) -> None:
        """Raises :class:`Blocked` unless the group may be changed by whoever holds this object."""
        points = {*cgroup_mounts().values()}
        if self.path == "/" or points.intersection(self.files.folders):
            raise errors.is_root(what)
        if not self._is_meant and not _is_of_a_session(self.path):
            raise errors.not_ours(self.path)

    def need_of_a_session(self) -> None:
        """Raises :class:`Blocked` unless a session of this user's made it: so it goes with that."""
        if not _is_of_a_session(self.path):
            raise errors.not_made_here(self.path)

    def _below(self, name: str) -> Cgroup:
        v1 = {
            controller: f"{folder}/{name}"
            for controller, folder in self.files.v1.items()
            if Path(folder, name).is_dir()
        }
        v2 = f"{self.files.v2}/{name}"
        files = Files(v1, v2 if self.files.v2 and Path(v2).is_dir() else "")
        return Cgroup(f"{self.path.rstrip('/')}/{name}", files, is_meant=self._is_meant)


def _delegated() -> list[str]:
    try:
        return Path("/sys/kernel/cgroup/delegate").read_text().split()
    except OSError:
        return [*_HANDED_OVER]


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:  # it has gone
        return []


def _is_of_a_session(path: str) -> bool:
    ids = {folder.name for folder, _ in session_folders()}
    words = (part.split("-") for part in path.split("/") if part.startswith("labkit-"))
    return any(len(word) > 2 and word[1] in ids for word in words)
