"""What the fields of Kubernetes' messages are: number, name in JSON, type, and when it is left out.

The tables are `messages.json.gz`, made by `packing.py`. A type is written as Go writes it:
`string`, `*int32`, `[]core/v1.Container`, `map[string]resource.Quantity`. Go's types are what
matters, not those of the `.proto` files: only they tell a pointer, which can be zero and still be
there, from a plain value, which is left out of JSON when it is zero.

Knows nothing about bytes.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import orjson

SCALARS = frozenset({"bool", "int32", "int64", "float64", "string", "[]byte"})

OPTIONS = frozenset(
    f"{verb}Options" for verb in ("Create", "Delete", "Get", "List", "Patch", "Update")
)
"""Kinds that every group and version has, the same in all."""

Shape = Literal["scalar", "message", "pointer", "list", "map"]


@dataclass(frozen=True, slots=True)
class Type:
    """A type: of a scalar or a message the name, of the other shapes the element's type."""

    shape: Shape
    name: str = ""
    element: Type | None = None

    @property
    def inner(self) -> Type:
        """The element's type of a pointer, a list or a map."""
        assert self.element is not None
        return self.element


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message; one without a name gives its own fields to the message around it."""

    number: int
    name: str
    type: Type
    is_optional: bool
    """Left out of JSON when it is empty."""

    def is_left_out(self, value: Any) -> bool:
        """Whether Go's JSON encoder leaves out this value, which was sent.

        A pointer that was sent is not nil: it stays, whatever it points to.
        """
        return self.is_optional and self.type.shape != "pointer" and not value


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its fields in the order of JSON, or the one list it stands for."""

    name: str
    fields: tuple[Field, ...]
    is_list: bool


@cache
def _tables() -> dict[str, Any]:
    packed = resources.files(__package__).joinpath("messages.json.gz").read_bytes()
    tables: dict[str, Any] = orjson.loads(gzip.decompress(packed))
    return tables


@cache
def find_message(name: str) -> Message:
    """The message of this name, such as `core/v1.Pod`. Raises `KeyError`."""
    rows = _tables()["messages"][name]
    if isinstance(rows, str):
        return Message(
            name, (Field(1, "items", parse_type(rows), is_optional=False),), is_list=True
        )
    return Message(name, tuple(_field(*row) for row in rows), is_list=False)


def _field(number: int, name: str, text: str, omit: str) -> Field:
    type = parse_type(text)
    # Go's `omitempty` never leaves a struct out, however empty it is; its `omitzero` does.
    is_optional = omit == "omitzero" or (omit == "omitempty" and type.shape != "message")
    return Field(number, name, type, is_optional)


def find_kind(api_version: str, kind: str) -> str | None:
    """The name of the message that a kind is sent as; None where there is none."""
    if kind in OPTIONS:
        return f"meta/v1.{kind}"
    found: str | None = _tables()["kinds"].get(api_version, {}).get(kind)
    return found


def all_messages() -> list[str]:
    """The names of all messages."""
    return list(_tables()["messages"])


def all_kinds() -> list[tuple[str, str]]:
    """All kinds with their apiVersion, but for the options, which every one has."""
    kinds = _tables()["kinds"]
    return [(api_version, kind) for api_version, names in kinds.items() for kind in names]


@cache
def parse_type(text: str) -> Type:
    """A type from how Go writes it."""
    if text in SCALARS:
        return Type("scalar", text)
    for prefix, shape in _SHAPES.items():
        if text.startswith(prefix):
            return Type(shape, element=parse_type(text.removeprefix(prefix)))
    return Type("message", text)


_SHAPES: dict[str, Shape] = {"*": "pointer", "[]": "list", "map[string]": "map"}
