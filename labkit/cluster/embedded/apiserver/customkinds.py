"""The kind of a CRD: what its schema fills in and refuses, its rules in CEL, its scale.

Rules are asked when the schema has nothing against the object that would make them senseless.
Source: apiextensions-apiserver's `pkg/registry/customresource/strategy.go`, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from labkit.cluster.embedded.apiserver.kinds import scales
from labkit.cluster.embedded.apiserver.kinds.faults import Fault, Reason
from labkit.cluster.embedded.apiserver.kinds.kind import Kind, custom
from labkit.cluster.embedded.apiserver.kinds.meta import validate_meta
from labkit.cluster.embedded.apiserver.kinds.names import path_segment
from labkit.cluster.embedded.apiserver.kinds.rules import Object
from labkit.cluster.embedded.schema import Type, faults, fill_defaults
from labkit.cluster.embedded.schema.embedded import embedded_objects
from labkit.cluster.embedded.schema.faults import NOTHING_BEFORE
from labkit.cluster.embedded.schema.types import Fault as SchemaSays
from labkit.cluster.embedded.schema.types import child

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.cel.rules import Rules
    from labkit.cluster.embedded.apiserver.registry import Resource

RULES = "x-kubernetes-validations"
BLOCKING = frozenset(
    {Reason.NOT_SUPPORTED, Reason.REQUIRED, Reason.TOO_LONG, Reason.TOO_MANY, Reason.TYPE_INVALID}
)
UNCHECKED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


class SchemaFault(Fault):
    """A fault whose message says the value already, as schemas' messages do."""

    __slots__ = ()

    @property
    def body(self) -> str:
        """The line without its field."""
        return self.message


class BrokenBefore(SchemaFault):
    """A rule that was broken before, where nothing has changed."""

    __slots__ = ()
    is_warning: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class CustomKind(Kind):
    """A kind whose objects are judged by the schema of one version.

    Attributes:
        type: the schema.
        has_rules: whether it has rules in CEL.
        scale: where its numbers for the scale subresource are, if it has one.
    """

    type: Type
    has_rules: bool = False
    scale: Mapping[str, Any] | None = None

    def set_defaults(self, new: Object) -> None:
        """What the schema fills in."""
        fill_defaults(self.type, new)

    def validate(self, new: Object) -> list[Fault]:
        """The faults of its metadata, those its schema finds, and the rules it breaks."""
        return self._ruled([*super().validate(new), *self._by_schema(new)], new, None)

    def validate_update(self, new: Object, old: Object) -> list[Fault]:
        """The same, of what takes the place of another."""
        found = super().validate_update(new, old)
        found += [*found, *self._by_schema(new, old)]  # metadata is looked at twice
        return self._ruled(found, new, old)

    def validate_status_update(self, new: Object, old: Object) -> list[Fault]:
        """The faults of its status; rules are about all of it."""
        found = super().validate_status_update(new, old)
        found = [*found, *found, *self._by_schema_of_status(new, old)]
        scales.of_status(self.scale, new, found)
        return self._ruled(found, new, old)

    def _by_schema(self, new: Object, old: Object = NOTHING_BEFORE) -> list[Fault]:
        found = list(map(_fault, faults(self.type, new, old)))
        for path, one in embedded_objects(self.type, new):
            found += _in_metadata(path, one.get("metadata"))
        scales.of_spec(self.scale, new, found)
        scales.of_status(self.scale, new, found)
        return found

    def _by_schema_of_status(self, new: Object, old: Object) -> Iterator[Fault]:
        status = self.type.fields.get("status")
        if status is None or "status" not in new:
            return
        for one in faults(status, new["status"], old.get("status", NOTHING_BEFORE)):
            path = one.path if one.path.startswith("<") else child("status", one.path)
            yield SchemaFault(path, Reason(one.reason), one.message)

    def _ruled(self, found: list[Fault], new: Object, old: Object | None) -> list[Fault]:
        if not self.has_rules:
            return found
        if any(one.reason in BLOCKING for one in found):
            return [*found, SchemaFault("<nil>", Reason.INVALID, UNCHECKED)]
        verdict = self._rules.judge(new, old)
        warned = (
            BrokenBefore(one.path, Reason(one.reason), one.message) for one in verdict.warnings
        )
        return [*found, *map(_fault, verdict.faults), *warned]

    @cached_property
    def _rules(self) -> Rules:
        from labkit.cluster.embedded.apiserver.cel.compiling import compiler
        from labkit.cluster.embedded.apiserver.cel.rules import Rules

        return Rules(self.type, compiler())


def _fault(said: SchemaSays) -> Fault:
    return SchemaFault(said.path, Reason(said.reason), said.message)


def _in_metadata(path: str, about: Any) -> Iterator[Fault]:
    """What is wrong with the metadata of an object within another; it needs no name."""
    if not isinstance(about, dict):
        return
    found: list[Fault] = []
    named = {**about, "name": about.get("name") or "fakename"}
    validate_meta(named, path_segment, bool(about.get("namespace")), found)
    for one in found:
        yield Fault(f"{path}.{one.field}", one.reason, one.message, one.bad_value)


def custom_kind(resource: Resource) -> Kind:
    """What is particular to the kind of a CRD."""
    assert resource.type is not None
    has_status = "status" in resource.subresources
    plain = custom(is_namespaced=resource.is_namespaced, has_status=has_status)
    said: dict[str, Any] = {one.name: getattr(plain, one.name) for one in fields(plain)}
    version = resource.crd_version
    return CustomKind(
        **said,
        type=resource.type,
        has_rules=has_rules((version.get("schema") or {}).get("openAPIV3Schema")),
        scale=(version.get("subresources") or {}).get("scale"),
    )


def has_rules(schema: Any) -> bool:
    """Whether a schema has a rule anywhere."""
    if isinstance(schema, Mapping):
        return bool(schema.get(RULES)) or any(map(has_rules, schema.values()))
    return isinstance(schema, list) and any(map(has_rules, schema))
