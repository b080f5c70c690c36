r"""Field selectors: ``status.phase=Running,spec.nodeName!=worker-1``.

Equality and inequality only, joined by commas; in a value ``,``, ``=`` and ``\`` are escaped by a
backslash. Which fields there are depends on the resource, and is not known here. The messages are
those of k8s.io/apimachinery ``pkg/fields``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from .errors import BadSelector

_TERM = re.compile(r"(?:[^\\,]|\\.|\\\Z)*", re.DOTALL)
"""Up to the next comma that is not escaped."""

_SPECIAL = re.compile(r"[\\,=]")


@dataclass(frozen=True)
class FieldRequirement:
    """One part of a field selector. ``operator`` is ``=`` or ``!=``."""

    field: str
    operator: str
    value: str

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether fields meet this requirement. A field that is not there is the empty string."""
        return (fields.get(self.field, "") == self.value) == (self.operator == "=")

    def __str__(self) -> str:
        escaped = _SPECIAL.sub(r"\\\g<0>", self.value)
        return f"{self.field}{self.operator}{escaped}"


@dataclass(frozen=True)
class FieldSelector:
    """Requirements that must all hold; with none, all is selected."""

    requirements: tuple[FieldRequirement, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these fields is selected."""
        return all(need.matches(fields) for need in self.requirements)

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return not self.requirements

    @cached_property
    def equalities(self) -> dict[str, str]:
        """The fields that whatever is selected must have, such as ``spec.nodeName``."""
        return {need.field: need.value for need in self.requirements if need.operator == "="}

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def parse_fields(text: str) -> FieldSelector:
    """Read a field selector.

    Args:
        text: as it stands in ``?fieldSelector=``; empty selects everything.

    Raises:
        BadSelector: with the message that an API server gives.
    """
    terms = sorted(term for term in _split(text) if term)
    return FieldSelector(tuple(_requirement(term, text) for term in terms))


def _split(text: str) -> list[str]:
    terms = []
    at = 0
    while (found := _TERM.match(text, at)) and found.end() < len(text):
        terms.append(found[0])
        at = found.end() + 1
    return [*terms, text[at:]]


def _requirement(term: str, text: str) -> FieldRequirement:
    operator = re.search(r"!=|==|=", term)
    if not operator:
        raise BadSelector(f"invalid selector: '{text}'; can't understand '{term}'")
    field, value = term[: operator.start()], term[operator.end() :]
    return FieldRequirement(field, operator[0].replace("==", "="), _unescaped(value))


def _unescaped(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        sequence = found[0]
        if not sequence.startswith("\\"):
            # Go prints the number of the character here, not the character.
            what = f"unescaped character in value: {ord(sequence)}"
            raise BadSelector(f"invalid field selector: {what}")
        if not _SPECIAL.fullmatch(sequence[1:]):
            raise BadSelector(f"invalid field selector: invalid escape sequence: {sequence}")
        return sequence[1:]

    return re.sub(r"\\.|\\\Z|[,=]", plain, value, flags=re.DOTALL)
