"""The labkit layer: labkit as it is here, compiled for the machine's Python, and its command.

It lies in ``/opt/labkit``, which the system layer puts on Python's path. Served from the host like
the course, each module of it would cost an import some questions through a port; so it is a layer,
and a change of it makes another one.

Knows nothing about what labkit does. Source: compileall.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from labkit.machine.layers.unpack import open_up
from labkit.machine.layers.workshop import Workshop

SOURCE = Path(__file__).parents[2]
"""labkit, as it is imported here."""

_PLACE = "opt/labkit"
_COMMAND = "usr/local/bin/labkit"
_PROGRAM = """#!/usr/bin/python3
import sys
from labkit.cli import main
sys.exit(main())
"""
_COMPILED = "__pycache__"


def make_labkit(source: Path, workshop: Workshop, into: Path) -> None:
    """Makes the squashfs of the package in the folder ``source``."""
    tree = into.with_name(into.name + ".tree")
    try:
        for path in files(source):
            copy = tree / _PLACE / "labkit" / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        command = tree / _COMMAND
        command.parent.mkdir(parents=True)
        command.write_text(_PROGRAM, encoding="utf-8")
        command.chmod(0o755)
        workshop.compile(tree, [_PLACE])
        open_up(tree)
        workshop.squash(tree, into)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def digest_of_source(source: Path = SOURCE) -> str:
    """What changes when any file of labkit does."""
    found = hashlib.sha256(_PROGRAM.encode())
    for path in files(source):
        content = path.read_bytes()
        found.update(f"{path.relative_to(source)}\0{len(content)}\0".encode() + content)
    return found.hexdigest()


def files(source: Path = SOURCE) -> Iterator[Path]:
    """Everything in the package that somebody wrote."""
    for path in sorted(source.rglob("*")):
        if _COMPILED not in path.parts and path.is_file():
            yield path
