"""Kernel modules: which a machine has, and in which order one is loaded.

Knows nothing about where they are packed. Sources: modules.dep(5), modprobe(8), depmod(8).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from labkit.core.errors import SystemFault

PATTERNS = Path(__file__).with_name("modules.txt")

INDEXES = ("modules.builtin", "modules.builtin.modinfo", "modules.order")
"""What depmod reads beside the modules themselves."""


@dataclass(frozen=True)
class Modules:
    """The modules of one kernel.

    Attributes:
        dependencies: path below the module folder to the paths it depends on, last loaded first.
        builtin: names of those that are in the kernel itself.
        soft: name to the names that a ``softdep … pre:`` asks for first.
        aliases: another name to the modules that answer to it, in the file's order.
    """

    dependencies: Mapping[str, tuple[str, ...]]
    builtin: frozenset[str]
    soft: Mapping[str, tuple[str, ...]]
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def load_order(self, names: Iterable[str]) -> list[str]:
        """Paths of the modules to load for ``names``, each after what it depends on.

        Raises:
            SystemFault: this kernel has no such module.
        """
        paths = {name_of(path): path for path in self.dependencies}
        order: dict[str, None] = {}
        for name in map(_underscored, names):
            self._add(name, paths, order, frozenset())
        return list(order)

    def _add(
        self, name: str, paths: Mapping[str, str], order: dict[str, None], above: frozenset[str]
    ) -> None:
        if name in self.builtin or name in above:
            return
        if name not in paths:
            raise SystemFault(f"find the kernel module {name}", why="this kernel has none")
        for path in reversed(self.dependencies[paths[name]]):
            self._add(name_of(path), paths, order, above | {name})
        for wanted in self.soft.get(name, ()):
            # Soft: what this kernel lacks is done without.
            for needed in (wanted,) if wanted in paths else self.aliases.get(wanted, ()):
                self._add(needed, paths, order, above | {name})
        order.setdefault(paths[name])


def read_modules(folder: Path) -> Modules:
    """The modules below ``folder`` (``/lib/modules/VERSION``), after depmod."""
    builtin = (folder / "modules.builtin").read_text().split()
    soft, aliases = folder / "modules.softdep", folder / "modules.alias"
    return Modules(
        parse_dependencies((folder / "modules.dep").read_text()),
        frozenset(map(name_of, builtin)),
        parse_soft(soft.read_text() if soft.exists() else ""),
        parse_aliases(aliases.read_text() if aliases.exists() else ""),
    )


def parse_dependencies(text: str) -> dict[str, tuple[str, ...]]:
    """modules.dep: module to the modules it depends on, in the file's order."""
    pairs = (line.partition(":") for line in text.splitlines() if line.strip())
    return {path.strip(): tuple(rest.split()) for path, _, rest in pairs}


def parse_soft(text: str) -> dict[str, tuple[str, ...]]:
    """modules.softdep: module to those that come before it."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["softdep"] and "pre:" in words:
            first = words[words.index("pre:") + 1 :]
            end = first.index("post:") if "post:" in first else len(first)
            name = _underscored(words[1])
            found[name] = found.get(name, ()) + tuple(map(_underscored, first[:end]))
    return found


def parse_aliases(text: str) -> dict[str, tuple[str, ...]]:
    """modules.alias: those that are plain names, not patterns of devices' numbers."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "alias" and not set("*?[:").intersection(words[1]):
            name = _underscored(words[1])
            found[name] = (*found.get(name, ()), _underscored(words[2]))
    return found


def name_of(path: str) -> str:
    """A module's name, as in ``lsmod``."""
    return _underscored(PurePosixPath(path).name.partition(".ko")[0])


def patterns(file: Path = PATTERNS) -> list[str]:
    """What modules.txt lists, below ``kernel/``."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [f"kernel/{line}" for line in lines if line]


def copy_wanted(source: Path, target: Path, wanted: Sequence[str]) -> int:
    """Copies the modules that ``wanted`` matches, and all they depend on, to ``target``.

    Args:
        source: an unpacked ``/lib/modules/VERSION``, after depmod.
        target: the same in the machine's root; depmod is yet to be run there.
        wanted: patterns of paths below ``source``.

    Returns:
        How many modules.
    """
    known = parse_dependencies((source / "modules.dep").read_text())
    chosen = {path for path in known if any(_matches(path, pattern) for pattern in wanted)}
    chosen.update(needed for path in list(chosen) for needed in known[path])
    for path in (*sorted(chosen), *INDEXES):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / path, target / path)
    return len(chosen)


def _matches(path: str, pattern: str) -> bool:
    if pattern.endswith("/"):
        return path.startswith(pattern)
    return PurePosixPath(path).match(pattern)


def _underscored(name: str) -> str:
    return name.replace("-", "_")
