"""Default values of a CRD's schema against its own rules: what they give has to be taken.

Source: apiextensions-apiserver's `pkg/apiserver/schema/defaulting/validation.go`, version 1.36. A
rule that compares with `oldSelf` compares a default with itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.cel.compiling import compiler
from labkit.cluster.embedded.apiserver.cel.rules import ROOT, Rules
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import Fault, join


def default_faults(schema: Mapping[str, Any], type_: Type, path: str) -> Iterator[Fault]:
    """What is wrong with the defaults of a node and of those below it.

    Args:
        schema: the node as it is written.
        type_: the same, as a Type.
        path: where it is.
    """
    if schema.get("default") is not None and type_.is_custom:
        verdict = Rules(type_, compiler()).judge(schema["default"], schema["default"])
        for one in (*verdict.faults, *verdict.warnings):
            where = f"{path}.default"
            if one.path != ROOT:
                where = join(where, one.path)
            yield Fault(where, one.message, one.reason)
    for name, field in (schema.get("properties") or {}).items():
        if name in type_.fields:
            yield from default_faults(field, type_.fields[name], f"{path}.properties[{name}]")
    for name in ("additionalProperties", "items"):
        if isinstance(schema.get(name), Mapping) and type_.element is not None:
            yield from default_faults(schema[name], type_.element, f"{path}.{name}")
