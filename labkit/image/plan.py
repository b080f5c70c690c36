"""What unpacking a layer would do, worked out and judged before anything is written.

A plan is safe by its form, not by care while writing: every name is a path of plain components
below the layer's root, no two entries have the same path, and no entry lies below anything but a
folder. So nothing can be written through a link, in whatever order it is done.

Refused: ``..`` and absolute names, entries below a link or a file, a path given twice (folders
may be), hard links to what is not a file earlier in the layer, devices, fifos, sparse files,
reserved ``.wh.`` names, and more than the limits allow.

Kept as they are: targets of symbolic links, which mean something only inside a container; setuid
bits, because the store's folders are closed to other users and a sandbox has no-new-privileges;
names with any byte that Linux allows. Left out: extended attributes, file capabilities among them.

Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn

from labkit.core.errors import BadInput
from labkit.image.limits import MAX_COMPONENT, MAX_DEPTH, MAX_NAME, Limits
from labkit.image.tar_reader import Entry, MalformedTar, read_entries

Parts = tuple[str, ...]
"""A path below a layer's root: ``("etc", "motd")``; ``()`` is the root itself."""

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"

MAX_ID = (1 << 32) - 2
"""Highest user and group id; the one above means "leave it" to chown(2)."""


@dataclass(frozen=True)
class Plan:
    """A layer that can be unpacked safely.

    Attributes:
        folders: every folder, parents before children; None for one that the layer only implies.
        files: content to write.
        links: hard links and the path of the file they are a further name of.
        symlinks: symbolic links.
        whiteouts: paths of the layers below that are gone.
        opaque: folders whose content in the layers below is gone.
    """

    folders: dict[Parts, Entry | None] = field(default_factory=dict)
    files: dict[Parts, Entry] = field(default_factory=dict)
    links: dict[Parts, Parts] = field(default_factory=dict)
    symlinks: dict[Parts, Entry] = field(default_factory=dict)
    whiteouts: set[Parts] = field(default_factory=set)
    opaque: set[Parts] = field(default_factory=set)

    @property
    def hides(self) -> bool:
        """Whether it takes away anything of the layers below."""
        return bool(self.whiteouts or self.opaque)


def plan_layer(archive: BinaryIO, limits: Limits) -> Plan:
    """Reads the headers of an uncompressed tar and plans its unpacking.

    Args:
        archive: a file that can be sought.
        limits: how many entries it may have.

    Raises:
        BadInput: it is not a tar, or an entry is unsafe; names the entry.
    """
    plan = Plan(folders={(): None})
    try:
        for count, entry in enumerate(read_entries(archive)):
            if count >= limits.entries:
                _refuse_size(limits)
            _add(plan, entry)
    except MalformedTar as error:
        raise BadInput(
            "the layer cannot be unpacked", why=str(error), hint="A layer is a tar or a tar.gz"
        ) from error
    _imply_folders(plan, limits)
    return plan


def _add(plan: Plan, entry: Entry) -> None:
    parts = _parts(entry)
    if parts and parts[-1].startswith(WHITEOUT):
        _add_whiteout(plan, entry, parts)
        return
    _check_kind(entry)
    if entry.kind == "folder":
        if _is_taken(plan, parts) and parts not in plan.folders:
            _refuse(entry, "is there twice, and not as a folder both times")
        plan.folders[parts] = entry
        return
    if _is_taken(plan, parts):
        _refuse(entry, "is there twice" if parts else "is the root, and not a folder")
    if entry.kind == "file":
        plan.files[parts] = entry
    elif entry.kind == "symlink":
        plan.symlinks[parts] = entry
    else:
        _add_hard_link(plan, entry, parts)


def _add_hard_link(plan: Plan, entry: Entry, parts: Parts) -> None:
    target = _link_target(entry)
    if target in plan.symlinks:
        plan.symlinks[parts] = plan.symlinks[target]
        return
    target = plan.links.get(target, target)
    if target not in plan.files:
        _refuse(entry, f"is a hard link to {entry.link!r}, which is no file before it in the layer")
    plan.links[parts] = target


