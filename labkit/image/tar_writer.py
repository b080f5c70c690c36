"""Writes a layer as a tar: the same bytes for the same content, whoever writes it, and when.

Everything belongs to root, is of 1970, and stands in one order. What a layer takes away stands
before what it brings, in each folder, so that readers which go through it once get it right, too.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset" ("Whiteouts").
"""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from labkit.core.errors import SystemFault
from labkit.image.plan import WHITEOUT, Parts

if TYPE_CHECKING:
    import tarfile


@dataclass(frozen=True)
class Folder:
    """A folder; its content has nodes of its own."""

    mode: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class File:
    """A file with its bytes, or with those of a file of the host."""

    content: bytes | Path
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


Node = Folder | File | Link


def write_tar(nodes: Mapping[Parts, Node], gone: Collection[Parts], into: BinaryIO) -> None:
    """Writes a layer.

    Args:
        nodes: what it brings, by path.
        gone: paths of the layers below that it takes away.
        into: written from where it stands; left at its start.

    Raises:
        SystemFault: a file of the host cannot be read.
    """
    import tarfile

    whiteouts: dict[Parts, Node] = {(*p[:-1], WHITEOUT + p[-1]): File(b"") for p in gone}
    everything = sorted({**nodes, **whiteouts}.items(), key=lambda item: _order(item[0]))
    with tarfile.open(
        fileobj=into, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8"
    ) as archive:
        for parts, node in everything:
            info = tarfile.TarInfo("/".join(parts) or ".")
            _add(archive, info, node)
    into.seek(0)


def _order(parts: Parts) -> tuple[tuple[bool, str], ...]:
    """Folder by folder, the names taken away first."""
    return tuple((not part.startswith(WHITEOUT), part) for part in parts)


def _add(archive: tarfile.TarFile, info: tarfile.TarInfo, node: Node) -> None:
    import tarfile

    if isinstance(node, Link):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, node.target, 0o777
        archive.addfile(info)
        return
    info.mode = node.mode
    if isinstance(node, Folder):
        info.type, info.uid, info.gid = tarfile.DIRTYPE, node.uid, node.gid
        archive.addfile(info)
    elif isinstance(node.content, bytes):
        info.size = len(node.content)
        archive.addfile(info, io.BytesIO(node.content))
    else:
        _add_host_file(archive, info, node.content)


def _add_host_file(archive: tarfile.TarFile, info: tarfile.TarInfo, path: Path) -> None:
    try:
        with path.open("rb") as content:
            info.size = content.seek(0, io.SEEK_END)
            content.seek(0)
            archive.addfile(info, content)
    except OSError as error:
        raise SystemFault(f"read {path}", errno=error.errno or 0, why=str(error)) from error
