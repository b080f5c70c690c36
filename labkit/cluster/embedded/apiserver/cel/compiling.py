"""The rules of a schema, compiled to be evaluated. Their types were checked with the definition.

One compiler serves all schemas: it knows values as plain maps, so equal texts are one expression.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cel_expr_python import cel

from labkit.cluster.embedded.apiserver.cel.field_paths import BadFieldPath, read_field_path
from labkit.cluster.embedded.apiserver.cel.functions.everything import FUNCTIONS
from labkit.cluster.embedded.apiserver.cel.language import (
    BadExpression,
    Environment,
    Expression,
    Failed,
)
from labkit.cluster.embedded.apiserver.cel.unordered import FUNCTIONS as UNORDERED
from labkit.cluster.embedded.apiserver.cel.unordered import typed
from labkit.cluster.embedded.schema import Type

UNCOMPILED = "rule compile error"
NAMES_OLD = re.compile(r"\boldSelf\b")
OPTIONAL = "cel.bind(oldSelf, {},\n"
SOME, NONE = OPTIONAL.format("optional.of(oldSelf)"), OPTIONAL.format("optional.none()")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be asked.

    Attributes:
        text: as it was written.
        expression: where there is something to compare with; of any rule that does not use it.
        without_old: for a place where nothing was, of a rule whose `oldSelf` is optional.
        uses_old: whether it names `oldSelf`.
        is_old_optional: whether `oldSelf` may be missing.
        message: its `messageExpression`.
        said: its `message`.
        problem: why it does not compile, where nobody had looked.
    """

    text: str
    expression: Expression | None
    without_old: Expression | None
    uses_old: bool
    is_old_optional: bool
    message: Expression | None
    said: str
    reason: str
    field_path: str
    problem: str = ""

    @property
    def label(self) -> str:
        """How a message names it."""
        return (self.said or self.text).strip()

    @property
    def default_message(self) -> str:
        """What is said of it when nothing better is."""
        return self.said.strip() or f"failed rule: {self.label}"

    def evaluate(self, variables: Mapping[str, Any], *, has_old: bool) -> Any:
        """Its answer.

        Raises:
            Failed: it has none.
        """
        chosen = self.without_old if self.is_old_optional and not has_old else self.expression
        if chosen is None:
            raise Failed(f"{UNCOMPILED}: {self.problem}")
        return chosen.evaluate(variables)


class Compiler:
    """Compiles rules. Made once, when the first schema with rules is served."""

    def __init__(self) -> None:
        variables = {"self": cel.Type.DYN, "oldSelf": cel.Type.DYN}
        functions = (*FUNCTIONS, *UNORDERED)
        self._plain = Environment(variables, functions)
        self._optional = Environment(variables, functions, has_bindings=True)

    def untyped(self, text: str) -> Any:
        """An expression, compiled where nothing has a type.

        Raises:
            BadExpression: it is none.
        """
        return self._plain.compile(text).compiled

    def rules(self, type_: Type) -> list[Rule]:
        """The rules of one node, in order; empty ones are passed over."""
        return [self._rule(one, type_) for one in type_.validations if one.get("rule", "").strip()]

    def _rule(self, said: Mapping[str, Any], type_: Type) -> Rule:
        text, is_optional = said["rule"], bool(said.get("optionalOldSelf"))
        with_old = without = message = None
        problem = ""
        try:
            if is_optional:
                with_old = _typed(self._optional, f"{SOME}{text}\n)", type_)
                without = _typed(self._optional, f"{NONE}{text}\n)", type_)
            else:
                with_old = _typed(self._plain, text, type_)
            if said.get("messageExpression"):
                message = _typed(self._plain, said["messageExpression"], type_)
        except BadExpression as error:
            problem = f"compilation failed: {error}"
        return Rule(
            text=text,
            expression=with_old,
            without_old=without,
            uses_old=names_old(text),
            is_old_optional=is_optional,
            message=message,
            said=said.get("message") or "",
            reason=said.get("reason") or "FieldValueInvalid",
            field_path=_field_path(said.get("fieldPath") or "", type_),
            problem=problem,
        )


def _typed(environment: Environment, text: str, type_: Type) -> Expression:
    return typed(environment, environment.compile(text), type_)


@cache
def compiler() -> Compiler:
    """The one there is; made when it is first asked for."""
    return Compiler()


def names_old(text: str) -> bool:
    """Whether an expression names `oldSelf`, but in a string or a comment."""
    return NAMES_OLD.search(OPAQUE_TEXT.sub("", text)) is not None


OPAQUE_TEXT = re.compile(r"""\"(?:[^"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|//[^\n]*""")


def _field_path(text: str, type_: Type) -> str:
    try:
        return read_field_path(text, type_)
    except BadFieldPath:
        return ""
