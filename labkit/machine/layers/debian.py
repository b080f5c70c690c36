"""Debian's packages, found and fetched by apt as an ordinary user, beside the system's own apt.

apt's state, cache, configuration and sources are all in one private folder; it is told that nothing
is installed, so what it resolves owes nothing to the host. Resolving is remembered: as long as the
memory stands, what was made from it needs no network. apt checks what it fetches (signatures of the
archive, hashes of the packages).

Knows nothing about what the packages are for. Sources: apt-get(8), apt.conf(5), apt-secure(8).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from labkit.core.errors import Blocked, NotFound, SystemFault, TimedOut
from labkit.machine.layers.programs import run
from labkit.machine.layers.sources import VARIABLE, sources
from labkit.machine.looks import digest_of
from labkit.machine.room import require_room

UPDATE_S = 300.0
"""Deadline for the lists (10 MB)."""

DOWNLOAD_S = 1500.0
"""Deadline for the packages (120 MB, at 80 kB a second)."""

_ASK_S = 60.0
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

_HOSTS_OWN = re.compile(r'Acquire::(https?|Retries|ForceIPv[46]|Check-\w[\w-]*)\b.* ".+";')
"""Of the host's configuration: how it reaches the network (proxies), and its clock. No hooks."""

_URI = re.compile(r"'(?P<uri>[^']+)' (?P<file>\S+) (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True)
class Package:
    """One package of a closure, as the archive's index has it."""

    name: str
    version: str
    architecture: str
    file: str
    size: int
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} {self.architecture} {self.sha256}"


def architecture() -> str:
    """Debian's word for this machine's processor.

    Raises:
        Blocked: it is none that machines are made for.
    """
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise Blocked(
            "a machine cannot be made here",
            why=f"there is none for the processor {machine}",
        )
    return _ARCHITECTURES[machine]


class Unreachable(Blocked):
    """The archive does not answer, or no longer has what was asked for."""


