"""A part of an object laid over the whole, by its type; nobody gets to manage what it sets.

It is how a mutating policy's `ApplyConfiguration` changes an object. Maps and lists that are one
thing (atomic) may not be in it: who leaves something out would take it away. Source: Kubernetes'
`apiserver/pkg/admission/plugin/policy/mutating/patch/smd.go`, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.patches.checking import typed_errors
from labkit.cluster.embedded.apiserver.patches.merging import merged
from labkit.cluster.embedded.apiserver.patches.shape import Object, Shape
from labkit.cluster.embedded.store.frozen import thaw


class DoesNotFit(ValueError):
    """It cannot be laid over an object of this type; the message is Kubernetes'."""


def overlaid(type: Shape | None, live: Object, part: Object) -> Object:
    """The object with what a part of it says.

    Raises:
        DoesNotFit: the type has no such fields or values, or some are atomic.
    """
    if errors := typed_errors(type, part):
        raise DoesNotFit(f"failed to convert patch object to typed object: {errors}")
    if atomics := list(_atomics(type, part, "")):
        words = "may not mutate atomic arrays, maps or structs"
        raise DoesNotFit(f"invalid ApplyConfiguration: {words}: {', '.join(atomics)}")
    result: Object = thaw(merged(type, live, part))
    return result


def _atomics(type: Shape | None, value: Any, path: str) -> Iterator[str]:
    """The paths of what is atomic; elements of a map whose keys users choose are not looked at."""
    if type is None:
        return
    if isinstance(value, dict):
        if type.map_type == "atomic":
            yield path
        for name, part in value.items():
            yield from _atomics(type.fields.get(name), part, f"{path}.{name}")
    elif isinstance(value, list):
        if type.list_type == "atomic":
            yield path
        for place, element in enumerate(value):
            yield from _atomics(type.element, element, f"{path}[{place}]")
