"""Makes the layers of a machine, each once: what exists is taken as it is.

Debian's closures are resolved once and remembered, and each layer's name has a digest of everything
it is made from: whoever finds all five touches no network.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from labkit.machine.layers import qemu, recipe
from labkit.machine.layers.debian import Debian, Package, Unreachable, architecture
from labkit.machine.layers.initramfs import initramfs
from labkit.machine.layers.itself import SOURCE, digest_of_source, make_labkit
from labkit.machine.layers.kernel import vmlinux
from labkit.machine.layers.modules import read_modules
from labkit.machine.layers.python import make_python
from labkit.machine.layers.shelf import Item, Kept, Shelf
from labkit.machine.layers.system import make_system, package_list
from labkit.machine.layers.unpack import unpack
from labkit.machine.layers.wheels import Wheel, environment, installed_here, wheels
from labkit.machine.layers.workshop import PACKAGES as WORKSHOP
from labkit.machine.layers.workshop import Workshop
from labkit.machine.looks import digest_of
from labkit.machine.room import require_room

Progress = Callable[[str, float], None]
"""Told what is being made, and how much is done, from 0 to 1."""

ROOM_BYTES = 1 << 30
"""What making everything takes at its height, with a margin."""

_LINUX = ".making-linux"


@dataclass(frozen=True)
class Layers:
    """What a machine is made of.

    Attributes:
        kernel: the kernel, an ELF file.
        initramfs: what runs first.
        system: the squashfs of the system, the machine's first disk.
        python: the squashfs of the wheels, its second disk.
        labkit: the squashfs of labkit itself, its third disk.
        digest: of the bytes of all five.
        tools: an unpacked QEMU's program, where one is there.
    """

    kernel: Path
    initramfs: Path
    system: Path
    python: Path
    labkit: Path
    digest: str
    tools: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them, for :func:`prune`."""
        tools = (self.tools,) if self.tools else ()
        return (self.kernel, self.initramfs, *self.disks, *tools)

    @property
    def disks(self) -> tuple[Path, Path, Path]:
        """The lowest first."""
        return (self.system, self.python, self.labkit)


def _silent(what: str, done: float) -> None:
    """Says nothing."""


def build(folder: Path, progress: Progress = _silent, *, refresh: bool = False) -> Layers:
    """The layers in ``folder``, made where they are missing, damaged or out of date.

    Args:
        folder: where they are kept; made when missing.
        progress: told of each step.
        refresh: ask Debian for newer packages first.

    Raises:
        Blocked: something is missing here: the network, apt, pip, room on the disk.
        SystemFault: a program failed.
        TimedOut: another process has been making layers here for very long.
    """
    maker = _Maker(folder, progress)
    found = None if refresh else maker.find()
    if found is None:
        with maker.shelf.alone():  # meanwhile another process may have made them
            found = (None if refresh else maker.find()) or maker.make(refresh=refresh)
    progress("the machine's layers are there", 1.0)
    return found


def qemu_from_packages(folder: Path, progress: Progress = _silent) -> Path:
    """A program that is QEMU for this machine's processor, unpacked in ``folder``.

    It takes QEMU's arguments, and finds its firmware by itself.

    Raises:
        Blocked: the network, apt or room on the disk is missing.
    """
    maker = _Maker(folder, progress)
    if found := maker.find_qemu():
        return found
    with maker.shelf.alone():
        return maker.find_qemu() or maker.make_qemu()


def prune(folder: Path, keep: Iterable[Path]) -> list[Path]:
    """Removes from ``folder`` what is not kept: layers, QEMUs, old workshops, downloads.

    Args:
        folder: the one that :func:`build` was given.
        keep: paths of layers (:attr:`Layers.paths`), or of anything in them.

    Returns:
        What was removed.
    """
    shelf = Shelf(folder)
    debian = Debian(shelf.folder / "debian")
    below = [path.absolute().relative_to(shelf.folder) for path in keep]
    wanted = [shelf.folder / path.parts[0] for path in below]
    if closure := debian.remembered(WORKSHOP):  # the next `pip install` will need it
        wanted.append(shelf.folder / recipe.workshop_item(closure).file_name)
    with shelf.alone():
        gone = shelf.prune(wanted)
        debian.drop_files()
    return gone


