"""The initramfs: busybox, the modules that it takes to see the disks, and ``init.sh``.

Knows nothing about what is on the disks. Sources: the kernel's
Documentation/filesystems/ramfs-rootfs-initramfs.rst; busybox's list of applets.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.machine.layers import cpio
from labkit.machine.layers.modules import Modules, name_of

HERE = Path(__file__).parent
INIT = HERE / "init.sh"

NEEDED = (
    *("virtio_pci", "virtio_blk", "squashfs", "overlay"),  # the root
    *("virtio_console", "fuse"),  # the ports of the machine, and the files behind one of them
    *("virtio_rng", "virtio_balloon"),  # entropy; memory that the host gets back
)

APPLETS = (
    *("cat", "hostname", "insmod", "ip", "ln", "mkdir", "mknod", "mount", "poweroff", "sh"),
    *("sleep", "switch_root", "usleep"),
)
"""What init.sh calls; a test compares the two."""

_FOLDERS = (
    *("bin", "dev", "layers", "layers/labkit", "layers/memory", "layers/python"),
    *("layers/system", "modules", "newroot", "proc", "sys"),
)


def initramfs(
    busybox: bytes,
    folder: Path,
    modules: Modules,
    unzstd: Callable[[bytes], bytes],
) -> bytes:
    """The archive, not compressed: unpacking would cost more than reading it.

    Args:
        busybox: the static program.
        folder: ``/lib/modules/VERSION``, unpacked, after depmod.
        modules: what depmod found there.
        unzstd: unpacks zstd, for kernels that pack their modules with it.
    """
    entries = [cpio.directory(name) for name in _FOLDERS]
    entries.append(cpio.character_device("dev/console", 5, 1))  # or init has no standard output
    entries.append(cpio.file("init", INIT.read_bytes(), 0o755))
    entries.append(cpio.file("bin/busybox", busybox, 0o755))
    entries += [cpio.symlink(f"bin/{applet}", "busybox") for applet in APPLETS]
    for number, path in enumerate(modules.load_order(NEEDED)):
        content = plain_module((folder / path).read_bytes(), path, unzstd)
        entries.append(cpio.file(f"modules/{number:02}-{name_of(path)}.ko", content))
    return cpio.archive(entries)


def plain_module(content: bytes, path: str, unzstd: Callable[[bytes], bytes]) -> bytes:
    """A module as ``insmod`` takes it: newer kernels of Debian pack theirs.

    Raises:
        SystemFault: it is packed in a way that is not known.
    """
    suffix = path.rpartition(".ko")[2]
    if suffix == "":
        return content
    if suffix == ".xz":
        return lzma.decompress(content)
    if suffix == ".zst":
        return unzstd(content)
    raise SystemFault(f"read the kernel module {path}", why=f"{suffix} is not known")
