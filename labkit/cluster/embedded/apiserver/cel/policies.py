"""What is wrong with the expressions of a policy, or with the match conditions of webhooks.

Source: Kubernetes' `pkg/apis/admissionregistration/validation`, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.cel.admission import checker
from labkit.cluster.embedded.apiserver.cel.conditions import Compiles
from labkit.cluster.embedded.apiserver.cel.language import BadExpression
from labkit.cluster.embedded.apiserver.cel.patch_types import PatchExpressions
from labkit.cluster.embedded.apiserver.kinds.faults import Fault, invalid, required

Object = Mapping[str, Any]

BOOL, TEXT, TEXT_OR_NULL = ("bool",), ("string",), ("string", "null_type", "null")
PATCHES = {"applyConfiguration": ("Object",), "jsonPatch": ("list(JSONPatch)",)}
"""The fields of a mutation, and the types that their expressions have to give."""


def validating_faults(spec: Object) -> Iterator[Fault]:
    """Of a ValidatingAdmissionPolicy."""
    has_params = bool(spec.get("paramKind"))
    known: dict[str, str] = {}
    yield from _shared_faults(spec, known)
    checking = checker(has_params=has_params, variables=known)
    plain = checker(has_params=has_params, has_authorizer=False, variables=known)
    for index, one in enumerate(spec.get("validations") or ()):
        path = f"spec.validations[{index}]"
        yield from _expression(one.get("expression"), checking, BOOL, f"{path}.expression")
        if one.get("messageExpression"):
            said = one["messageExpression"]
            yield from _expression(said, plain, TEXT, f"{path}.messageExpression")
    for index, one in enumerate(spec.get("auditAnnotations") or ()):
        path = f"spec.auditAnnotations[{index}].valueExpression"
        yield from _expression(one.get("valueExpression"), plain, TEXT_OR_NULL, path)


def mutating_faults(spec: Object) -> Iterator[Fault]:
    """Of a MutatingAdmissionPolicy."""
    known: dict[str, str] = {}
    yield from _shared_faults(spec, known)
    has_params = bool(spec.get("paramKind"))
    checking = PatchExpressions(
        lambda types: checker(has_params=has_params, variables=known, patch_types=types)
    )
    for index, one in enumerate(spec.get("mutations") or ()):
        for name, kinds in PATCHES.items():
            text = ((one.get(name) or {}).get("expression") or "").strip()
            if text:
                path = f"spec.mutations[{index}].{name}.expression"
                yield from _expression(text, checking, kinds, path)


def _shared_faults(spec: Object, known: dict[str, str]) -> Iterator[Fault]:
    """Of what all policies have: conditions and variables, whose types are added to `known`."""
    has_params = bool(spec.get("paramKind"))
    if spec.get("matchConditions"):
        yield from condition_faults(
            spec["matchConditions"], checker(has_params=has_params), "spec.matchConditions"
        )
    for index, one in enumerate(spec.get("variables") or ()):
        path = f"spec.variables[{index}]"
        try:
            environment = checker(has_params=has_params, variables=known)
            known[one.get("name", "")] = environment.compile(one.get("expression", "")).kind
        except BadExpression as error:
            known[one.get("name", "")] = "dyn"
            words = f"compilation failed: {error}"
            yield invalid(f"{path}.expression", one.get("expression", ""), words)


def webhook_faults(webhooks: Any) -> Iterator[Fault]:
    """Of the webhooks of a configuration."""
    for index, one in enumerate(webhooks or ()):
        if one.get("matchConditions"):
            path = f"webhooks[{index}].matchConditions"
            yield from condition_faults(one["matchConditions"], checker(has_params=False), path)


def condition_faults(conditions: Any, environment: Compiles, path: str) -> Iterator[Fault]:
    """Of match conditions."""
    for index, one in enumerate(conditions):
        where = f"{path}[{index}].expression"
        yield from _expression(one.get("expression"), environment, BOOL, where)


def _expression(
    text: Any, environment: Compiles, kinds: tuple[str, ...], path: str
) -> Iterator[Fault]:
    if not (text or "").strip():
        yield required(path, f"{path.rpartition('.')[2]} is not specified")
        return
    try:
        kind = environment.compile(text).kind
    except BadExpression as error:
        yield invalid(path, text, f"compilation failed: {error}")
        return
    if kind not in kinds:
        of = f"{kinds[0]}" if len(kinds) == 1 else "one of [string null_type]"
        yield invalid(path, text, f"must evaluate to {of} but got {kind}")