class Debian:
    """The archive, through an apt of our own in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sources = sources()
        self._archives = folder / "archives"
        self._memory = folder / f"closures-{digest_of([self._sources])[:16]}.json"

    def remembered(self, names: Iterable[str]) -> tuple[Package, ...] | None:
        """The closure of ``names`` as last resolved, or None."""
        known = self._remembered().get(_key(names))
        try:
            return tuple(Package(**entry) for entry in known) if known else None
        except TypeError:
            return None  # another labkit's memory

    def update(self) -> None:
        """Fetches the lists of packages.

        Raises:
            Blocked: apt is not there.
            Unreachable: the archive does not answer.
        """
        self._prepare()
        try:
            self._apt(
                "fetch Debian's lists of packages",
                ["apt-get", "update", "-q", "-o", "APT::Update::Error-Mode=any"],
                UPDATE_S,
            )
        except (SystemFault, TimedOut) as error:
            raise _unreachable(error) from error

    def resolve(self, names: Sequence[str]) -> tuple[Package, ...]:
        """The packages and all they depend on, from the lists last fetched; remembered from now on.

        Raises:
            NotFound: there is no such package.
            SystemFault: they cannot be installed together.
        """
        argv = ["apt-get", "install", "--no-install-recommends", "--print-uris", "--yes", "-qq"]
        argv += ["-o", "Acquire::ForceHash=SHA256", *names]
        try:
            printed = self._apt(f"resolve {' '.join(names)}", argv, _ASK_S)
        except SystemFault:
            self._must_exist(names)
            raise
        closure = parse_uris(printed)
        known = self._remembered()
        known[_key(names)] = [asdict(package) for package in closure]
        partial = self._memory.with_suffix(".new")
        partial.write_text(json.dumps(known), encoding="utf-8")
        partial.rename(self._memory)
        return closure

    def fetch(self, packages: Iterable[Package]) -> list[Path]:
        """The packages' files, each fetched unless it is here.

        Raises:
            Unreachable: the archive does not answer, or no longer has them.
            Blocked: there is no room for them.
        """
        wanted = list(packages)
        lacking = [p for p in wanted if not self._is_here(p)]
        if lacking:
            self._prepare()
            require_room(self.folder, sum(p.size for p in lacking))
            exact = [f"{p.name}={p.version}" for p in lacking]
            argv = ["apt-get", "download", "-qq", *exact]
            try:
                self._apt("fetch Debian's packages", argv, DOWNLOAD_S, cwd=self._archives)
            except (SystemFault, TimedOut) as error:
                raise _unreachable(error) from error
        return [self._archives / p.file for p in wanted]

    def drop_files(self) -> None:
        """Removes the packages' files: what was made of them needs them no more."""
        shutil.rmtree(self._archives, ignore_errors=True)

    def _is_here(self, package: Package) -> bool:
        """Whether its file is whole; one that is not is removed."""
        path = self._archives / package.file
        if not path.is_file():
            return False
        with path.open("rb") as file:
            is_whole = hashlib.file_digest(file, "sha256").hexdigest() == package.sha256
        if not is_whole:
            path.unlink()
        return is_whole

    def _remembered(self) -> dict[str, list[dict[str, Any]]]:
        try:
            known = json.loads(self._memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _must_exist(self, names: Sequence[str]) -> None:
        known = set(self._apt("list the packages", ["apt-cache", "pkgnames"], _ASK_S).split())
        for name in names:
            if name not in known:
                raise NotFound("Debian package", name, known)

    def _prepare(self) -> None:
        """Writes apt's configuration.

        Raises:
            Blocked: the host has no apt.
        """
        missing = [p for p in ("apt-get", "apt-config", "dpkg-deb") if shutil.which(p) is None]
        if missing:
            raise Blocked(
                "what a machine is made of cannot be fetched",
                why=f"there is no {missing[0]} on this system, which fetches Debian's packages",
                hint="Install the packages apt, dpkg and debian-archive-keyring, if your "
                "distribution has them (Fedora and Arch do); nothing else of the system changes",
            )
        for part in (
            self._archives,
            self.folder / "lists/partial",
            self.folder / "cache",
            self.folder / "none/partial",
        ):
            part.mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        (self.folder / "labkit.sources").write_text(self._sources, encoding="utf-8")
        dump = run("read apt's configuration", ["apt-config", "dump"],
                   folder=self.folder, timeout_s=_ASK_S)  # fmt: skip
        text = configuration(dump, is_root=os.geteuid() == 0)
        (self.folder / "apt.conf").write_text(text, encoding="utf-8")

    def _apt(
        self, step: str, argv: Sequence[str], timeout_s: float, cwd: Path | None = None
    ) -> str:
        if not (self.folder / "apt.conf").is_file():
            self._prepare()
        env: Mapping[str, str] = {"APT_CONFIG": str(self.folder / "apt.conf")}
        whole = [argv[0], *own_folders(self.folder), *argv[1:]]
        return run(step, whole, folder=self.folder, timeout_s=timeout_s, env=env, cwd=cwd)


def own_folders(folder: Path) -> list[str]:
    """Options that keep apt in ``folder``. In a file they would be cut at a quotation mark."""
    own = {
        "Dir::Etc::SourceList": f"{folder}/labkit.sources",
        "Dir::State": str(folder),
        "Dir::State::Lists": f"{folder}/lists",
        "Dir::State::status": f"{folder}/status",
        "Dir::State::extended_states": f"{folder}/extended_states",
        "Dir::Cache": f"{folder}/cache",
        # Empty for ever: --print-uris says nothing of a package that it finds there.
        "Dir::Cache::Archives": f"{folder}/none",
        "Dir::Log": f"{folder}/cache",
    }
    return [f"-o{key}={value}" for key, value in own.items()]


def configuration(host: str, *, is_root: bool) -> str:
    """An apt.conf that takes of the host's its way to the network, and nothing else.

    Args:
        host: what ``apt-config dump`` says.
        is_root: root's apt would otherwise hand downloads to a user who may not write here.
    """
    own = {
        "Dir::Etc::Parts": "/dev/null",
        "Dir::Etc::Main": "/dev/null",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "APT::Architecture": architecture(),
        "APT::Sandbox::User": "root" if is_root else "",
        "Acquire::Languages": "none",  # descriptions in other languages: 5 MB that nobody reads
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
        "Acquire::https::Timeout": "20",
    }
    lines = [f'{key} "{value}";' for key, value in own.items() if value]
    lines += [line for line in host.splitlines() if _HOSTS_OWN.fullmatch(line)]
    return "\n".join([*lines, f'APT::Architectures {{ "{architecture()}"; }};', ""])


def parse_uris(printed: str) -> tuple[Package, ...]:
    """What ``apt-get --print-uris`` says, as packages in the order of their names.

    Raises:
        SystemFault: nothing is in it, or a line without a hash, so that anything might come.
    """
    found = []
    for line in filter(None, map(str.strip, printed.splitlines())):
        entry = _URI.match(line)
        if entry is None:
            raise SystemFault("trust Debian's index", why=f"it gives no SHA-256 in {line!r}")
        name, version, rest = entry["file"].split("_", 2)
        found.append(
            Package(
                name=name,
                version=unquote(version),
                architecture=rest.removesuffix(".deb"),
                file=entry["file"],
                size=int(entry["size"]),
                sha256=entry["sha256"],
            )
        )
    if not found:
        raise SystemFault("resolve Debian's packages", why="apt names none")
    return tuple(sorted(found, key=str))


def _key(names: Iterable[str]) -> str:
    return digest_of([architecture(), *sorted(names)])


def _unreachable(error: SystemFault | TimedOut) -> Unreachable:
    first = (error.why or error.what).partition(" / ")[0]  # the others follow from it
    return Unreachable(
        "what a machine is made of cannot be fetched",
        why=first.removeprefix("E: ").rstrip("."),
        hint="Connect to the network and try again: this is needed once. "
        f"The variable {VARIABLE} names another mirror",
    )
