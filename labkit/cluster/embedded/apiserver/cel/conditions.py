"""Match conditions: whether a webhook, or a policy, is for a write at all.

One that is false: it is not. Else one without an answer decides by the failure policy. Source:
Kubernetes' `apiserver/pkg/admission/plugin/webhook/matchconditions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from labkit.cluster.embedded.apiserver.cel.language import BadExpression, Expression, Failed


class Compiles(Protocol):
    """What makes expressions of texts."""

    def compile(self, text: str) -> Expression:
        """An expression, ready to be evaluated.

        Raises:
            BadExpression: it is none.
        """


class NoAnswer(Exception):
    """Conditions that cannot be told, and a failure policy that does not ignore that."""


def are_met(
    conditions: Iterable[Mapping[str, Any]],
    environment: Compiles,
    values: Mapping[str, Any],
    *,
    is_failure_ignored: bool,
) -> bool:
    """Whether all conditions are true.

    Raises:
        NoAnswer: one has no answer, and none is false.
    """
    problems = []
    for one in conditions:
        try:
            if answer(one["expression"], environment, values) is not True:
                return False
        except Failed as error:
            problems.append(str(error))
    if problems and not is_failure_ignored:
        words = list(dict.fromkeys(problems))
        raise NoAnswer(words[0] if len(words) == 1 else f"[{', '.join(words)}]")
    return not problems


def answer(text: str, environment: Compiles, values: Mapping[str, Any]) -> Any:
    """The value of an expression about a write.

    Raises:
        Failed: it has none; the text names the expression.
    """
    try:
        return environment.compile(text).evaluate(values)
    except BadExpression as error:
        raise Failed(f"compilation error: compilation failed: {error}") from None
    except Failed as error:
        raise Failed(f"expression '{text}' resulted in error: {error}") from None
