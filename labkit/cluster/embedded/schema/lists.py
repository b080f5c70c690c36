"""Lists of a custom resource with no element twice: sets, and maps by their keys.

Source: apiextensions-apiserver's pkg/apiserver/schema/listtype/validation.go, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.cluster.embedded.schema.types import Fault, Path, Type, child, show


def duplicates(type_: Type, value: Any, path: Path = "") -> Iterator[Fault]:
    """The elements that are there again, each once however often it is, in a value and below."""
    if isinstance(value, dict):
        for name, part in value.items():
            below = type_.fields.get(name, type_.element)
            if below is not None and below.is_custom and isinstance(part, (dict, list)):
                yield from duplicates(below, part, child(path, name))
    elif isinstance(value, list):
        yield from _in_list(type_, value, path)
        if type_.element is not None:
            for index, part in enumerate(value):
                if isinstance(part, (dict, list)):
                    yield from duplicates(type_.element, part, f"{path}[{index}]")


def _in_list(type_: Type, value: list[Any], path: Path) -> Iterator[Fault]:
    if type_.list_type == "set":
        yield from _again(value, path)
    elif type_.list_type == "map":
        for index, one in enumerate(value):
            if one is not None and not isinstance(one, dict):
                text = (
                    f"Invalid value: {show(one)}: must be an object for an array of list-type map"
                )
                yield Fault(f"{path}[{index}]", text)
                return
        keys = type_.list_keys
        yield from _again([{k: one[k] for k in keys if k in (one or {})} for one in value], path)


def _again(value: list[Any], path: Path) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for index, element in enumerate(value):
        text = show(element)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:  # the third is not told
            yield Fault(f"{path}[{index}]", f"Duplicate value: {text}", "FieldValueDuplicate")
