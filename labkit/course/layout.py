"""Lays the course out in a folder of the learner's, and keeps what the learner changed there.

A manifest in the folder remembers what each file was like when it was laid out. A later version of
the course updates the files that are still so; beside one that the learner changed it puts the new
version, as ``lab.new.ipynb``. A file that the learner deleted comes back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from labkit.core.errors import BadInput, Blocked
from labkit.course.files import digest, write_whole
from labkit.course.find import shipped_folder

CONTENT = ("labs", "exercises", "solutions")
"""The folders of a course."""

MANIFEST = ".labkit-course.json"
VERSION = 1

What = Literal["added", "updated", "beside"]


@dataclass(frozen=True)
class LaidOut:
    """A file that was written.

    Attributes:
        path: the file.
        what: ``added``, ``updated`` (the learner had not changed it), or ``beside`` (the learner
            had: this is the new version, next to theirs).
    """

    path: Path
    what: What


def is_content(path: Path) -> bool:
    """Whether a file belongs to the course, and not to whoever ran it."""
    parts = path.parts
    return not any(part.startswith(".") or part == "__pycache__" for part in parts)


def lay_out(folder: Path, *, source: Path | None = None) -> list[LaidOut]:
    """Copies the course into a folder.

    Args:
        folder: where to; made when missing.
        source: the course's folder; the one that came with this package when not given.

    Returns:
        What was written: nothing when all is there already.

    Raises:
        BadInput: the folder is a file.
        Blocked: this user may not write there.
        NotFound: the package came without a course.
    """
    from labkit.course.trusting import sign

    source, folder = (source or shipped_folder()).resolve(), folder.absolute()
    refuse_closed(folder)
    if folder.exists() and not folder.is_dir():
        raise BadInput(
            f"the course cannot be laid out in {folder}",
            why="it is a file",
            hint="Name a folder; a new one will be made",
        )
    if folder.resolve() == source:
        return []
    known = _read_manifest(folder)
    written: list[LaidOut] = []
    seen: dict[str, str] = {}
    for path in shipped_files(source):
        name = path.as_posix()
        content = (source / path).read_bytes()
        seen[name] = digest(content)
        if one := _lay_one(folder / path, content, known.get(name), known, folder):
            written.append(one)
            if one.what == "beside":
                seen[one.path.relative_to(folder).as_posix()] = seen[name]
    if {**known, **seen} != known:
        _write_manifest(folder, {**known, **seen})
    sign(one.path for one in written)
    return written


def refuse_closed(folder: Path) -> None:
    """Refuses a folder that this user may not even look into.

    Raises:
        Blocked: so it is.
    """
    try:
        (folder / "labs").exists()
    except PermissionError as error:
        what = f"cannot look into the folder {folder}"
        hint = "Choose a folder that you can write"
        raise Blocked(what, why="permission denied", hint=hint) from error


def shipped_files(source: Path) -> Iterator[Path]:
    """The files of a course, in order, as paths within it."""
    for name in CONTENT:
        for path in sorted((source / name).rglob("*")):
            relative = path.relative_to(source)
            if path.is_file() and is_content(relative):
                yield relative


def _lay_one(
    target: Path, content: bytes, laid_out: str | None, known: Mapping[str, str], folder: Path
) -> LaidOut | None:
    """Writes one file where it may, or beside; nothing where there is nothing new.

    Args:
        target: where it goes.
        content: what goes there.
        laid_out: digest of what was last laid out there; None for a file never laid out.
        known: digests of all that was laid out.
        folder: the folder that ``known`` is seen from.
    """
    try:
        there = digest(target.read_bytes())
    except FileNotFoundError:
        write_whole(target, content)
        return LaidOut(target, "added")
    except (IsADirectoryError, NotADirectoryError) as error:
        raise BadInput(f"cannot write {target}", why=error.strerror or "") from error
    new = digest(content)
    if new in (there, laid_out):
        return None
    if there == laid_out:
        write_whole(target, content)
        return LaidOut(target, "updated")
    beside = _free_beside(target, new, known, folder)
    if beside is None:
        return None
    write_whole(beside, content)
    return LaidOut(beside, "beside")


def _free_beside(target: Path, new: str, known: Mapping[str, str], folder: Path) -> Path | None:
    """A name for the new version where the learner keeps nothing; None when it is there."""
    number = 1
    while True:
        suffix = ".new" if number == 1 else f".new-{number}"
        path = target.with_name(f"{target.stem}{suffix}{target.suffix}")
        if not path.exists():
            return path
        there = digest(path.read_bytes())
        if there == new:
            return None
        if there == known.get(path.relative_to(folder).as_posix()):
            return path
        number += 1


def _read_manifest(folder: Path) -> dict[str, str]:
    """Digests by path. Without a manifest that can be read, every file there is the learner's."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return {str(name): str(value) for name, value in manifest["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write_manifest(folder: Path, files: Mapping[str, str]) -> None:
    text = json.dumps({"version": VERSION, "files": dict(sorted(files.items()))}, indent=1)
    write_whole(folder / MANIFEST, text.encode() + b"\n")
