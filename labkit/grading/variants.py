"""Values that differ from learner to learner, and are the same each time for one.

A value is drawn with SHA-256 from the learner's seed, the topic and the value's name, so it is the
same on every machine and in every version of Python, and a name added later changes no other.
Changing the choices behind a name does change what learners were given: do so between courses.
Knows nothing about who stores the seed.

Source: FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from labkit.core.errors import BadInput

Value = str | int


@dataclass(frozen=True)
class OneOf:
    """One of several values. Written ``one_of("blue-heron", "red-kite")``."""

    choices: tuple[Value, ...]

    def pick(self, number: int) -> Value:
        """The choice that ``number`` (any, as evenly spread as can be) stands for."""
        return self.choices[number % len(self.choices)]


@dataclass(frozen=True)
class Between:
    """A whole number, both ends included. Written ``between(12, 30)``."""

    low: int
    high: int

    def pick(self, number: int) -> int:
        """The number in the range that ``number`` stands for."""
        return self.low + number % (self.high - self.low + 1)


Choice = OneOf | Between


def one_of(*choices: Value) -> OneOf:
    """A variant's value that is one of ``choices``.

    Raises:
        BadInput: fewer than two choices, one of them twice, or a choice that is neither text nor
            a whole number.
    """
    for choice in choices:
        if type(choice) not in (str, int):
            raise BadInput(f"{choice!r} cannot be a variant's value", why="it is no text or number")
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise BadInput(f"one_of{choices} gives no choice", why="it needs two different values")
    return OneOf(choices)


def between(low: int, high: int) -> Between:
    """A variant's value that is a whole number from ``low`` to ``high``, both included.

    Raises:
        BadInput: the ends are not whole numbers, or ``low`` is not below ``high``.
    """
    if type(low) is not int or type(high) is not int or low >= high:
        raise BadInput(f"between({low!r}, {high!r}) is no range of whole numbers")
    return Between(low, high)


class Variant:
    """The values of one topic that differ from learner to learner.

    Args:
        choices: each value's name and what it is chosen from (:func:`one_of`, :func:`between`).
    """

    def __init__(self, **choices: Choice) -> None:
        for name, choice in choices.items():
            if not isinstance(choice, OneOf | Between):
                raise BadInput(
                    f"the variant's {name} is {choice!r}",
                    why="it must be one_of(…) or between(…)",
                )
        self.choices = choices

    def values(self, seed: str, topic: str) -> dict[str, Value]:
        """This learner's values.

        Args:
            seed: the learner's seed.
            topic: the topic's id; two topics draw independently.
        """
        return {
            name: choice.pick(_draw(seed, topic, name)) for name, choice in self.choices.items()
        }


def _draw(*parts: str) -> int:
    # Lengths first, so that ("a", "bc") and ("ab", "c") draw differently.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
