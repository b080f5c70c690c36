from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable

import pytest

from labkit.core.errors import SystemFault
from labkit.machine.layers.kernel import ELF, vmlinux

KERNEL = ELF + b"kernel " * 5000

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lambda data: lzma.compress(data, lzma.FORMAT_XZ) + struct.pack("<I", len(data)),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE) + struct.pack("<I", len(data)),
    "bzip2": lambda data: bz2.compress(data) + struct.pack("<I", len(data)),
    "zstd": lambda data: b"\x28\xb5\x2f\xfd" + struct.pack("<I", len(data)),
}


def bz_image(payload: bytes, sectors: int = 3, offset: int = 200) -> bytes:
    """What the boot protocol asks for, and nothing else."""
    image = bytearray((sectors + 1) * 512 + offset)
    image[0x1F1] = sectors
    image[0x1FE:0x200] = b"\x55\xaa"
    image[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", image, 0x248, offset, len(payload))
    return bytes(image) + payload + b"what comes behind"


def no_zstd(payload: bytes) -> bytes:
    raise AssertionError("not asked for")


@pytest.mark.parametrize("form", sorted(PACKERS))
def test_the_kernel_is_found_in_each_form(form: str) -> None:
    image = bz_image(PACKERS[form](KERNEL))
    assert vmlinux(image, (lambda _: KERNEL) if form == "zstd" else no_zstd) == KERNEL


def test_an_unpacked_kernel_stays_as_it_is() -> None:
    arm = bytearray(KERNEL)
    arm[:4], arm[0x38:0x3C] = b"MZ\0\0", b"ARM\x64"
    assert vmlinux(KERNEL, no_zstd) == KERNEL
    assert vmlinux(bytes(arm), no_zstd) == bytes(arm)


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (b"", "no boot header"),
        (bytes(4096), "no boot header"),
        (bz_image(PACKERS["xz"](KERNEL))[:-40], "cut short"),
        (bz_image(b"\x02\x21\x4c\x18 lz4"), "form is not known"),
        (bz_image(PACKERS["xz"](KERNEL[:-1] + b"!")[:-4] + b"1234"), "no whole ELF"),
        (bz_image(PACKERS["xz"](b"no " + KERNEL)), "no whole ELF"),
        (bz_image(PACKERS["xz"](KERNEL)[:40] + bytes(60)), "damaged"),
        (bz_image(PACKERS["gzip"](KERNEL)[:-30]), "no whole ELF"),
    ],
)
def test_what_is_no_whole_kernel_is_refused(image: bytes, says: str) -> None:
    with pytest.raises(SystemFault, match=says):
        vmlinux(image, no_zstd)
