"""The `fieldPath` of a rule: `.spec.replicas`, `['a-b'].c`.

Source: `ValidFieldPath` of apiextensions-apiserver's `pkg/apiserver/schema/cel/validation.go`.
"""

from __future__ import annotations

import re

from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import child

STEP = re.compile(r"\.([^.\[\]]+)|\['((?:[^'\\]|\\.)*)'\]")
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class BadFieldPath(ValueError):
    """It leads nowhere in this schema."""


def read_field_path(text: str, type_: Type) -> str:
    """The path that it says, in the words of the API.

    Raises:
        BadFieldPath: it is none, or names a field that the schema does not declare.
    """
    path, place, at = "", 0, type_
    while place < len(text):
        found = STEP.match(text, place)
        if found is None:
            raise BadFieldPath(text)
        name = found[1] if found[1] is not None else _unescaped(found[2])
        if at.kind == "map" and at.element is not None:
            path, at = f"{path}[{name}]", at.element
        elif name in at.fields:
            path, at = child(path, name), at.fields[name]
        else:
            raise BadFieldPath(text)
        place = found.end()
    return path


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)