def _add_whiteout(plan: Plan, entry: Entry, parts: Parts) -> None:
    name = parts[-1]
    if entry.kind != "file":
        _refuse(entry, f"has a whiteout's name and is a {entry.kind}")
    if name == OPAQUE:
        plan.opaque.add(parts[:-1])
        return
    hidden = name.removeprefix(WHITEOUT)
    if hidden in ("", ".", "..") or hidden.startswith(WHITEOUT):
        _refuse(entry, "has a reserved name that means nothing")
    plan.whiteouts.add((*parts[:-1], hidden))


def _check_kind(entry: Entry) -> None:
    if entry.kind in ("device", "fifo", "sparse file", "unknown"):
        what = "of an unknown kind" if entry.kind == "unknown" else f"a {entry.kind}"
        _refuse(entry, f"is {what}; a layer may have files, folders and links")
    if max(entry.uid, entry.gid) > MAX_ID:
        _refuse(entry, "has an owner that no system can have")
    target = entry.link
    if entry.kind == "symlink" and (not target or "\0" in target or len(_raw(target)) > MAX_NAME):
        _refuse(entry, "is a symbolic link to nothing that a path can be")


def _parts(entry: Entry) -> Parts:
    """The path that an entry's name means."""
    if why := wrong_path(entry.name):
        _refuse(entry, why)
    return _components(entry.name)


def _link_target(entry: Entry) -> Parts:
    """The path that a hard link's target means: like names, it is counted from the root."""
    if why := wrong_path(entry.link):
        _refuse(entry, f"is a hard link to {entry.link!r}, which {why}")
    return _components(entry.link)


def _components(name: str) -> Parts:
    return tuple(part for part in name.split("/") if part not in ("", "."))


def wrong_path(name: str) -> str:
    """Why a path counted from a layer's root cannot be one; nothing when it can."""
    parts = _components(name)
    reasons = {
        "is no name that a file can have": not name or "\0" in name,
        "has an absolute path": name.startswith("/"),
        'has ".." in its path': ".." in parts,
        f"lies more than {MAX_DEPTH} folders deep": len(parts) > MAX_DEPTH,
        f"has a path of more than {MAX_NAME} bytes": len(_raw(name)) > MAX_NAME,
        f"has a name of more than {MAX_COMPONENT} bytes": _longest(parts) > MAX_COMPONENT,
        "lies below a reserved name": any(part.startswith(WHITEOUT) for part in parts[:-1]),
    }
    return next((why for why, is_so in reasons.items() if is_so), "")


def _longest(parts: Parts) -> int:
    return max((len(_raw(part)) for part in parts), default=0)


def _imply_folders(plan: Plan, limits: Limits) -> None:
    """Adds the folders that entries lie in and that have no entry of their own, sorted."""
    named = [*plan.folders, *plan.files, *plan.links, *plan.symlinks]
    implied: dict[Parts, Entry | None] = {}
    for parts in named:
        for parent in _parents(parts):
            if parent not in plan.folders and parent not in implied:
                _check_parent(plan, parts, parent)
                implied[parent] = None
        if len(named) + len(implied) > limits.entries:
            _refuse_size(limits)
    for hidden in (*plan.whiteouts, *((*folder, OPAQUE) for folder in plan.opaque)):
        for parent in _parents(hidden):
            _check_parent(plan, hidden, parent)
    everything = sorted({**implied, **plan.folders}.items())
    plan.folders.clear()
    plan.folders.update(everything)


def _parents(parts: Parts) -> Iterator[Parts]:
    return (parts[:depth] for depth in range(len(parts)))


def _check_parent(plan: Plan, parts: Parts, parent: Parts) -> None:
    """No path may lead through what is not a folder, whichever of the two comes first."""
    if parent not in plan.folders and _is_taken(plan, parent):
        what = "symbolic link" if parent in plan.symlinks else "file"
        raise _unsafe("/".join(parts), f"lies below {'/'.join(parent)!r}, which is a {what}")


def _is_taken(plan: Plan, parts: Parts) -> bool:
    return any(parts in kind for kind in (plan.folders, plan.files, plan.links, plan.symlinks))


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _refuse(entry: Entry, why: str) -> NoReturn:
    raise _unsafe(entry.name, why)


def _refuse_size(limits: Limits) -> NoReturn:
    raise BadInput("the layer cannot be unpacked", why=f"it has more than {limits.entries} entries")


def _unsafe(name: str, why: str) -> BadInput:
    return BadInput(
        "the layer cannot be unpacked",
        why=f"its entry {name!r} {why}",
        hint="Nothing was kept of it. Make the layer again without that entry",
    )
