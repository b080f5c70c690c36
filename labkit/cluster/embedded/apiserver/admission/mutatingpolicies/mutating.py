"""One mutation of a policy: an ApplyConfiguration, or a JSON patch.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/mutating/patch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonpointer

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.changing import NoObject, put
from labkit.cluster.embedded.apiserver.admission.webhooks import review
from labkit.cluster.embedded.apiserver.cel.language import Failed
from labkit.cluster.embedded.apiserver.cel.patch_values import applied_object, patch_operations
from labkit.cluster.embedded.apiserver.patches import (
    BadPatch,
    DoesNotFit,
    FailedTest,
    json_patch,
    overlaid,
)
from labkit.cluster.embedded.schema import Type, builtin, unknown_fields
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.admission.policies.evaluating import Evaluation
    from labkit.cluster.embedded.apiserver.cel.conditions import Compiles
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

OPERATIONS = frozenset({"add", "copy", "move", "remove", "replace", "test"})


def mutate(
    mutation: Object,
    evaluation: Evaluation,
    patches: Compiles,
    attempt: Attempt,
    resource: Resource,
) -> bool:
    """Changes the object that is tried, in place, and gives it its kind's defaults.

    Args:
        mutation: of a policy.
        evaluation: the policy, asked about the object as it is now.
        patches: in which the expression of a mutation is evaluated.
        resource: in the version in which the policy wants to see objects.

    Returns:
        Whether anything is other than before.

    Raises:
        Failed: it cannot be done; the policy's `failurePolicy` says what follows.
        ApiError: 500 for a JSON patch that leaves no object of the kind.
    """
    shown = thaw(review.shown(attempt, resource, attempt.object))
    if mutation["patchType"] == "JSONPatch":
        operations = evaluation.value(mutation["jsonPatch"]["expression"].strip(), patches)
        found = _patched(shown, patch_operations(operations))
        return _put_strictly(attempt, resource, found)
    part = evaluation.value(mutation["applyConfiguration"]["expression"].strip(), patches)
    said = {**applied_object(part), "apiVersion": shown["apiVersion"], "kind": shown["kind"]}
    try:
        return put(attempt, resource, overlaid(_type(attempt, resource), shown, said))
    except DoesNotFit as error:
        raise Failed(f"error applying patch: {error}") from None
    except NoObject as error:
        raise Failed(str(error)) from None


def _type(attempt: Attempt, resource: Resource) -> Type | None:
    if attempt.subresource == "scale":
        return builtin().kind("autoscaling", "v1", "Scale")
    return resource.type


def _patched(shown: Object, operations: list[Object]) -> Object:
    """The object after a JSON patch; as it was if the patch tests for what is not so."""
    found = shown
    for operation in operations:
        try:
            found = json_patch(found, [operation])
        except FailedTest:
            return shown
        except BadPatch as error:
            raise Failed(f"JSONPath: {_why(found, operation) or error.why}") from None
    return found


def _why(value: Object, operation: Object) -> str:
    """Why an operation does not apply, as Kubernetes' library says it; empty for what is rare."""
    op, path = operation["op"], operation["path"]
    if op not in OPERATIONS:
        return f"Unexpected kind: {op}"
    above, _, key = path.rpartition("/")
    holder: Any = jsonpointer.resolve_pointer(value, above, None)
    if not isinstance(holder, dict | list):
        quoted = path if op == "replace" else f'"{path}"'
        return f"{op} operation does not apply: doc is missing path: {quoted}: missing value"
    if isinstance(holder, list) and key.isdigit():
        why = f"Unable to access invalid index: {key}: invalid index referenced"
        return f"error in {op} for path: '{path}': {why}"
    if op == "remove":
        why = f"Unable to remove nonexistent key: {key}: missing value"
        return f"error in remove for path: '{path}': {why}"
    return ""


def _put_strictly(attempt: Attempt, resource: Resource, found: Object) -> bool:
    """What a JSON patch has made is decoded as what a client sends, and strictly."""
    type_ = _type(attempt, resource)
    unknown = unknown_fields(type_, found) if type_ is not None and not type_.is_custom else []
    if unknown:
        words = ", ".join(f'unknown field "{path}"' for path in unknown)
        raise status.internal_error(f"strict decoding error: {words}")
    try:
        return put(attempt, resource, found)
    except NoObject as error:
        raise status.internal_error(str(error)) from None
