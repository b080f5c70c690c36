"""Debian's kernel, unpacked: the ELF file that QEMU starts at once.

A ``bzImage`` is a small program that unpacks the kernel behind it. Under emulation that costs
seconds at every boot; done here, it is done once. Knows nothing about modules.

Sources: the kernel's Documentation/arch/x86/boot.rst ("setup_sects", "payload_offset",
"payload_length"), Documentation/arch/arm64/booting.rst; scripts/extract-vmlinux.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable

from labkit.core.errors import SystemFault

ELF = b"\x7fELF"
_BOOT_SECTOR_MAGIC, _HEADER_MAGIC = (0x1FE, b"\x55\xaa"), (0x202, b"HdrS")
_SETUP_SECTS, _PAYLOAD_OFFSET = 0x1F1, 0x248
_SECTOR = 512
_ARM64_IMAGE = (0x38, b"ARM\x64")


def _gzip(payload: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(payload)


def _xz(payload: bytes) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(payload)


def _lzma(payload: bytes) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(payload)


def _bzip2(payload: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(payload)


_FORMS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\xfd7zXZ\x00", _xz),
    (b"\x1f\x8b\x08", _gzip),
    (b"BZh", _bzip2),
    (b"\x5d\x00\x00", _lzma),
)
_ZSTD = b"\x28\xb5\x2f\xfd"


def vmlinux(image: bytes, unzstd: Callable[[bytes], bytes]) -> bytes:
    """The kernel as an ELF file.

    Args:
        image: Debian's /boot/vmlinuz-…
        unzstd: unpacks zstd, which this Python cannot.

    Raises:
        SystemFault: it is no kernel, or is packed in a way that is not known.
    """
    if _has(image, _ARM64_IMAGE) or image.startswith(ELF):
        return image
    payload = _payload(image)
    for magic, unpack in (*_FORMS, (_ZSTD, unzstd)):
        if payload.startswith(magic):
            return _checked(unpack, payload)
    raise SystemFault("unpack the kernel", why=f"its form is not known: it begins {payload[:6]!r}")


def _payload(image: bytes) -> bytes:
    """What the header says is the packed kernel."""
    if not (_has(image, _BOOT_SECTOR_MAGIC) and _has(image, _HEADER_MAGIC)):
        raise SystemFault("unpack the kernel", why="it has no boot header")
    sectors = image[_SETUP_SECTS] or 4  # "for backwards compatibility, 0 means 4"
    offset, length = struct.unpack_from("<II", image, _PAYLOAD_OFFSET)
    start = (sectors + 1) * _SECTOR + offset
    if not length or start + length > len(image):
        raise SystemFault("unpack the kernel", why="it was cut short")
    return image[start : start + length]


def _checked(unpack: Callable[[bytes], bytes], payload: bytes) -> bytes:
    try:
        kernel = unpack(payload)
    except (lzma.LZMAError, zlib.error, OSError, EOFError) as error:
        raise SystemFault("unpack the kernel", why=f"it is damaged: {error}") from error
    # The last four bytes of the payload are the size of the kernel (for all but gzip, which has
    # the same there itself): scripts/Makefile.lib, size_append.
    (size,) = struct.unpack("<I", payload[-4:])
    if not kernel.startswith(ELF) or len(kernel) != size:
        raise SystemFault("unpack the kernel", why="what comes out is no whole ELF file")
    return kernel


def _has(image: bytes, at: tuple[int, bytes]) -> bool:
    offset, magic = at
    return image[offset : offset + len(magic)] == magic
