"""One expression: checked, compiled, evaluated. What goes wrong is said in the server's words.

Two environments are made of the same tables of functions. In the one that checks, types are those
of the schema. In the one that evaluates, objects are maps and the types that Kubernetes adds
(`functions.Function`) are maps of one entry. Knows nothing about schemas and requests.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from labkit.cluster.embedded.apiserver.cel.functions import Function, declared
from labkit.cluster.embedded.apiserver.cel.functions.formats import as_written, rewritten
from labkit.cluster.embedded.apiserver.cel.literals import literal_faults
from labkit.cluster.embedded.apiserver.cel.words import CODE, TAIL, told

MOST_STEPS = 10_000
"""Of the loops of one evaluation, all together: the evaluator's own bound."""
OVER = "operation cancelled: actual cost limit exceeded"
LIBRARIES = """
extensions:
- name: optional
- name: sets
- name: two-var-comprehensions
"""
WITH_BINDINGS = LIBRARIES + "- name: bindings\n"
MOST_KEPT = 2048
"""Expressions that an environment keeps compiled; a rule takes some kilobytes."""

UPPER = re.compile(r"\b[A-Z_]{2,}\b")
GO_WORDS = (
    (re.compile(r"Key not found in map : \"(.*)\"", re.DOTALL), r"no such key: \1"),
    (re.compile(r"Key not found in map : (.*)", re.DOTALL), r"no such key: \1"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), r"index out of bounds: \1"),
    (re.compile(r"(divide|modulus) by zero"), r"division by zero"),
    (re.compile(r"No matching overloads found.*", re.DOTALL), "no such overload"),
    (re.compile(r"Applying SELECT to non-message type"), "no such overload"),
    (re.compile(r".*Iteration budget exceeded.*", re.DOTALL), OVER),
)
"""What the evaluator says, and what Kubernetes' says."""


class BadExpression(Exception):
    """It does not compile. The text is what a real server says after `compilation failed: `."""


class Failed(Exception):
    """An evaluation ended without a value; the text says why."""

    @property
    def is_over_budget(self) -> bool:
        """Whether it ran too long."""
        return str(self) == OVER


@dataclass(frozen=True, slots=True)
class Expression:
    """One that compiles.

    Attributes:
        text: as it was written.
        kind: the type of its value: "bool", "string", "list(int)" …; "dyn" where none is known.
    """

    text: str
    kind: str
    compiled: Any

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Its value for these variables: plain JSON, a time, or a message.

        Raises:
            Failed: it has none.
        """
        try:
            found = self.compiled.eval(data=dict(values))
            if found.type() == cel.Type.ERROR:
                raise Failed(_said(str(found.value())))
            return found.plain_value()
        except RuntimeError as error:
            raise Failed(_said(str(error))) from None
        except TypeError:  # a value that cannot leave the evaluator, such as an optional one
            return None


class Environment:
    """Compiles expressions over certain variables.

    Args:
        variables: their types; `Type.DYN` for any.
        functions: what there is beside the language's own.
        pool: the messages that the types name.
        is_checking: whether types are those of a schema; else the values are plain maps.
        has_bindings: whether `cel.bind` is known.
        container: the package in which names of types are looked for first.
    """

    def __init__(
        self,
        variables: Mapping[str, Any],
        functions: Iterable[Function],
        *,
        pool: Any = None,
        is_checking: bool = False,
        has_bindings: bool = False,
        container: str = "",
    ) -> None:
        self._env = cel.NewEnv(
            pool,
            config=cel.NewEnvConfigFromYaml(WITH_BINDINGS if has_bindings else LIBRARIES),
            variables=dict(variables),
            functions=declared(functions, is_checking=is_checking),
            container=container or None,
        )
        self._is_checking = is_checking
        self._kept: dict[str, Expression | BadExpression] = {}

    def compile(self, text: str) -> Expression:
        """An expression, ready to be evaluated; the same text is compiled once.

        Raises:
            BadExpression: it is none, or its types do not fit.
        """
        found = self._kept.get(text)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[text] = self._compile(text)
        if isinstance(found, BadExpression):
            raise found
        return found

    def of_tree(self, compiled: Expression, tree: bytes) -> Expression:
        """An expression whose tree was changed."""
        return dataclasses.replace(compiled, compiled=self._env.deserialize(tree))

    def _compile(self, text: str) -> Expression | BadExpression:
        try:
            compiled = self._env.compile(rewritten(text))
        except RuntimeError as error:
            return BadExpression(as_written(told(str(error))))
        if self._is_checking and (wrong := literal_faults(compiled, rewritten(text))):
            return BadExpression(as_written(wrong))
        return Expression(text, _kind(compiled.return_type().name()), compiled)


def _kind(name: str) -> str:
    """A type as Go's checker writes it: `LIST<STRING>` is `list(string)`."""
    lower = UPPER.sub(lambda found: found[0].lower(), name)
    return lower.replace("<", "(").replace(">", ")")


def _said(text: str) -> str:
    text = CODE.sub("", TAIL.sub("", text))
    for theirs, go in GO_WORDS:
        if theirs.search(text):
            return theirs.sub(go, text, count=1)
    return text
