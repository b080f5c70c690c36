"""The files of one cgroup by their v2 names, on v1, v2 and hybrid trees.

In v2 a group is one folder. In v1 it is a folder of the same path in each hierarchy. Knows nothing
about who may do what. What v1 calls the same is looked up in ``labkit.sandbox.cgconfig``.

Sources: cgroups(7), cgroup-v2.rst ("Interface Files"), cgroup-v1/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit.core import linux
from labkit.sandbox.cgconfig.names import (
    NoEqual,
    controller_of,
    from_files,
    to_files,
    v1_controller_of,
    v1_files,
)
from labkit.sandbox.cgconfig.table import READINGS
from labkit.sandbox.cgroups import cgroup_mounts, change_limit

_PREFERRED = ("memory", "pids", "cpu", "freezer", "cpuset", "blkio", "cpuacct")
"""Whose list of processes stands for a v1 group that is in several hierarchies."""

_PARTS_OF_V1 = {"cpu.stat": ("cpuacct", "cpu"), "cgroup.events": _PREFERRED}
"""What v2 says in one file and v1 in the files of several controllers."""


@dataclass(frozen=True)
class Files:
    """One group's folders.

    Attributes:
        v1: v1 controller to folder, such as ``blkio``; empty where all is v2.
        v2: the folder in the v2 hierarchy; empty when it has none there.
    """

    v1: Mapping[str, str]
    v2: str = ""

    @property
    def folders(self) -> tuple[str, ...]:
        """Each folder once, that of v2 last."""
        return tuple(dict.fromkeys([*self.v1.values(), *([self.v2] if self.v2 else [])]))

    @property
    def main(self) -> str:
        """The folder whose processes are the group's."""
        for name in _PREFERRED:
            if name in self.v1:
                return self.v1[name]
        return self.v2 or self.folders[0]

    def version_of(self, name: str) -> int:
        """Whose file it is here; 0 when the group has neither."""
        wanted = _PARTS_OF_V1.get(name, (v1_controller_of(name),))
        if name in ("cgroup.procs", "cgroup.threads"):
            return 1 if self.v1 else 2
        if any(controller in self.v1 for controller in wanted):
            return 1
        return 2 if self.v2 else 0

    def read(self, name: str) -> str:
        """What a file of v2 says, or would say.

        Raises:
            NoEqual: v1 has no such file.
            OSError: it cannot be read; FileNotFoundError without its controller.
        """
        version = self.version_of(name)
        if version == 1:
            return from_files(name, self._read_v1)
        self._need(version, name)
        return linux.read(f"{self.v2}/{name}").decode(errors="replace").strip()

    def write(self, name: str, value: str) -> None:
        """Writes as into a file of v2.

        Raises:
            NoEqual: v1 has no such file, or not for this value.
            OSError: the kernel does not take it; ``filename`` says which file.
        """
        version = self.version_of(name)
        self._need(version, name)
        for file, text in to_files(name, value, version):
            folder = self.v1[v1_controller_of(name)] if version == 1 else self.v2
            try:
                change_limit(folder, file, text)
            except OSError as error:
                error.filename = f"{folder}/{file}"
                raise

    def path(self, name: str) -> str:
        """The file of a limit on this machine; empty when it is not there."""
        version = self.version_of(name)
        try:
            file = (READINGS.get(name) or v1_files(name)[0]) if version == 1 else name
        except NoEqual:
            return ""
        folder = self.v1.get(v1_controller_of(name), "") if version == 1 else self.v2
        path = f"{folder}/{file}"
        return path if folder and Path(path).exists() else ""

    def _need(self, version: int, name: str) -> None:
        if not version:
            raise FileNotFoundError(2, f"the group has no controller {controller_of(name)}", name)

    def _read_v1(self, file: str) -> str:
        controller = file.partition(".")[0]
        folder = self.main if controller in ("cgroup", "tasks") else self.v1.get(controller)
        if folder is None:
            raise FileNotFoundError(2, f"the group is in no hierarchy of {controller}", file)
        return linux.read(f"{folder}/{file}").decode(errors="replace")


@dataclass(frozen=True)
class Trees:
    """Where the hierarchies are mounted.

    Attributes:
        v1: v1 controller to mount point.
        v2: the mount point of v2; empty for none.
    """

    v1: Mapping[str, str]
    v2: str

    @property
    def version(self) -> int:
        """1 where memory is a controller of v1, or v2 is not mounted; else 2."""
        return 1 if "memory" in self.v1 or not self.v2 else 2

    def files(self, path: str, version: int | None = None) -> Files:
        """The folders that a group of this path has; none of them need to be there."""
        inner = "" if path == "/" else path
        v1 = {
            name: point + inner
            for name, point in (self.v1.items() if version != 2 else ())
            if Path(point + inner).is_dir()
        }
        has_v2 = self.v2 and version != 1 and Path(self.v2 + inner).is_dir()
        return Files(v1, self.v2 + inner if has_v2 else "")

    def path_of(self, folder: str) -> str | None:
        """Path of the group whose folder this is; None when it is no folder of a hierarchy."""
        for point in sorted({*self.v1.values(), self.v2} - {""}, key=len, reverse=True):
            if folder == point or folder.startswith(f"{point}/"):
                return folder[len(point) :] or "/"
        return None


def trees(proc: str = "/proc", root: str = "") -> Trees:
    """The hierarchies of this machine; those without a controller (``name=…``) are left out."""
    mounts = {name: root + point for name, point in cgroup_mounts(proc).items()}
    v2 = mounts.pop("", "")
    known = (
        *_PREFERRED,
        *("devices", "hugetlb", "net_cls", "net_prio", "perf_event", "rdma", "misc"),
    )
    return Trees({name: mounts[name] for name in known if name in mounts}, v2)
