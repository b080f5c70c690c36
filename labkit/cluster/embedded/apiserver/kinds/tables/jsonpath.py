"""The JSONPath of CRDs: ``.status.conditions[?(@.type=="Ready")].status``.

What ``additionalPrinterColumns``, scale paths and selectable fields use of the language that
k8s.io/client-go ``util/jsonpath`` reads: names, ``['names']``, indexes, ``*``, and filters that
compare a path with a value. No unions, no slices, no search at every depth.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

Step = Callable[[Any], Iterable[Any]]

_STEP = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\]\\\s{}'"()])+)
      | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*'(?P<single>(?:\\.|[^'\\])*)'\s*\]
      | \[\s*"(?P<double>(?:\\.|[^"\\])*)"\s*\]
      | \[\s*(?P<all>\*)\s*\]
      | \[\?\(\s*@(?P<path>[^=!<>\s]*?)\s*(?:(?P<compare>==|!=|<=|>=|<|>)\s*(?P<value>.*?)\s*)?\)\]
    """,
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class BadPath(ValueError):
    """A path that cannot be understood."""


@dataclass(frozen=True, slots=True)
class JSONPath:
    """A path that was read; `read_path` makes one."""

    steps: tuple[Step, ...]

    def find(self, object: Any) -> Iterator[Any]:
        """What is there, in its order; nothing where a name or an index is not there."""
        found: Iterator[Any] = iter([object])
        for step in self.steps:
            found = _each(step, found)
        return found

    def first(self, object: Any) -> Any:
        """The first of what is there, or None."""
        return next(self.find(object), None)


def read_path(text: str) -> JSONPath:
    """Read a path, with or without the braces of a template.

    Raises:
        BadPath: not of the subset that is described above.
    """
    path = text[1:-1] if text.startswith("{") and text.endswith("}") else text
    steps, at = [], 0
    while at < len(path) and path != ".":
        found = _STEP.match(path, at)
        if not found:
            raise BadPath(f"unrecognized JSONPath {text!r} at {path[at:]!r}")
        steps.append(_step(found))
        at = found.end()
    return JSONPath(tuple(steps))


def _each(step: Step, values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        yield from step(value)


def _step(found: re.Match[str]) -> Step:
    if found["index"]:
        return partial(_at, index=int(found["index"]))
    if found["all"] or found["name"] == "*":
        return _all
    if found["path"] is not None:
        return _filter(found["path"], found["compare"], found["value"])
    name = re.sub(r"\\(.)", r"\1", found["name"] or found["single"] or found["double"] or "")
    return partial(_named, name=name)


def _named(value: Any, name: str) -> list[Any]:
    return [value[name]] if isinstance(value, dict) and name in value else []


def _at(value: Any, index: int) -> list[Any]:
    if not isinstance(value, list) or not -len(value) <= index < len(value):
        return []
    return [value[index]]


def _all(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else []


def _filter(path: str, compare: str | None, literal: str | None) -> Step:
    left = read_path(path)
    wanted = _literal(literal or "")

    def matches(item: Any) -> bool:
        found = list(left.find(item))
        if compare is None or not found:
            return bool(found)
        try:
            return _COMPARE[compare](found[0], wanted)
        except TypeError:
            return False

    def step(value: Any) -> list[Any]:
        return [each for each in value if matches(each)] if isinstance(value, list) else []

    return step


def _literal(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else text
