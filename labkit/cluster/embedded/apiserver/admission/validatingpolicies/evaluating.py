"""One policy with one object of parameters: its validations, and what they say.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/validating/validator.go`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from labkit.cluster.embedded.apiserver.cel.conditions import NoAnswer, answer, are_met
from labkit.cluster.embedded.apiserver.cel.language import Environment, Failed
from labkit.cluster.embedded.apiserver.cel.messages import shown_message

Object = dict[str, Any]

MOST_S = 1.0
"""For all expressions of a policy; what Kubernetes' budget comes to."""
OUT_OF_BUDGET = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)
NAMED = re.compile(r"\bvariables\s*\.\s*\??([A-Za-z_]\w*)")
MISSING = re.compile(r"no such key: (\w+)$")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one validation says against a write.

    Attributes:
        message: in a person's words, or those of Kubernetes.
        reason: of the Status.
    """

    message: str
    reason: str = "Invalid"


@dataclass(slots=True)
class Evaluation:
    """A policy that is asked about a write.

    Args:
        policy: the ValidatingAdmissionPolicy.
        environment: in which its expressions are evaluated.
        values: what they see, but for `variables`.
    """

    policy: Object
    environment: Environment
    values: dict[str, Any]
    _variables: dict[str, Any] = field(default_factory=dict)
    _broken: dict[str, str] = field(default_factory=dict)
    _deadline: float = 0.0

    def refusals(self) -> Iterator[Refusal]:
        """What it says against the write; nothing where it is not for it."""
        spec = self.policy["spec"]
        is_ignored = spec.get("failurePolicy") == "Ignore"
        self._deadline = time.monotonic() + MOST_S
        conditions = spec.get("matchConditions") or ()
        try:
            if not are_met(
                conditions, self.environment, self.values, is_failure_ignored=is_ignored
            ):
                return
            for one in spec.get("validations") or ():
                try:
                    if self._value(one["expression"]) is not True:
                        yield self._denied(one)
                except Failed as error:
                    if not is_ignored:
                        yield Refusal(str(error))
        except NoAnswer as error:
            yield Refusal(str(error))

    def _denied(self, validation: Object) -> Refusal:
        message = ""
        if validation.get("messageExpression"):
            try:
                message = shown_message(self._value(validation["messageExpression"]))
            except Failed:
                message = ""
        message = message or (validation.get("message") or "").strip()
        message = message or f"failed expression: {validation['expression'].strip()}"
        return Refusal(message, validation.get("reason") or "Invalid")

    def _value(self, text: str) -> Any:
        if time.monotonic() > self._deadline:
            raise Failed(OUT_OF_BUDGET)
        self._make_variables(text)
        try:
            return answer(text, self.environment, {**self.values, "variables": self._variables})
        except Failed as error:
            found = MISSING.search(str(error))
            if found and (why := self._broken.get(found[1])):
                words = f'composited variable "{found[1]}" fails to evaluate: {why}'
                raise Failed(f"expression '{text}' resulted in error: {words}") from None
            raise

    def _make_variables(self, text: str) -> None:
        """Those that an expression names, and those that these name; each is made once."""
        wanted = set(NAMED.findall(text)) - self._variables.keys() - self._broken.keys()
        for one in self.policy["spec"].get("variables") or ():
            if one["name"] in wanted:
                try:
                    self._variables[one["name"]] = self._value(one["expression"])
                except Failed as error:
                    self._broken[one["name"]] = str(error)
