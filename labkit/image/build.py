"""What one build is asked to do, and the layer that comes of it.

Knows nothing about stores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from labkit.image.compression import nameless_file
from labkit.image.config import Change
from labkit.image.content import Source, bring, make_folder, take_away
from labkit.image.image import Image
from labkit.image.tar_writer import write_tar

_NAMED = 3
"""Paths that a line of the history names before it counts the rest."""


@dataclass(frozen=True)
class Build:
    """The arguments of ``ImageStore.build``: see there."""

    files: Mapping[str, Source]
    remove: Sequence[str]
    command: Sequence[str] | None
    env: Mapping[str, str]
    working_dir: str | None

    def change(self) -> Change:
        """What it changes of the configuration."""
        return Change(self._summary(), self.command, self.env, self.working_dir)

    def layer(self, parent: Image | None, folder: Path) -> BinaryIO | None:
        """The layer's tar; None when there is nothing to write.

        Args:
            parent: the image below.
            folder: where the tar may lie, without a name.

        Raises:
            BadInput: a path or a source cannot be meant.
        """
        below = parent.layers if parent else ()
        gone = take_away(self.remove, below)
        nodes = bring(self.files, below)
        if self.working_dir is not None:
            nodes |= make_folder(self.working_dir, nodes, below)
        if parent and not nodes and not gone:
            return None
        tar = nameless_file(folder)
        write_tar(nodes, gone, tar)
        return tar

    def _summary(self) -> str:
        """The line of the image's history: the same for the same build."""
        parts = {
            "add": _some(sorted(self.files)),
            "remove": _some(sorted(self.remove)),
            "env": " ".join(sorted(self.env)),
            "working_dir": self.working_dir or "",
            "command": repr(list(self.command)) if self.command else "",
        }
        said = "; ".join(f"{what} {which}" for what, which in parts.items() if which)
        return f"labkit build: {said or 'nothing'}"


def _some(paths: Sequence[str]) -> str:
    rest = len(paths) - _NAMED
    return " ".join(paths[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
