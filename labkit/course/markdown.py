"""The little of Markdown that the course has to understand: links, and what is not prose.

Links are written as seen from the source file; a notebook that lies elsewhere gets them rewritten.
Code, between backticks or in a fence, is left alone. Source: CommonMark 0.31.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

CODE = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n.*?(?:^[ ]{0,3}(?P=fence)[`~]*[ ]*$|\Z)"
    r"|(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`)",
    re.MULTILINE | re.DOTALL,
)
"""A fenced block, or a code span."""

LINK = re.compile(
    r"(?P<open>\]\(\s*<?)(?P<to>[^\s)<>]+)"
    r"(?P<close>>?(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\))"
)
"""The target of an inline link or picture."""

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)
"""A target that is no file of the course: an address with a scheme, or a place on this page."""


def map_prose(text: str, change: Callable[[str, int], str]) -> str:
    """Changes what is prose, and leaves code as it is.

    Args:
        text: Markdown.
        change: gets a piece of prose and its offset in ``text``; gives what to put there.
    """
    pieces: list[str] = []
    at = 0
    for code in CODE.finditer(text):
        pieces += [change(text[at : code.start()], at), code[0]]
        at = code.end()
    return "".join([*pieces, change(text[at:], at)])


def file_links(text: str) -> Iterator[tuple[str, int]]:
    """Each link to a file: its path without the place in it, and its offset in ``text``."""
    found: list[tuple[str, int]] = []

    def look(prose: str, offset: int) -> str:
        for link in LINK.finditer(prose):
            if not ELSEWHERE.match(link["to"]):
                found.append((unquote(link["to"].partition("#")[0]), offset + link.start("to")))
        return prose

    map_prose(text, look)
    return iter(found)


def moved(text: str, old: Path, new: Path) -> str:
    """The text with its links to files rewritten for another folder.

    Args:
        text: Markdown.
        old: the folder that its links are seen from.
        new: the folder that they shall be seen from.
    """
    if old == new:
        return text

    def rewrite(link: re.Match[str]) -> str:
        if ELSEWHERE.match(link["to"]):
            return link[0]
        path, mark, place = link["to"].partition("#")
        return link["open"] + relative(old / path, new) + mark + place + link["close"]

    return map_prose(text, lambda prose, _: LINK.sub(rewrite, prose))


def relative(target: Path, folder: Path) -> str:
    """A link to a file, as seen from a folder."""
    return Path(os.path.relpath(target, folder)).as_posix()


def cell_text(text: str) -> str:
    """A text that can stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")
