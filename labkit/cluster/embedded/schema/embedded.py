"""Objects within a custom resource (`x-kubernetes-embedded-resource`): each says what it is.

Their metadata is checked by who knows metadata: see `embedded_objects`. Source:
apiextensions-apiserver's pkg/apiserver/schema/objectmeta/validation.go, version 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from labkit.cluster.embedded.schema.types import Fault, Path, Type, child, show

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NO_LABEL = (
    "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case "
    "alphanumeric characters or '-', start with an alphabetic character, and end with an "
    "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


def embedded_objects(type_: Type, value: Any, path: Path = "") -> Iterator[tuple[Path, Any]]:
    """Each object within a value, and its path."""
    if isinstance(value, dict):
        if type_.is_embedded:
            yield path, value
        for name, part in value.items():
            below = type_.fields.get(name, type_.element)
            if below is not None and below.is_custom and isinstance(part, (dict, list)):
                yield from embedded_objects(below, part, child(path, name))
    elif isinstance(value, list) and type_.element is not None:
        for index, part in enumerate(value):
            yield from embedded_objects(type_.element, part, f"{path}[{index}]")


def identity_faults(type_: Type, value: Any) -> Iterator[Fault]:
    """What is wrong with how the objects within a value say what they are."""
    for path, one in embedded_objects(type_, value):
        for name in ("apiVersion", "kind"):
            if name not in one:
                yield Fault(child(path, name), "Required value", "FieldValueRequired")
        for name in ("apiVersion", "kind"):
            if name in one and (why := _wrong(name, one[name])):
                yield Fault(child(path, name), f"Invalid value: {show(one[name])}: {why}")


def _wrong(name: str, said: Any) -> str:
    if not isinstance(said, str):
        return "must be a string"
    if not said:
        return "must not be empty"
    if name == "apiVersion":
        return f"unexpected GroupVersion string: {said}" if said.count("/") > 1 else ""
    return "" if LABEL.fullmatch(said.lower()) else NO_LABEL
