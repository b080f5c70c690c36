"""What the rules of a schema may cost: each of them, and all together.

Source: apiextensions-apiserver's `pkg/apis/apiextensions/validation/validation.go` and
`cel_validation.go`, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.cel.call_costs import of_call
from labkit.cluster.embedded.apiserver.cel.costs import Estimate, capped, tree_of
from labkit.cluster.embedded.apiserver.cel.language import Expression
from labkit.cluster.embedded.apiserver.cel.sizes import Sized, often, sized, times
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import Fault, forbidden

__all__ = ["Budget", "Place", "Purse", "times"]

OF_A_RULE, OF_ALL = 10_000_000, 100_000_000
TOLD = 4
"""How many of the dearest rules are told when all together cost too much."""
WORTH_TELLING = OF_ALL // 100
ADVICE = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, "
    "maps, and strings are declared)"
)
TOGETHER = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
PART = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"


class Place(NamedTuple):
    """A node of a schema.

    Attributes:
        schema: as it is written.
        hidden: the path of the list in which its elements cannot be told apart, if it is in one.
        often: how often it can be in an object; None for any number of times.
    """

    schema: Mapping[str, Any]
    type: Type
    path: str
    hidden: str = ""
    often: int | None = 1


class Budget:
    """Of one schema."""

    def __init__(self) -> None:
        self.paid: list[tuple[str, int]] = []

    def at(self, place: Place) -> Purse:
        """For the rules of one place."""
        return Purse(self, place)

    def faults(self, path: str) -> Iterator[Fault]:
        """What is said if all rules together cost too much, by the schema's path."""
        total = capped(sum(cost for _, cost in self.paid))
        if total <= OF_ALL:
            return
        dear = sorted((one for one in self.paid if one[1] >= WORTH_TELLING), key=lambda x: -x[1])
        for where, _ in dear[:TOLD]:
            yield forbidden(where, PART)
        yield forbidden(path, _exceeded(TOGETHER, total, OF_ALL))


class Purse:
    """For the rules of one place: each is paid as often as the place can be in an object."""

    def __init__(self, budget: Budget, place: Place) -> None:
        self._budget, self._place = budget, place
        self._sized: Sized | None = None

    def pay(self, compiled: Expression, path: str, *, is_wrapped: bool) -> Iterator[Fault]:
        """A rule; `is_wrapped`: it is what a binding results in."""
        cost = self._cost(compiled, is_wrapped=is_wrapped)
        count = often(self._self) if self._place.often is None else self._place.often
        yield from self._note(capped(cost * count), path, "estimated rule cost")

    def pay_message(self, compiled: Expression, path: str) -> Iterator[Fault]:
        """A `messageExpression`: it is asked once."""
        cost = self._cost(compiled, is_wrapped=False)
        yield from self._note(cost, path, "estimated messageExpression cost")

    @property
    def _self(self) -> Sized:
        if self._sized is None:
            self._sized = sized(self._place.type) or Sized(0, 0)
        return self._sized

    def _cost(self, compiled: Expression, *, is_wrapped: bool) -> int:
        tree = tree_of(compiled.compiled, is_wrapped=is_wrapped)
        return Estimate(tree, self._self, of_call).cost(tree.expr)

    def _note(self, cost: int, path: str, name: str) -> Iterator[Fault]:
        self._budget.paid.append((path, cost))
        if cost > OF_A_RULE:
            yield forbidden(path, _exceeded(name, cost, OF_A_RULE))


def _exceeded(name: str, cost: int, limit: int) -> str:
    times_over = cost / limit
    factor = "more than 100x" if times_over > 100 else f"{times_over:.1f}x"
    if times_over < 1.5:
        factor = f"{times_over:.6f}x"
    return f"{name} exceeds budget by factor of {factor} {ADVICE}"
