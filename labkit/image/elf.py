"""Whether a program is static: one that needs no loader and no libraries, so it runs in an empty
root.

Source: elf(5).
"""

from __future__ import annotations

import struct
from pathlib import Path

_PT_INTERP = 3

_LAYOUTS = {1: ("I", 28, 42, 32), 2: ("Q", 32, 54, 56)}
"""Class (32 or 64 bit) → form and place of e_phoff, place of e_phentsize, size of one header."""

_MAX_HEADERS = 256


def why_not_static(program: Path) -> str:
    """Why a file is not a static ELF program; nothing when it is one."""
    try:
        with program.open("rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:4] != b"\x7fELF" or head[4] not in _LAYOUTS:
                return "it is not an ELF program"
            order = "<" if head[5] == 1 else ">"
            form, offset_at, sizes_at, smallest = _LAYOUTS[head[4]]
            (offset,) = struct.unpack_from(order + form, head, offset_at)
            size, count = struct.unpack_from(order + "HH", head, sizes_at)
            if size < smallest or not 0 < count <= _MAX_HEADERS:
                return "its ELF headers make no sense"
            file.seek(offset)
            headers = file.read(size * count)
    except (OSError, ValueError, OverflowError) as error:
        return f"it cannot be read ({error})"
    if len(headers) < size * count:
        return "its ELF headers make no sense"
    kinds = (struct.unpack_from(order + "I", headers, at)[0] for at in range(0, len(headers), size))
    return "it needs a loader: it is linked dynamically" if _PT_INTERP in kinds else ""
