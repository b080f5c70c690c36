"""What is wrong with an object: one fault a field, worded as the API server words it.

A fault knows nothing about kinds or HTTP. Sources: apimachinery
`pkg/util/validation/field/errors.go` (kinds of faults, how a bad value is shown) and
`pkg/api/errors` (the sentence around them all).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from .quantity import Quantity


class Reason(StrEnum):
    """The `reason` of a cause in a `Status`."""

    NOT_FOUND = "FieldValueNotFound"
    REQUIRED = "FieldValueRequired"
    DUPLICATE = "FieldValueDuplicate"
    INVALID = "FieldValueInvalid"
    NOT_SUPPORTED = "FieldValueNotSupported"
    FORBIDDEN = "FieldValueForbidden"
    TOO_LONG = "FieldValueTooLong"
    TOO_MANY = "FieldValueTooMany"
    TYPE_INVALID = "FieldValueTypeInvalid"


_WORDS = {
    Reason.NOT_FOUND: "Not found",
    Reason.REQUIRED: "Required value",
    Reason.DUPLICATE: "Duplicate value",
    Reason.INVALID: "Invalid value",
    Reason.NOT_SUPPORTED: "Unsupported value",
    Reason.FORBIDDEN: "Forbidden",
    Reason.TOO_LONG: "Too long",
    Reason.TOO_MANY: "Too many",
    Reason.TYPE_INVALID: "Invalid value",
}
UNSAID = object()
"""A bad value that is not shown."""
_WITHOUT_VALUE = frozenset({Reason.REQUIRED, Reason.FORBIDDEN, Reason.TOO_LONG})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    `field` is the path, `message` the detail after the value (may be empty). `str(fault)` is the
    whole line; `body`, the line without the field, is what a cause in a `Status` says.
    """

    field: str
    reason: Reason
    message: str = ""
    bad_value: Any = ""
    is_warning: ClassVar[bool] = False
    """The client is told, and the write goes on."""

    @property
    def body(self) -> str:
        """The line without its field."""
        words = _WORDS[self.reason]
        if self.reason not in _WITHOUT_VALUE and self.bad_value is not UNSAID:
            words += f": {shown(self.bad_value)}"
        return f"{words}: {self.message}" if self.message else words

    def __str__(self) -> str:
        return f"{self.field}: {self.body}"


def required(field: str, message: str = "") -> Fault:
    """A value that must be there is not."""
    return Fault(field, Reason.REQUIRED, message)


def invalid(field: str, value: Any, message: str) -> Fault:
    """A value that breaks a rule."""
    return Fault(field, Reason.INVALID, message, value)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Fault:
    """A value that is none of those there are."""
    values = ", ".join(map(_quoted, supported))
    return Fault(field, Reason.NOT_SUPPORTED, f"supported values: {values}", value)


def duplicate(field: str, value: Any) -> Fault:
    """A value that was there before."""
    return Fault(field, Reason.DUPLICATE, "", value)


def not_found(field: str, value: Any, message: str = "") -> Fault:
    """A name of something that is not there."""
    return Fault(field, Reason.NOT_FOUND, message, value)


def forbidden(field: str, message: str) -> Fault:
    """A value that would do elsewhere, but not here."""
    return Fault(field, Reason.FORBIDDEN, message)


def too_long(field: str, limit_bytes: int) -> Fault:
    """A value of more bytes than may be."""
    return Fault(field, Reason.TOO_LONG, f"may not be more than {limit_bytes} bytes")


def too_many(field: str, count: int, limit: int) -> Fault:
    """A list of more items than may be."""
    return Fault(field, Reason.TOO_MANY, f"must have at most {limit} items", count)


def invalid_message(kind: str, group: str, name: str, faults: Iterable[Fault]) -> str:
    """The message of the 422 that says all of `faults`, each once.

    `invalid_message("Deployment", "apps", "web", …)` → `Deployment.apps "web" is invalid: …`
    """
    lines = list(dict.fromkeys(map(str, faults)))
    about = f"{kind}.{group}" if group else kind
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    return f"{about} {_quoted(name)} is invalid" + (f": {text}" if lines else "")


def shown(value: Any) -> str:
    """A bad value as Go shows it: strings quoted, numbers bare, all else as JSON."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    return _as_go_writes(json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False))


_FIRST = ("matchLabels", "matchExpressions", "key", "operator", "values", "name", "value")
"""Go writes the fields of a type in their order there, the keys of a map in alphabetical order."""


class InOrder(dict[str, Any]):
    """A bad value whose fields are in the order in which Go writes them."""

    __slots__ = ()


def _ordered(value: Any) -> Any:
    if isinstance(value, Quantity):
        return str(value)
    if isinstance(value, InOrder):
        return {name: _ordered(part) for name, part in value.items()}
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (_place(name), name))
        return {name: _ordered(value[name]) for name in names}
    return [_ordered(part) for part in value] if isinstance(value, list | tuple) else value


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _as_go_writes(text: str) -> str:
    """Go's JSON hides what HTML would take for its own."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


_PLAIN = re.compile(r"[ !#-\[\]-~]*")
_NAMED = dict(
    zip(
        '\a\b\f\n\r\t\v\\"',
        ("\\a", "\\b", "\\f", "\\n", "\\r", "\\t", "\\v", "\\\\", '\\"'),
        strict=True,
    )
)


def _quoted(text: str) -> str:
    return f'"{text}"' if _PLAIN.fullmatch(text) else f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
