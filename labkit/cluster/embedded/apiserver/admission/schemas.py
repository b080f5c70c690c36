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
from labkit.cluster.embedded.apiserver.kinds.tables import BadPath, read_path
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


def _faults(value: dict[str, Any], number: int) -> Iterator[status.StatusCause]:
    version, path = spec_of(value)["versions"][number], f"spec.versions[{number}]"
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is not None:
        for one in _of_schema(schema, _path_of_schema(value, number)):
            yield status.StatusCause(one.reason, one.message, one.path)
    for name in ("additionalPrinterColumns", "selectableFields"):
        for index, column in enumerate(version.get(name) or ()):
            try:
                read_path(column.get("jsonPath", ""))
            except BadPath as error:
                said = column.get("jsonPath", "")
                words = f'Invalid value: "{said}": {error}'
                where = f"{path}.{name}[{index}].jsonPath"
                yield status.StatusCause("FieldValueInvalid", words, where)


def _path_of_schema(value: dict[str, Any], number: int) -> str:
    """Where a real server finds it: what all versions say alike is said of the definition."""
    versions = spec_of(value)["versions"]
    if all(one.get("schema") == versions[0].get("schema") for one in versions):
        return "spec.validation.openAPIV3Schema"
    return f"spec.versions[{number}].schema.openAPIV3Schema"


def _of_schema(schema: dict[str, Any], path: str) -> list[Fault]:
    """Rules are looked at when the schema itself is right."""
    found = structural_faults(schema, path)
    if not found and has_rules(schema):
        from labkit.cluster.embedded.apiserver.cel.definitions import rule_faults

        found = rule_faults(schema, path)
    return found
