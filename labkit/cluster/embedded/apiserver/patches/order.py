"""The order of a merged list: the patch's where it says one, the live list's elsewhere.

It knows nothing about patches but that elements may be told apart by a key. Source: "Preserve Order
in Strategic Merge Patch" in kubernetes/design-proposals-archive (cli).
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.patches.errors import go, go_type, unforeseen


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


def in_order(merged: list[Any], order: list[Any], live: list[Any], identity: Identity) -> list[Any]:
    """`merged`, with those of `order` as they stand there, the others as they stand in `live`.

    One that is only in the live list comes before one of the patch if it did so in the live list.
    """
    wanted = [identity.required(element) for element in order]
    before = [identity.of(element) for element in live]
    patched = [element for element in merged if identity.required(element) in wanted]
    others = [element for element in merged if identity.required(element) not in wanted]
    patched.sort(key=lambda element: wanted.index(identity.of(element)))
    result = []
    for element in patched:
        place = _place(before, identity.of(element))
        while others and -1 < _place(before, identity.of(others[0])) < place:
            result.append(others.pop(0))
        result.append(element)
    return result + others


def _place(list: list[Any], value: Any) -> int:
    return list.index(value) if value in list else -1
