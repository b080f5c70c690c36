"""Things that show themselves as Markdown in a notebook, and as plain text elsewhere.

Knows nothing about what they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Text:
    """A piece of Markdown.

    Attributes:
        markdown: its source.
        plain: the same for a terminal.
    """

    markdown: str
    plain: str

    def __str__(self) -> str:
        return self.plain

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/markdown": self.markdown, "text/plain": self.plain}


def code_block(code: str) -> str:
    """Some Python as Markdown; the fence is longer than any in the code."""
    longest = max(map(len, re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}python\n{code.strip()}\n{fence}"


def points(number: float) -> str:
    """``1 point``, ``0.5 points``."""
    return f"{number:g} {'point' if number == 1 else 'points'}"
