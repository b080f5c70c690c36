"""What a build is asked to bring and to take away, as the nodes of a layer.

Paths are those inside the image: links in their folders are followed there, so that
``/bin/hello`` lands in ``/usr/bin`` where an image has ``/bin`` as a link to it.
Knows nothing about stores.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labkit.core.errors import BadInput, NotFound, SystemFault
from labkit.image.plan import WHITEOUT, Parts, wrong_path
from labkit.image.stack import look_up, resolve
from labkit.image.tar_writer import File, Folder, Link, Node

Source = str | bytes | Path


def bring(files: Mapping[str, Source], layers: Sequence[Path]) -> dict[Parts, Node]:
    """The nodes for the files of a build, with the folders that lead to them.

    Args:
        files: path in the image → text, bytes, or a file or folder of the host.
        layers: folders of the image below, topmost first.

    Raises:
        BadInput: a path or a source cannot be meant; says which.
    """
    nodes: dict[Parts, Node] = {}
    for path, source in files.items():
        for parts, node in _nodes(path, source, layers):
            both_folders = isinstance(nodes.get(parts), Folder) and isinstance(node, Folder)
            if parts in nodes and not both_folders:
                raise BadInput(f"/{'/'.join(parts)} would be written twice", why=f"see {path!r}")
            nodes[parts] = node
    return {**_folders_to(nodes, layers), **nodes}


def take_away(remove: Sequence[str], layers: Sequence[Path]) -> set[Parts]:
    """The paths that a build removes.

    Raises:
        BadInput: a path cannot be meant.
        NotFound: the image has nothing there.
    """
    if isinstance(remove, str):
        raise BadInput("remove is one text", why="it is a list of paths", hint=f"[{remove!r}]")
    gone = set()
    for path in remove:
        _check_path(path)
        parts = resolve(layers, path)
        if not parts:
            raise BadInput("an image cannot do without its root folder")
        if look_up(layers, parts) is None:
            raise NotFound("path in the image", path, hint="Nothing is there to be removed")
        gone.add(parts)
    return gone


def make_folder(
    path: str, nodes: Mapping[Parts, Node], layers: Sequence[Path]
) -> dict[Parts, Node]:
    """The nodes for a folder that has to be there, none where it is.

    Raises:
        BadInput: the path cannot be meant, or it is a file.
    """
    _check_path(path.rstrip("/") or "/.")
    parts = resolve(layers, f"{path}/.")
    if not parts:
        return {}
    if isinstance(nodes.get(parts, Folder()), Folder):
        made: dict[Parts, Node] = {parts: Folder()}
        is_there = parts in nodes or look_up(layers, parts) is not None
        return {} if is_there else {**_folders_to({**nodes, **made}, layers), **made}
    raise BadInput(f"{path!r} cannot be a folder", why="the build writes a file there")


def _nodes(path: str, source: Source, layers: Sequence[Path]) -> Iterator[tuple[Parts, Node]]:
    _check_path(path)
    if isinstance(source, (str, bytes)):
        content = source.encode() if isinstance(source, str) else source
        node: Node = File(content, 0o755 if content.startswith(b"#!") else 0o644)
    elif isinstance(source, Path):
        node = _host_node(source, is_followed=True)
    else:
        raise BadInput(
            f"the content of {path!r} is of type {type(source).__name__}",
            why="it is text, bytes, or the Path of a file or folder of this machine",
        )
    is_folder = isinstance(node, Folder)
    parts = resolve(layers, f"{path}/." if is_folder else path)
    there = look_up(layers, parts)
    if there and there.is_folder != is_folder:
        what, new = ("folder", "file") if there.is_folder else ("file", "folder")
        raise BadInput(
            f"{path!r} cannot be a {new}",
            why=f"it is a {what} in the image",
            hint=f"Remove it as well (remove=[{path!r}] in a build before this), or name another",
        )
    yield parts, node
    if is_folder and isinstance(source, Path):
        yield from _below(source, parts)


def _host_node(source: Path, *, is_followed: bool) -> Node:
    """A file or folder of the host. A link is followed where it was named itself."""
    try:
        mode = source.stat(follow_symlinks=is_followed).st_mode
        if stat.S_ISLNK(mode):
            return Link(str(source.readlink()))
    except FileNotFoundError as error:
        raise BadInput(f"there is no {source} on this machine") from error
    except OSError as error:
        raise SystemFault(f"read {source}", errno=error.errno or 0) from error
    if stat.S_ISDIR(mode):
        return Folder(stat.S_IMODE(mode))
    if stat.S_ISREG(mode):
        return File(source, stat.S_IMODE(mode))
    raise BadInput(f"{source} cannot be in an image", why="it is a device, a pipe or a socket")


def _below(source: Path, parts: Parts) -> Iterator[tuple[Parts, Node]]:
    try:
        children = sorted(source.iterdir())
    except OSError as error:
        raise SystemFault(f"read {source}", errno=error.errno or 0) from error
    for child in children:
        if child.name.startswith(WHITEOUT):
            raise BadInput(f"{child} cannot be in an image", why="its name is a reserved name")
        node = _host_node(child, is_followed=False)
        yield (*parts, child.name), node
        if isinstance(node, Folder):
            yield from _below(child, (*parts, child.name))


def _folders_to(nodes: Mapping[Parts, Node], layers: Sequence[Path]) -> dict[Parts, Node]:
    """The folders that lead to the nodes, as the image has them: a layer must not change them."""
    ways = {parts[:depth] for parts in nodes for depth in range(len(parts))}
    return {way: _folder_like(way, layers) for way in ways if way not in nodes}


def _folder_like(parts: Parts, layers: Sequence[Path]) -> Folder:
    found = look_up(layers, parts)
    if found is None or not found.is_folder:
        return Folder()
    # Only root has the owners of the archive on its disk: see ``unpack``.
    owner = (found.status.st_uid, found.status.st_gid) if os.geteuid() == 0 else (0, 0)
    return Folder(stat.S_IMODE(found.status.st_mode), *owner)


def _check_path(path: str) -> None:
    """Refuses what cannot be the path of a file in an image."""
    if path.endswith("/"):
        why = "it ends with a slash: name the file"
    elif path.rpartition("/")[2].startswith(WHITEOUT):
        why = f"names that begin with {WHITEOUT!r} are reserved for what a layer takes away"
    else:
        wrong = wrong_path(path.lstrip("/"))
        why = f"it {wrong}" if wrong else ""
    if why:
        raise BadInput(f"{path!r} is not a path in an image", why=why)
