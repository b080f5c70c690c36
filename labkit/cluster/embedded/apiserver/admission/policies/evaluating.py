"""One policy with one object of parameters: its conditions, variables and expressions.

Source: Kubernetes `apiserver/pkg/admission/plugin/cel/composition.go`.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from labkit.cluster.embedded.apiserver.cel.conditions import Compiles, answer, are_met
from labkit.cluster.embedded.apiserver.cel.language import Failed

Object = dict[str, Any]

MOST_S = 1.0
"""Of this thread's own time, so that a busy machine refuses nothing, for all expressions of a
policy; what Kubernetes' budget comes to."""
OUT_OF_BUDGET = (
    "validation failed due to running out of cost budget, no further validation rules will be run"
)
NAMED = re.compile(r"\bvariables\s*\.\s*\??([A-Za-z_]\w*)")
MISSING = re.compile(r"no such key: (\w+)$")


@dataclass(slots=True)
class Evaluation:
    """A policy that is asked about a write.

    Args:
        spec: the policy's.
        environment: in which its expressions are evaluated.
        values: what they see, but for `variables`.
    """

    spec: Object
    environment: Compiles
    values: dict[str, Any]
    _variables: dict[str, Any] = field(default_factory=dict)
    _broken: dict[str, str] = field(default_factory=dict)
    _deadline: float = field(default_factory=lambda: time.thread_time() + MOST_S)

    def is_meant(self) -> bool:
        """Whether its match conditions are true.

        Raises:
            NoAnswer: that cannot be told, and is not ignored.
        """
        conditions = self.spec.get("matchConditions") or ()
        is_ignored = self.spec.get("failurePolicy") == "Ignore"
        return are_met(conditions, self.environment, self.values, is_failure_ignored=is_ignored)

    def value(self, text: str, environment: Compiles | None = None) -> Any:
        """The value of one of its expressions.

        Args:
            environment: for an expression that may use more than others.

        Raises:
            Failed: it has none.
        """
        if time.thread_time() > self._deadline:
            raise Failed(OUT_OF_BUDGET)
        self._make_variables(text)
        values = {**self.values, "variables": self._variables}
        try:
            return answer(text, environment or self.environment, values)
        except Failed as error:
            found = MISSING.search(str(error))
            if found and (why := self._broken.get(found[1])):
                words = f'composited variable "{found[1]}" fails to evaluate: {why}'
                raise Failed(f"expression '{text}' resulted in error: {words}") from None
            raise

    def _make_variables(self, text: str) -> None:
        """Those that an expression names, and those that these name; each is made once."""
        wanted = set(NAMED.findall(text)) - self._variables.keys() - self._broken.keys()
        for one in self.spec.get("variables") or ():
            if one["name"] in wanted:
                try:
                    self._variables[one["name"]] = self.value(one["expression"])
                except Failed as error:
                    self._broken[one["name"]] = str(error)
