"""QEMU from Debian's packages, unpacked: for hosts where it is not installed and nobody is root.

Knows nothing about how a machine is started. Sources: qemu-system-x86_64(1) (``-L``); QEMU's
util/module.c (``QEMU_MODULE_DIR``); ld.so(8).
"""

from __future__ import annotations

import platform
import shlex
from pathlib import Path

from labkit.machine.layers.unpack import is_wanted, unpack
from labkit.machine.layers.workshop import loader

_PACKAGES = {
    "x86_64": ("qemu-system-x86", "usr-is-merged"),
    "aarch64": ("qemu-system-arm", "usr-is-merged"),
}
WRAPPER = "qemu"
"""The program to start, below the unpacked folder."""

_DATA = ("usr/share/qemu", "usr/share/seabios")
_UNUSED = (
    *("usr/share/qemu/edk2-arm", "usr/share/iso-codes", "usr/share/xml", "usr/lib/ipxe"),
    *("usr/share/icons", "usr/share/applications", "usr/share/perl5", "usr/share/alsa"),
)
"""Firmware of other processors, boot over the network, tables of countries, sound."""


def packages() -> list[str]:
    """What to resolve, for this machine's processor."""
    return list(_PACKAGES[platform.machine()])


def unpack_qemu(files: list[Path], into: Path) -> None:
    """Unpacks QEMU and all it needs, and writes the script that starts it, wherever it lies."""
    unpack(files, into, lambda path: is_wanted(path) and not path.startswith(_UNUSED))
    wrapper = into / WRAPPER
    wrapper.write_text(_script(into), encoding="utf-8")
    wrapper.chmod(0o755)


def _script(root: Path) -> str:
    program = f"usr/bin/qemu-system-{platform.machine()}"
    command = [part.replace(str(root), "$here") for part in loader(root)]
    quoted = [f'"{part}"' if "$here" in part else shlex.quote(part) for part in command]
    modules = Path(command[0]).parent / "qemu"
    data = " ".join(f'-L "$here/{folder}"' for folder in _DATA)
    return "\n".join(
        (
            "#!/bin/sh",
            "# QEMU as Debian built it, with its own loader, libraries, modules and firmware.",
            'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 127',
            f'QEMU_MODULE_DIR="{modules}"; export QEMU_MODULE_DIR',
            f'exec {" ".join(quoted)} "$here/{program}" {data} "$@"',
            "",
        )
    )
