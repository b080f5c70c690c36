"""How much a layer may bring.

Source: none; the figures are this course's own. Its largest images (a Python application, a
database) have about 1 GB and 60,000 names.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_COMPONENT = 255
"""Bytes in one name of a path: NAME_MAX of Linux's file systems."""

MAX_DEPTH = 100
"""Names in a path. Real trees stay under 40; deeper ones exhaust programs that walk them."""

MAX_NAME = 3072
"""Bytes in a path: PATH_MAX is 4096, and the folder that the store lies in comes before it."""


@dataclass(frozen=True)
class Limits:
    """What a layer may bring before it is refused.

    Attributes:
        layer_bytes: bytes of the layer's uncompressed tar. Its files cannot be more than that,
            because sparse entries are refused: so this is also what keeps a small blob from
            unpacking into a full disk.
        entries: names in the layer, folders that are only implied counted as well.
    """

    layer_bytes: int = 4 << 30
    entries: int = 400_000
