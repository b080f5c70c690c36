"""`Type`: one node of a schema, and `Fault`: what is wrong with a value.

A Type is frozen. Its `fields` and its `element` are made when they are first asked for:
definitions may refer to themselves (a JSON schema has properties that are JSON schemas), and most
are never used.

Knows nothing about where schemas come from; see `definitions.py` for those of Kubernetes and
`custom.py` for those of CRDs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import orjson

NOTHING: Mapping[str, Any] = MappingProxyType({})
"""What a Type has that has no fields, or no limits."""


class GroupVersionKind(NamedTuple):
    """What an object says of itself by `apiVersion` and `kind`."""

    group: str
    version: str
    kind: str


class Parts(NamedTuple):
    """What a Type is made of: fields if it is an object, an element if it is a list or a map."""

    fields: Mapping[str, Type] = NOTHING
    element: Type | None = None


def no_parts() -> Parts:
    """The parts of a scalar."""
    return Parts()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Type:
    """One node of a schema: what values at one place look like."""

    kind: str
    """object, map, list, string, integer, number, boolean, int-or-string, quantity or any."""
    name: str = ""
    """The name of the definition, `io.k8s.api.core.v1.Pod`; a node within one has none."""
    format: str = ""
    """`date-time`, `micro-time`, `byte`, `int32`, `int64`, `double` …, or nothing."""
    gvk: GroupVersionKind | None = None
    """Of the root of a kind."""
    required: tuple[str, ...] = ()
    preserves_unknown: bool = False
    """Fields that are not known are kept."""
    is_custom: bool = False
    """It is of a CRD: faults are found by its schema, not by Go's decoder."""
    is_embedded: bool = False
    """An object within an object, with an apiVersion, a kind and metadata of its own."""
    list_type: str = "atomic"
    """atomic, set or map."""
    list_keys: tuple[str, ...] = ()
    """The fields that tell the elements of a list of type map from each other."""
    map_type: str = "granular"
    """granular or atomic, of objects and maps."""
    patch_strategy: frozenset[str] = frozenset()
    """For strategic merge: merge, replace, retainKeys."""
    patch_key: str = ""
    """For strategic merge: the field that tells the elements of a list from each other."""
    default: Any = None
    """As schemas have it: null is no default."""
    nullable: bool = False
    enum: tuple[Any, ...] = ()
    limits: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    """What else a schema asks for, in its own words: minimum, pattern, maxItems, anyOf …"""
    validations: tuple[Mapping[str, Any], ...] = ()
    """`x-kubernetes-validations`: rules in CEL, kept as they are written."""
    published: Mapping[str, Any] | None = None
    """Of the root of a CRD's kind: the schema as the CRD has it."""
    make_parts: Callable[[], Parts] = no_parts
    memo: dict[str, Any] = field(default_factory=dict)
    """What walks over this type found out about it once; each walk has its own key."""

    fields: Mapping[str, Type] = field(init=False)
    """Of an object: its fields by name."""
    element: Type | None = field(init=False)
    """Of a list or a map: what its elements are."""

    def __getattr__(self, name: str) -> Any:
        """Makes the parts when one is first asked for: a slot that is empty comes here."""
        if name not in Parts._fields:
            raise AttributeError(name)
        parts = self.make_parts()
        object.__setattr__(self, "fields", parts.fields)
        object.__setattr__(self, "element", parts.element)
        return getattr(parts, name)

    def used_as(self, **changes: Any) -> Type:
        """The same type as one field has it, with what that field says beside it."""
        if not changes:
            return self
        parts = lambda: Parts(self.fields, self.element)  # noqa: E731
        return dataclasses.replace(self, make_parts=parts, **changes)

    def __repr__(self) -> str:
        return f"<Type {self.name or self.kind}>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where, and in the words of the API what."""

    path: str
    message: str
    reason: str = "FieldValueInvalid"
    """As a Status has it in its causes."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


Path: TypeAlias = str
"""`spec.containers[0].image`; the root is the empty string."""


def child(path: Path, name: str) -> Path:
    """The path of a field."""
    return f"{path}.{name}" if path else name


def join(path: Path, rest: Path) -> Path:
    """One path below another: the second may begin with an index."""
    return path + rest if rest.startswith("[") else child(path, rest)


def show(value: Any) -> str:
    """A value in a message, as Kubernetes shows it: JSON."""
    return orjson.dumps(value).decode()


def invalid(path: Path, value: Any, text: str) -> Fault:
    """A value that will not do."""
    return Fault(path, f"Invalid value: {show(value)}: {text}")


def required(path: Path, text: str) -> Fault:
    """Something that is not there and has to be."""
    return Fault(path, f"Required value: {text}", "FieldValueRequired")


def forbidden(path: Path, text: str) -> Fault:
    """Something that is there and must not be."""
    return Fault(path, f"Forbidden: {text}", "FieldValueForbidden")
