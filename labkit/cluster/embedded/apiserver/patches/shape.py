"""What a patch needs to know of a kind: the part of the schema's `Type` that is read here.

Any object with these attributes will do, so the patches import no schema. It knows nothing about
where types come from. See docs/embedded-cluster.md, section schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

NONE: Mapping[str, Any] = MappingProxyType({})

Object = dict[str, Any]
"""An object of the API, or a part of one, as JSON has it."""


class Shape(Protocol):
    """One node of a schema."""

    @property
    def kind(self) -> str:
        """ "object", "map", "list", "any", or a scalar."""

    @property
    def format(self) -> str:
        """Of a string, or nothing."""

    @property
    def fields(self) -> Mapping[str, Any]:
        """Of an object: its fields and their types."""

    @property
    def element(self) -> Any:
        """Of a list or a map: the type of its elements."""

    @property
    def preserves_unknown(self) -> bool:
        """Whether an object may have fields that are not in `fields`."""

    @property
    def list_type(self) -> str:
        """ "atomic", "set" or "map": whether elements have owners of their own."""

    @property
    def list_keys(self) -> tuple[str, ...]:
        """Of a list of type "map": the fields that tell elements apart."""

    @property
    def map_type(self) -> str:
        """ "granular" or "atomic"."""

    @property
    def patch_strategy(self) -> frozenset[str]:
        """For strategic merge: "merge", "replace", "retainKeys"."""

    @property
    def patch_key(self) -> str:
        """For strategic merge: the field that tells elements of a list apart, or nothing."""

    @property
    def default(self) -> Any:
        """The schema's own default, or None."""

    @property
    def is_custom(self) -> bool:
        """Whether it is of a CRD, not of Kubernetes itself."""

    @property
    def gvk(self) -> Any:
        """Of a kind's root: (group, version, kind)."""


def parts_of(shape: Shape | None) -> tuple[Mapping[str, Any], Any]:
    """The types of named fields, and that of all others: keys that users choose."""
    if shape is None:
        return NONE, None
    return (NONE, shape.element) if shape.kind == "map" else (shape.fields, None)


def of_field(shape: Shape | None, name: str) -> Shape | None:
    """The type of one field, or of a map's element; None where the schema does not say."""
    known, other = parts_of(shape)
    found: Shape | None = known.get(name, other)
    return found


def is_named(shape: Shape | None, name: str) -> bool:
    """Whether it is a field that the schema names, not a key that users choose."""
    return name in parts_of(shape)[0]


def holds_null(shape: Shape | None) -> bool:
    """Whether a field that is null is there, as in custom resources; Go's own types have none."""
    return shape is None or shape.is_custom


def has_owned_parts(shape: Shape | None, value: Any) -> bool:
    """Whether parts of this value can belong to different managers.

    Without a schema it is as structured-merge-diff guesses: maps have parts, lists are one thing.
    """
    if isinstance(value, dict):
        return shape is None or (
            shape.map_type != "atomic" and shape.kind in ("object", "map", "any")
        )
    return shape is not None and isinstance(value, list) and shape.list_type in ("set", "map")
