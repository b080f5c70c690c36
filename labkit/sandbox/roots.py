"""What a sandbox's root is made of: the layers of an image, or a folder.

Knows nothing about mounts. Source: OCI Image Specification 1.1 (config: Env, Cmd, WorkingDir).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput

if TYPE_CHECKING:
    from labkit.image import Image


@dataclass(frozen=True)
class Root:
    """Lower layers, topmost first, and what an image's config says of the process."""

    layers: tuple[str, ...]
    reference: str
    env: Mapping[str, str] = field(default_factory=dict)
    working_dir: str = "/"
    command: tuple[str, ...] = ()


def find_root(rootfs: str | Path | Image | None) -> Root:
    """The root for what a caller names.

    Args:
        rootfs: None for the base image, an image, its reference, or the path of a folder (a
            string with a ``/`` at its start or ``.`` at its start, or a ``Path``).

    Raises:
        NotFound: no image has that reference.
        BadInput: the folder does not exist, or is none.
    """
    if isinstance(rootfs, Path) or (isinstance(rootfs, str) and rootfs.startswith(("/", ".", "~"))):
        return _of_folder(Path(rootfs))
    # Only now: a sandbox on a folder needs nothing of images.
    from labkit.image.base import base_image
    from labkit.image.image import Image
    from labkit.image.store import ImageStore

    if rootfs in (None, "base", "base:latest"):
        return _of_image(base_image())
    if isinstance(rootfs, Image):
        return _of_image(rootfs)
    if isinstance(rootfs, str):
        return _of_image(ImageStore().get(rootfs))
    raise BadInput(
        f"{rootfs!r} cannot be a root",
        why="a root is a folder, an image, or the reference of one",
    )


def _of_image(image: Image) -> Root:
    return Root(
        tuple(str(layer) for layer in image.layers),
        image.reference,
        image.env,
        image.working_dir or "/",
        tuple(image.command or ()),
    )


def _of_folder(folder: Path) -> Root:
    if not folder.is_dir():
        raise BadInput(
            f"the root {folder} is not a folder" if folder.exists() else f"there is no {folder}",
            why="rootfs names a folder that holds a root file system, or an image",
        )
    return Root((str(folder),), str(folder))
