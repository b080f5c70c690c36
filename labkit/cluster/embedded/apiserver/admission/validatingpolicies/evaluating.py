"""What the validations of one policy say against a write.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/validating/validator.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labkit.cluster.embedded.apiserver.admission.policies.evaluating import Evaluation
from labkit.cluster.embedded.apiserver.cel.conditions import NoAnswer
from labkit.cluster.embedded.apiserver.cel.language import Failed
from labkit.cluster.embedded.apiserver.cel.messages import shown_message

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one validation says against a write.

    Attributes:
        message: in a person's words, or those of Kubernetes.
        reason: of the Status.
    """

    message: str
    reason: str = "Invalid"


def refusals(evaluation: Evaluation) -> Iterator[Refusal]:
    """What a policy says against the write; nothing where it is not for it."""
    spec = evaluation.spec
    try:
        if not evaluation.is_meant():
            return
    except NoAnswer as error:
        yield Refusal(str(error))
        return
    for one in spec.get("validations") or ():
        try:
            if evaluation.value(one["expression"]) is not True:
                yield _denied(evaluation, one)
        except Failed as error:
            if spec.get("failurePolicy") != "Ignore":
                yield Refusal(str(error))


def _denied(evaluation: Evaluation, validation: Object) -> Refusal:
    message = ""
    if validation.get("messageExpression"):
        try:
            message = shown_message(evaluation.value(validation["messageExpression"]))
        except Failed:
            message = ""
    message = message or (validation.get("message") or "").strip()
    message = message or f"failed expression: {validation['expression'].strip()}"
    return Refusal(message, validation.get("reason") or "Invalid")
