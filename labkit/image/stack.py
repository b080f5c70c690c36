"""What an overlay of layer folders would show, without mounting it.

Looks from the topmost folder down, as overlayfs does: folders of the same path are merged, anything
else hides what is below it. Layer folders hold no whiteouts (see ``layers``). Never follows a link
out of the folders.

Source: the kernel's Documentation/filesystems/overlayfs.rst ("Directories").
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.image.plan import Parts

MAX_LINKS = 40
"""Symbolic links followed in one path: the kernel's own limit (path_resolution(7))."""


@dataclass(frozen=True)
class Found:
    """What lies at a path: where on the host, and its attributes (of the link, if it is one)."""

    path: Path
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, not a link to one."""
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.status.st_mode)


def look_up(layers: Sequence[Path], parts: Parts) -> Found | None:
    """What the overlay shows at ``parts``; None for nothing. Follows no link.

    Args:
        layers: folders, topmost first.
        parts: the path, component by component; ``()`` is the root.
    """
    folders = list(layers)
    found = _top(folders)
    for part in parts:
        if found is None or not found.is_folder:
            return None
        folders = [folder / part for folder in folders]
        found = _top(folders)
        folders = _merged(folders)
    return found


def resolve(layers: Sequence[Path], path: str) -> Parts:
    """A path's components with the links in its folders followed, inside the overlay.

    The last component is not followed, as ``rm`` and ``ln`` do not. What does not exist is taken
    as it is: it would be made.

    Raises:
        BadInput: the links go round in a circle, or a folder of the path is a file.
    """
    todo = [*reversed(path.split("/"))]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            done = done[:-1]
            continue
        done.append(part)
        found = look_up(layers, tuple(done)) if todo else None
        if found and found.is_link:
            links += 1
            if links > MAX_LINKS:
                raise BadInput(f"{path!r} leads round in a circle of symbolic links")
            target = str(found.path.readlink())
            done = [] if target.startswith("/") else done[:-1]
            todo += reversed(target.split("/"))
        elif found and not found.is_folder:
            name = path.removesuffix("/.")
            raise BadInput(f"{name!r} cannot be", why=f"/{'/'.join(done)} is a file in the image")
    return tuple(done)


def _top(candidates: Sequence[Path]) -> Found | None:
    return next((found for path in candidates if (found := _status(path))), None)


def _merged(candidates: Sequence[Path]) -> list[Path]:
    """The folders that take part: down to the first that is something else."""
    merged = []
    for path in candidates:
        found = _status(path)
        if found and not found.is_folder:
            break
        if found:
            merged.append(path)
    return merged


def _status(path: Path) -> Found | None:
    try:
        return Found(path, path.lstat())
    except (FileNotFoundError, NotADirectoryError):
        return None
