"""Expected text against what was printed. Knows nothing about kubectl.

A word in angle brackets stands for what differs from run to run; spaces after it line up a table,
and are as many as it needs; `<gap>` is such spaces beside a word that does not differ. A line `...`
stands for any number of lines.
"""

from __future__ import annotations

import re

_PLACES = {
    "age": r"(?:\d+[smhdy])+",
    "uid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "rv": r"\d+",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "date": r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [-+]\d{4}",
    "suffix": r"[bcdfghjklmnpqrstvwxz2456789]{5}",
    "hash": r"[bcdfghjklmnpqrstvwxz2456789]{8,10}",
    "ip": r"\d+\.\d+\.\d+\.\d+",
    "port": r"\d+",
    "address": r"https://\S+",
    "jwt": r"[\w-]+\.[\w-]+\.[\w-]+",
    "anything": r".+?",
    "gap": r" {3,}",
}
_PLACE = re.compile(rf"<({'|'.join(_PLACES)})>( {{2,}})?")
_MANY = "(?:.*\n)*?"


def matches(expected: str, printed: str) -> bool:
    """Whether the text printed is the one expected."""
    lines = expected.splitlines()
    pattern = "".join(_MANY if line == "..." else f"{_of_line(line)}\n" for line in lines)
    printed = printed.rstrip()
    return re.fullmatch(pattern, printed + "\n" if printed else "") is not None


def _of_line(line: str) -> str:
    parts, end = [], 0
    for found in _PLACE.finditer(line):
        parts += [re.escape(line[end : found.start()]), _PLACES[found[1]]]
        parts += [" +"] if found[2] else []
        end = found.end()
    return "".join(parts) + re.escape(line[end:]) + " *"
