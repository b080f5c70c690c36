"""The order of a merged list: the patch's where it says one, the live list's elsewhere.

It knows nothing about patches but that elements may be told apart by a key. Source: "Preserve Order
in Strategic Merge Patch" in kubernetes/design-proposals-archive (cli).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.patches.errors import unforeseen
from labkit.cluster.embedded.apiserver.patches.go_values import go, go_type


class Identity:
    """Tells elements of a list apart: by their merge key, or by what they are."""

    def __init__(self, key: str) -> None:
        self._key = key

    def of(self, element: Any) -> Any:
        """What stands for this element; None if it lacks the key."""
        if not self._key:
            return element
        return element.get(self._key) if isinstance(element, dict) else None

    def required(self, element: Any) -> Any:
        """What stands for this element. Raises BadPatch if it lacks the key."""
        if not self._key:
            return element
        if not isinstance(element, dict):
            raise unforeseen(
                f"expected a map[string]interface {{}}, but received a {go_type(element)}"
            )
        if self._key not in element:
            raise unforeseen(f"map: {go(element)} does not contain declared merge key: {self._key}")
        return element[self._key]


class Places:
    """Where each value of a list stands first: found at once, however long the list is.

    Args:
        values: of JSON, what stands for elements.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        self._first: dict[Any, int] = {}
        for place, value in enumerate(values):
            self.add(value, place)

    def add(self, value: Any, place: int) -> None:
        """One more, unless it is there already."""
        self._first.setdefault(_hashable(value), place)

    def of(self, value: Any) -> int:
        """The first place of a value; -1 where there is none."""
        return self._first.get(_hashable(value), -1)

    def __contains__(self, value: Any) -> bool:
        return _hashable(value) in self._first


def _hashable(value: Any) -> Any:
    is_plain = not isinstance(value, dict | list)
    return value if is_plain else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def in_order(merged: list[Any], order: list[Any], live: list[Any], identity: Identity) -> list[Any]:
    """`merged`, with those of `order` as they stand there, the others as they stand in `live`.

    One that is only in the live list comes before one of the patch if it did so in the live list.
    """
    wanted = Places(identity.required(element) for element in order)
    before = Places(identity.of(element) for element in live)
    named = [(identity.required(element), element) for element in merged]
    patched = [(name, element) for name, element in named if name in wanted]
    others = deque((name, element) for name, element in named if name not in wanted)
    patched.sort(key=lambda one: wanted.of(one[0]))
    result = []
    for name, element in patched:
        place = before.of(name)
        while others and -1 < before.of(others[0][0]) < place:
            result.append(others.popleft()[1])
        result.append(element)
    return result + [element for _, element in others]
