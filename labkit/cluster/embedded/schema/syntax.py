"""Why a document is no JSON, in the words of Go's decoder.

Asked only when a faster reader has refused the document. Sources: Go's `encoding/json/scanner.go`
(1.26), and the same in sigs.k8s.io/json.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

MOST_NESTED = 10_000
"""As Go's `maxNestingDepth`."""
END = "unexpected end of JSON input"
SPACE = re.compile(rb"[ \t\r\n]*")
STRING = re.compile(rb'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
ESCAPE = re.compile(rb"\\u[0-9a-fA-F]*")
ENDS = {b"{": b"}", b"[": b"]"}
LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}
NUMBER = (
    (re.compile(rb"-?"), re.compile(rb"0|[1-9][0-9]*"), "in numeric literal"),
    (re.compile(rb"\."), re.compile(rb"[0-9]+"), "after decimal point in numeric literal"),
    (re.compile(rb"[eE][+-]?"), re.compile(rb"[0-9]+"), "in exponent of numeric literal"),
)
"""The parts of a number: what begins each, what has to follow, and what is said if it does not."""

QUOTED = {
    "'": "\\'", '"': '"', "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b",
    "\f": "\\f", "\v": "\\v", "\a": "\\a",
}  # fmt: skip

Step: TypeAlias = "Callable[[], Step | None]"
"""What is read next; None at the end."""


class _NoJson(Exception):
    """The document ends to be JSON here."""


def syntax_error(data: bytes) -> str:
    """What Go says of a document that is no JSON; nothing where it would take it.

    Args:
        data: the document, as it came.
    """
    try:
        _Scanner(data).document()
    except _NoJson as error:
        return str(error)
    return ""


class _Scanner:
    """Reads from left to right, and keeps in mind what is open."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self._open: list[bytes] = []

    def document(self) -> None:
        step: Step | None = self._value
        while step is not None:
            step = step()
        self._skip()
        if self._at < len(self._data):
            raise self._unfit("after top-level value")

    def _value(self) -> Step | None:
        """One value, or the beginning of one that has parts."""
        self._skip()
        first = self._look()
        if first == b'"':
            self._string()
        elif first in (b"{", b"["):
            return self._begin(first)
        elif first in LITERALS:
            self._literal(LITERALS[first])
        elif first == b"-" or first.isdigit():
            self._number()
        else:
            raise self._unfit("looking for beginning of value")
        return self._after_value

    def _begin(self, bracket: bytes) -> Step | None:
        self._at += 1
        self._open.append(bracket)
        if len(self._open) > MOST_NESTED:
            raise _NoJson("exceeded max depth")
        self._skip()
        if self._look() == ENDS[bracket]:
            return self._after_value
        return self._field if bracket == b"{" else self._value

    def _field(self) -> Step | None:
        self._skip()
        if self._look() != b'"':
            raise self._unfit("looking for beginning of object key string")
        self._string()
        self._skip()
        if self._look() != b":":
            raise self._unfit("after object key")
        self._at += 1
        return self._value

    def _after_value(self) -> Step | None:
        """A comma and what follows it, or the end of what is open."""
        if not self._open:
            return None
        self._skip()
        bracket, found = self._open[-1], self._look()
        if found == ENDS[bracket]:
            self._at += 1
            self._open.pop()
            return self._after_value
        is_object = bracket == b"{"
        if found != b",":
            what = "after object key:value pair" if is_object else "after array element"
            raise self._unfit(what)
        self._at += 1
        return self._field if is_object else self._value

    def _string(self) -> None:
        self._at = self._end_of(STRING, self._at + 1)
        found = self._look()
        if found == b'"':
            self._at += 1
            return
        if found != b"\\":
            raise self._unfit("in string literal")
        hexadecimal = ESCAPE.match(self._data, self._at)
        self._at = hexadecimal.end() if hexadecimal else self._at + 1
        what = "\\u hexadecimal character escape" if hexadecimal else "string escape code"
        raise self._unfit(f"in {what}", has_room=False)

    def _literal(self, wanted: bytes) -> None:
        for letter in wanted:
            if self._look() != bytes([letter]):
                what = f"in literal {wanted.decode()} (expecting '{chr(letter)}')"
                raise self._unfit(what, has_room=False)
            self._at += 1

    def _number(self) -> None:
        for begins, follows, what in NUMBER:
            found = begins.match(self._data, self._at)
            if found is None:
                continue
            self._at = found.end()
            if not follows.match(self._data, self._at):
                raise self._unfit(what, has_room=False)
            self._at = self._end_of(follows, self._at)

    def _skip(self) -> None:
        self._at = self._end_of(SPACE, self._at)

    def _end_of(self, pattern: re.Pattern[bytes], start: int) -> int:
        found = pattern.match(self._data, start)
        return found.end() if found else start

    def _look(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _unfit(self, what: str, *, has_room: bool = True) -> _NoJson:
        """The error at this place. Go takes the end for a space: most places have room for one."""
        found = self._look()
        if not found and has_room:
            return _NoJson(END)
        return _NoJson(f"invalid character {_quoted(found or b' ')} {what}")


def _quoted(character: bytes) -> str:
    """A byte as Go quotes a character."""
    text = character.decode("latin-1")
    if text in QUOTED:
        return f"'{QUOTED[text]}'"
    if text.isprintable():
        return f"'{text}'"
    return f"'\\x{ord(text):02x}'" if ord(text) < 0x80 else f"'\\u{ord(text):04x}'"
