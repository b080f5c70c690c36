"""The initramfs: busybox, the modules that it takes to see the disks, ``init.sh``, PID 1's code.

Knows nothing about what is on the disks. Sources: the kernel's
Documentation/filesystems/ramfs-rootfs-initramfs.rst; busybox's list of applets.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from labkit.core.errors import SystemFault
from labkit.machine.layers import cpio
from labkit.machine.layers.modules import Modules, name_of

HERE = Path(__file__).parent
INIT = HERE / "init.sh"
GUEST = HERE.parent / "guest"

NEEDED = (
    *("virtio_pci", "virtio_blk", "squashfs", "overlay"),  # the root
    *("virtio_console", "fuse"),  # the ports of the machine, and the files behind one of them
    *("virtio_rng", "virtio_balloon"),  # entropy; memory that the host gets back
)

APPLETS = (
    *("cat", "cp", "hostname", "insmod", "ip", "ln", "mkdir", "mknod", "mount", "poweroff", "sh"),
    *("sleep", "switch_root", "usleep"),
)
"""What init.sh calls; a test compares the two."""

_FOLDERS = (
    *("bin", "dev", "labkit-guest", "layers", "layers/memory", "layers/python", "layers/system"),
    *("modules", "newroot", "proc", "sys"),
)


def initramfs(
    busybox: bytes,
    folder: Path,
    modules: Modules,
    unzstd: Callable[[bytes], bytes],
    guest: Sequence[tuple[str, bytes]],
) -> bytes:
    """The archive, not compressed: unpacking would cost more than reading it.

    Args:
        busybox: the static program.
        folder: ``/lib/modules/VERSION``, unpacked, after depmod.
        modules: what depmod found there.
        unzstd: unpacks zstd, for kernels that pack their modules with it.
        guest: the code of PID 1: path and content.
    """
    entries = [cpio.directory(name) for name in _FOLDERS]
    entries.append(cpio.character_device("dev/console", 5, 1))  # or init has no standard output
    entries.append(cpio.file("init", INIT.read_bytes(), 0o755))
    entries.append(cpio.file("bin/busybox", busybox, 0o755))
    entries += [cpio.symlink(f"bin/{applet}", "busybox") for applet in APPLETS]
    for number, path in enumerate(modules.load_order(NEEDED)):
        content = plain_module((folder / path).read_bytes(), path, unzstd)
        entries.append(cpio.file(f"modules/{number:02}-{name_of(path)}.ko", content))
    entries += _code(guest)
    return cpio.archive(entries)


def guest_code(folder: Path = GUEST) -> list[tuple[str, bytes]]:
    """The package that PID 1 runs, as path below its place on ``sys.path``, and content.

    The packages above it are empty there, so that nothing of labkit but this is needed.
    """
    above = [("labkit/__init__.py", b""), ("labkit/machine/__init__.py", b"")]
    files = sorted(folder.rglob("*.py"))
    inside = Path("labkit/machine") / "guest"
    return above + [(str(inside / f.relative_to(folder)), f.read_bytes()) for f in files]


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


def _code(files: Sequence[tuple[str, bytes]]) -> Iterator[cpio.Entry]:
    made: set[str] = set()
    for path, content in files:
        parts = PurePosixPath(path).parent.parts
        for depth in range(1, len(parts) + 1):
            name = "/".join(["labkit-guest", *parts[:depth]])
            if name not in made:
                made.add(name)
                yield cpio.directory(name)
        yield cpio.file(f"labkit-guest/{path}", content)
