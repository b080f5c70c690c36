"""Names of a list's elements in a set of fields: `k:{"name":"web"}`, `v:"a"`.

It knows types, but no managers. Source: structured-merge-diff's `typed/helpers.go` (v6).
"""

from __future__ import annotations

from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.patches.shape import Shape

Elements = dict[str, Any]

DEFAULT_KEYS = {"protocol": "TCP"}
"""Keys that have a default in Kubernetes' own types: a configuration may leave them out."""


def element_name(type: Shape, element: Any) -> str | None:
    """The path element of a list's element; None if it lacks every key."""
    keys = type.list_keys
    if not keys:
        return "v:" + orjson.dumps(element).decode()
    if not isinstance(element, dict):
        return None
    if len(keys) == 1:
        value = element.get(keys[0])
        if value.__class__ is str:
            return f'k:{{"{keys[0]}":{orjson.dumps(value).decode()}}}'
    found = {key: value for key in keys if (value := _key(type, element, key)) is not None}
    return "k:" + orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if found else None


def _key(type: Shape, element: Any, key: str) -> Any:
    value = element.get(key)
    if value is None:
        field = type.element.fields.get(key) if type.element is not None else None
        value = field.default if field is not None else None
    return DEFAULT_KEYS.get(key) if value is None else value


def names_of(type: Shape, elements: list[Any]) -> list[str]:
    """The path elements of a list's elements; one that lacks every key goes by its place."""
    return [element_name(type, element) or f"i:{place}" for place, element in enumerate(elements)]


def by_name(type: Shape, elements: list[Any]) -> tuple[Elements, set[str]]:
    """A list's elements by their path element, and the names that several elements have.

    Elements that cannot be told apart are one thing: the list of them.
    """
    found: Elements = {}
    twice: set[str] = set()
    for name, element in zip(names_of(type, elements), elements, strict=True):
        if name not in found:
            found[name] = element
        elif name in twice:
            found[name].append(element)
        else:
            found[name] = [found[name], element]
            twice.add(name)
    return found, twice