class _Maker:
    """Makes what is missing; holds what was found out on the way."""

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.shelf = Shelf(folder)
        self._debian = Debian(self.shelf.folder / "debian")
        self._progress = progress
        self._is_fresh = False

    def find(self) -> Layers | None:
        """The layers, if all are there; asks nobody."""
        closures = [self._debian.remembered(names) for names in self._lists]
        if not all(closures):
            return None
        items = self._items(recipe.Closures(*[one for one in closures if one]))
        kept = [self.shelf.find(item) for item in items.layers]
        return self._layers([one for one in kept if one]) if all(kept) else None

    def make(self, *, refresh: bool) -> Layers:
        """The layers, each made unless it is there."""
        closures = self._resolved(self._lists, refresh=refresh)
        try:
            return self._make(recipe.Closures(*closures))
        except Unreachable:
            if self._is_fresh:
                raise
            # What was remembered is in the archive no more; or nothing can be had.
            return self._make(recipe.Closures(*self._resolved(self._lists, refresh=True)))

    def find_qemu(self) -> Path | None:
        """An unpacked QEMU, if one is there."""
        closure = self._debian.remembered(qemu.packages())
        kept = self.shelf.find(recipe.qemu_item(closure)) if closure else None
        return kept.path / qemu.WRAPPER if kept else None

    def make_qemu(self) -> Path:
        """An unpacked QEMU, made unless it is there."""
        (closure,) = self._resolved([qemu.packages()], refresh=False)
        try:
            return self._make_qemu(closure)
        except Unreachable:
            if self._is_fresh:
                raise
            (closure,) = self._resolved([qemu.packages()], refresh=True)
            return self._make_qemu(closure)

    def _resolved(
        self, lists: Sequence[Sequence[str]], *, refresh: bool
    ) -> list[tuple[Package, ...]]:
        """The lists' closures, as remembered unless a new answer is asked for."""
        require_room(self.shelf.folder, ROOM_BYTES)
        known = [None if refresh else self._debian.remembered(names) for names in lists]
        if not all(known):
            self._progress("asking Debian for its packages", 0.02)
            self._debian.update()
            self._is_fresh = True
        pairs = zip(known, lists, strict=True)
        return [closure or self._debian.resolve(names) for closure, names in pairs]

    def _make_qemu(self, closure: tuple[Package, ...]) -> Path:
        self._progress("unpacking QEMU", 0.3)
        kept = self.shelf.keep(
            recipe.qemu_item(closure),
            lambda into: qemu.unpack_qemu(self._debian.fetch(closure), into),
        )
        return kept.path / qemu.WRAPPER

    def _make(self, closures: recipe.Closures) -> Layers:
        items = self._items(closures)
        self._fetch(closures, items)
        self._progress("unpacking the tools", 0.3)
        made = self.shelf.keep(items.workshop, lambda into: self._unpack(closures.workshop, into))
        workshop = Workshop(made.path)
        kept = []
        with self._linux(closures.linux, workshop) as linux:
            steps: list[tuple[str, float, Item, Callable[[Path], None]]] = [
                ("unpacking the kernel", 0.35, items.kernel,
                 lambda into: self._make_kernel(linux(), workshop, into)),
                ("making the initramfs", 0.45, items.initramfs,
                 lambda into: self._make_initramfs(closures, linux(), workshop, into)),
                ("making the system", 0.5, items.system,
                 lambda into: make_system(
                     self._debian.fetch(closures.system), linux(), workshop, into)),
                ("making the machine's Python", 0.75, items.python,
                 lambda into: make_python(self._wheels(closures.python), workshop, into)),
                ("putting labkit into it", 0.98, items.labkit,
                 lambda into: make_labkit(SOURCE, workshop, into)),
            ]  # fmt: skip
            for what, done, item, make in steps:
                self._progress(what, done)
                kept.append(self.shelf.keep(item, make))
        return self._layers(kept)

    def _fetch(self, closures: recipe.Closures, items: recipe.Items) -> None:
        """All downloads at once: apt needs a second for each call."""
        self._progress("fetching Debian's packages", 0.05)
        found = {item.name: self.shelf.find(item) is not None for item in self._kept(items)}
        wanted: dict[str, Package] = {}
        if not found["workshop"]:
            wanted |= {package.file: package for package in closures.workshop}
        if not found["system"]:
            wanted |= {package.file: package for package in closures.system}
        if not (found["kernel"] and found["initramfs"] and found["system"]):
            wanted |= {package.file: package for package in (closures.linux, closures.busybox)}
        self._debian.fetch(wanted.values())

    def _kept(self, items: recipe.Items) -> tuple[Item, ...]:
        return (items.workshop, *items.layers)

    def _unpack(self, closure: Sequence[Package], into: Path) -> None:
        unpack(self._debian.fetch(closure), into)

    def _make_kernel(self, linux: Path, workshop: Workshop, into: Path) -> None:
        (image,) = (linux / "boot").glob("vmlinu*-*")
        into.write_bytes(vmlinux(image.read_bytes(), workshop.unzstd))

    def _make_initramfs(
        self, closures: recipe.Closures, linux: Path, workshop: Workshop, into: Path
    ) -> None:
        (modules,) = (linux / "usr/lib/modules").iterdir()
        busybox = self._busybox(closures.busybox, into.with_name(f"{into.name}.busybox"))
        known = read_modules(modules)
        into.write_bytes(initramfs(busybox, modules, known, workshop.unzstd))

    def _busybox(self, package: Package, root: Path) -> bytes:
        try:
            unpack(self._debian.fetch([package]), root)
            return (root / "bin/busybox").read_bytes()
        finally:
            shutil.rmtree(root, ignore_errors=True)

    @contextmanager
    def _linux(self, package: Package, workshop: Workshop) -> Iterator[Callable[[], Path]]:
        """Gives a function that unpacks and indexes the kernel's package, when first called."""
        root = self.shelf.folder / _LINUX

        def unpacked() -> Path:
            if not root.exists():
                self._unpack([package], root)
                (modules,) = (root / "usr/lib/modules").iterdir()
                workshop.depmod(root, modules.name)
            return root

        try:
            yield unpacked
        finally:
            shutil.rmtree(root, ignore_errors=True)

    @cached_property
    def _lists(self) -> tuple[list[str], ...]:
        return package_list(), [f"linux-image-{architecture()}"], list(WORKSHOP)

    def _items(self, closures: recipe.Closures) -> recipe.Items:
        return recipe.items(closures, self._wheels(closures.python), digest_of_source())

    def _wheels(self, python: str) -> tuple[Wheel, ...]:
        return wheels(installed_here(), environment(python, platform.machine()))

    def _layers(self, kept: Sequence[Kept]) -> Layers:
        kernel, initramfs_, system, python, labkit = (one.path for one in kept)
        digest = digest_of(one.sha256 for one in kept)
        return Layers(kernel, initramfs_, system, python, labkit, digest, tools=self.find_qemu())
