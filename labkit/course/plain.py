"""Reads a plain percent file without jupytext, whose import takes a second: a learner waits for it.

A file is plain when each of its lines can only mean one thing: headers with keys alone, texts of
comment lines, code in which no line could be a magic. Of such a file this module gives the cells
that jupytext gives (the tests compare the two); of any other it gives nothing, and jupytext reads.

Source: jupytext, "The percent format", and its ``magics.py`` for what it takes for a magic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(
    r' (?:(task|check|id)=("[\w-]+")|(setup)=(true)|(language)=("bash")'
    r'|(tags)=(\["[\w-]+"(?:, ?"[\w-]+")*\]))'
)
_HEADER = re.compile(rf"# %%(?P<text> \[markdown\])?(?P<keys>(?:{_KEY.pattern})*)")
_COMMENT = re.compile(r"#(?: .*\S)?")
_ODD = re.compile(
    r"""\s*\#*\s*[%!?]                      # a magic, a shell command, a call for help
    |.*\?\s*$|\s+$                          # help, the other way round; blanks alone
    |[\s\#]*\w+\s*=\s*[%!]                  # the same, assigned
    |(?:\#[ ]?)*(?:cat|cd|cp|mv|rm|rmdir|mkdir|copy|ddir|echo|ls|ldir|ren)(?:\s|$)
    |\s*\#\s*(?:[-+]|(?:end)?region\b)      # marks of jupytext's other formats""",
    re.VERBOSE,
)
"""Lines that mean more than they say, or might."""


@dataclass(frozen=True)
class PlainCell:
    """A cell, with the names that jupytext's cells have."""

    cell_type: str
    source: str
    metadata: dict[str, Any]


def read_plain(text: str) -> list[PlainCell] | None:
    """The cells of a percent file that begins with a header; None when it is not a plain one."""
    cells: list[PlainCell] = []
    head: re.Match[str] | None = None
    rows: list[str] = []
    for line in [*text.splitlines(), None]:
        if line is not None and not line.lstrip("# ").startswith("%%"):
            rows.append(line)
            continue
        if head:
            cell = _cell(head, rows)
            if cell is None:
                return None
            cells.append(cell)
        head, rows = _HEADER.fullmatch(line) if line else None, []
        if line and not head:
            return None
    return cells


def _cell(head: re.Match[str], rows: Sequence[str]) -> PlainCell | None:
    keys = [[part for part in found if part] for found in _KEY.findall(head["keys"])]
    metadata = {name: json.loads(value) for name, value in keys}
    if len(metadata) < len(keys):  # one of them twice
        return None
    if head["text"]:
        text = _text(rows)
        return None if text is None else PlainCell("markdown", text, metadata)
    if metadata.pop("language", None):
        text = _text(rows)
        return None if text is None else PlainCell("code", f"%%bash\n{text}", metadata)
    code = "\n".join(rows).strip("\n")
    if any(map(_ODD.match, rows)) or any(code.count(quotes) % 2 for quotes in ('"""', "'''")):
        return None
    return PlainCell("code", code, metadata)


def _text(rows: Sequence[str]) -> str | None:
    while rows and not rows[-1]:
        rows = rows[:-1]
    if not rows or not all(row and _COMMENT.fullmatch(row) for row in rows):
        return None
    return "\n".join(row[2:] for row in rows)
