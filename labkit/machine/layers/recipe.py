"""What each layer is made of, in words: whatever changes one of them makes another layer.

Knows nothing about how they are made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.machine.layers.debian import Package, architecture
from labkit.machine.layers.shelf import Item
from labkit.machine.layers.wheels import Wheel

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Closures:
    """Debian's packages, resolved: of the system, of the kernel, of the workshop."""

    system: tuple[Package, ...]
    kernel: tuple[Package, ...]
    workshop: tuple[Package, ...]

    @property
    def linux(self) -> Package:
        """The kernel's own package, which ``linux-image-amd64`` only points to."""
        pattern = re.compile(rf"linux-image-\d.*-{architecture()}")
        found = [package for package in self.kernel if pattern.fullmatch(package.name)]
        if len(found) != 1:
            raise SystemFault("find Debian's kernel", why=f"among {_names(self.kernel)}")
        return found[0]

    @property
    def busybox(self) -> Package:
        """The static busybox."""
        return next(package for package in self.system if package.name == "busybox-static")

    @property
    def python(self) -> str:
        """Version of the machine's Python, such as ``"3.11"``."""
        names = [re.fullmatch(r"python(3\.\d+)-minimal", package.name) for package in self.system]
        found = [match[1] for match in names if match]
        if len(found) != 1:
            raise SystemFault("find the machine's Python", why=f"among {_names(self.system)}")
        return found[0]


@dataclass(frozen=True)
class Items:
    """The layers and the workshop, as things to make."""

    workshop: Item
    kernel: Item
    initramfs: Item
    system: Item
    python: Item
    labkit: Item

    @property
    def layers(self) -> tuple[Item, ...]:
        """Those that a machine is made of."""
        return (self.kernel, self.initramfs, self.system, self.python, self.labkit)


def items(closures: Closures, wheels: Sequence[Wheel], labkit: str) -> Items:
    """What to make of these packages, these wheels, and a labkit with this digest."""
    linux, busybox, tools = str(closures.linux), str(closures.busybox), _texts(closures.workshop)
    return Items(
        workshop=workshop_item(closures.workshop),
        kernel=Item("kernel", (linux, _source("kernel.py"))),
        initramfs=Item(
            "initramfs",
            (linux, busybox, _source("initramfs.py", "init.sh", "modules.py", "cpio.py")),
            ".cpio",
        ),
        system=Item(
            "system",
            (linux, *_texts(closures.system), *tools, _source(
                "system.py", "labkit-init.sh", "modules.py", "modules.txt", "unpack.py",
                "workshop.py",
            )),
            ".squashfs",
        ),
        python=Item(
            "python",
            (
                *(w.pin for w in wheels), closures.python, *tools,
                _source("python.py", "workshop.py"),
            ),
            ".squashfs",
        ),
        labkit=Item(
            "labkit",
            (labkit, closures.python, *tools, _source("itself.py", "unpack.py", "workshop.py")),
            ".squashfs",
        ),
    )  # fmt: skip


def workshop_item(closure: Sequence[Package]) -> Item:
    """The unpacked programs that layers are made with."""
    return Item("workshop", (*_texts(closure), _source("unpack.py")))


def qemu_item(closure: Sequence[Package]) -> Item:
    """An unpacked QEMU."""
    return Item("qemu", (*_texts(closure), _source("qemu.py", "unpack.py")))


def _texts(closure: Sequence[Package]) -> tuple[str, ...]:
    return tuple(map(str, closure))


def _names(closure: Sequence[Package]) -> str:
    return ", ".join(package.name for package in closure)


def _source(*names: str) -> str:
    """A digest of the code that makes it: other code, other layer."""
    content = b"".join((_HERE / name).read_bytes() for name in names)
    return hashlib.sha256(content).hexdigest()
