"""A selector that cannot be understood."""

from __future__ import annotations


class BadSelector(ValueError):
    """A selector that cannot be understood. Its text is the message of the 400 that answers it."""


def quoted(value: str) -> str:
    """A value in double quotes, as Go's ``%q`` has it for all that people type."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_printable(character) for character in escaped) + '"'


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    short = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(character)
    return short or f"\\x{ord(character):02x}"
