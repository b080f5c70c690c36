"""The schemas of CustomResourceDefinitions: structural, with paths that lead somewhere.

What makes a schema structural is `schema/structural.py`'s business; rules in CEL
are `cel/definitions.py`'s. Here a definition is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, spec_of
from labkit.cluster.embedded.apiserver.customkinds import has_rules
from labkit.cluster.embedded.apiserver.kinds.crd_versions import is_shared, place
from labkit.cluster.embedded.schema import structural_faults
from labkit.cluster.embedded.schema.types import Fault

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


class Schemas(Rule):
    """Looks at the schemas of a definition."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses schemas that are not structural."""
        resource, value = attempt.resource, attempt.object
        if resource.storage != DEFINITIONS or attempt.subresource or value is None:
            return
        causes = [cause for number in _changed(attempt) for cause in _faults(value, number)]
        if causes:
            raise status.invalid(resource.group, resource.kind, attempt.name, causes)


def _changed(attempt: Attempt) -> Iterator[int]:
    """The versions that are new: one that was taken once is not judged again."""
    before = spec_of(attempt.old).get("versions") or []
    for number, version in enumerate(spec_of(attempt.object).get("versions") or ()):
        if version not in before:
            yield number
            if is_shared(spec_of(attempt.object), "schema"):
                return  # it is the same schema in all of them


def _faults(value: dict[str, Any], number: int) -> Iterator[status.StatusCause]:
    spec = spec_of(value)
    version, path = spec["versions"][number], place(spec, number, "schema")
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is not None:
        for one in _of_schema(schema, f"{path}.openAPIV3Schema"):
            yield status.StatusCause(one.reason, one.message, one.path)


def _of_schema(schema: dict[str, Any], path: str) -> list[Fault]:
    """Rules are looked at when the schema itself is right."""
    found = structural_faults(schema, path)
    if not found and has_rules(schema):
        from labkit.cluster.embedded.apiserver.cel.definitions import rule_faults

        found = rule_faults(schema, path)
    return found
