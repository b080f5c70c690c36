"""What is wrong with the rules of a CRD's schema: they must compile, against the types it declares.

Source: apiextensions-apiserver's `pkg/apis/apiextensions/validation/validation.go` and
`pkg/apiserver/schema/cel/compilation.go`, version 1.36.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from labkit.cluster.embedded.apiserver.cel.budget import Budget, Place, times
from labkit.cluster.embedded.apiserver.cel.compiling import compiler, names_old
from labkit.cluster.embedded.apiserver.cel.declarations import Declarations
from labkit.cluster.embedded.apiserver.cel.default_values import default_faults
from labkit.cluster.embedded.apiserver.cel.field_paths import BadFieldPath, read_field_path
from labkit.cluster.embedded.apiserver.cel.functions.authorizers import authorizer_functions
from labkit.cluster.embedded.apiserver.cel.functions.everything import FUNCTIONS
from labkit.cluster.embedded.apiserver.cel.language import (
    BadExpression,
    Environment,
    Expression,
)
from labkit.cluster.embedded.apiserver.cel.literals import LOGICAL, operand_faults, pattern_fault
from labkit.cluster.embedded.apiserver.kinds.faults import InOrder, shown
from labkit.cluster.embedded.schema import from_crd
from labkit.cluster.embedded.schema.types import Fault, required

Schema = Mapping[str, Any]

RULES = "x-kubernetes-validations"
REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
ANY_KIND = ("", "v1", "Any")
KNOWN_FUNCTIONS = (*FUNCTIONS, *authorizer_functions(lambda *_: {}))
"""Those of policies are known, too; there is only nobody to ask."""
WRAPPED = "cel.bind(oldSelf, optional.of(before),\n{}\n)"
OF_TYPES = re.compile(
    r"(?<=applied to ')[^\n]*|(?<=expression of type ')[^'\n]*|(?<=: type ')[^'\n]*"
    r"|(?<=but found ')[^'\n]*"
)
OURS = re.compile(r"\bT\d+\b")
"""What the checker calls the types of a schema."""
LINE = re.compile(r"<input>:(\d+):")


def rule_faults(schema: Schema, path: str) -> list[Fault]:
    """What is wrong with the rules of an `openAPIV3Schema` that is structural."""
    root = from_crd(schema, ANY_KIND)
    places = list(_places(Place(schema, root, path)))
    told = [fault for place in places for fault in _told(place)]
    if told:  # of types nothing can be said before what a rule says is mended
        return told
    declarations = Declarations()
    declarations.shape(root)
    shapes = [declarations.shape(place.type) for place in places]
    pool, budget = declarations.pool(), Budget()
    found: list[Fault] = []
    for place, shape in zip(places, shapes, strict=True):
        if shape is None:
            text = "Internal error: failed to convert to declType for CEL validation rules"
            found.append(Fault(f"{place.path}.{RULES}", text, "InternalError"))
            continue
        name = f"selfType{time.time_ns() % 10**9}"  # not to be relied on, as in Kubernetes
        checker = _Checker(shape.cel_type, pool, place, budget)
        checker.names = declarations.names(place.type, name)
        for index, rule in enumerate(place.schema[RULES]):
            found += checker.faults(rule, f"{place.path}.{RULES}[{index}]")
    return [*default_faults(schema, root, path), *found, *budget.faults(path)]


def _places(place: Place) -> Iterator[Place]:
    """The nodes with rules, those below a node before itself."""
    schema, type_, path, hidden, _ = place
    often = times(schema, place.often)
    for name, field in (schema.get("properties") or {}).items():
        if name in type_.fields and type_.fields[name].is_custom:
            where = f"{path}.properties[{name}]"
            yield from _places(Place(field, type_.fields[name], where, hidden, often))
    for name in ("additionalProperties", "items"):
        if isinstance(schema.get(name), Mapping) and type_.element is not None:
            if name == "items" and schema.get("x-kubernetes-list-type") != "map":
                hidden = hidden or path
            yield from _places(Place(schema[name], type_.element, f"{path}.{name}", hidden, often))
    if schema.get(RULES):
        yield place


def _told(place: Place) -> Iterator[Fault]:
    """What can be said of rules without compiling them."""
    for index, rule in enumerate(place.schema[RULES]):
        yield from _texts(rule, f"{place.path}.{RULES}[{index}]")
        where, text = f"{place.path}.{RULES}[{index}].fieldPath", rule.get("fieldPath") or ""
        try:
            if text:
                read_field_path(text, place.type)
        except BadFieldPath:
            yield _invalid(where, text, "must be a valid path")


def _texts(rule: Schema, path: str) -> Iterator[Fault]:
    text, said = rule.get("rule", ""), rule.get("message") or ""
    if not text.strip():
        yield required(f"{path}.rule", "rule is not specified")
    elif said and not said.strip():
        yield _invalid(f"{path}.message", said, "must be non-empty if specified")
    elif _has_lines(said.strip()):
        yield _invalid(f"{path}.message", said, "must not contain line breaks")
    elif _has_lines(text.strip()) and not said.strip():
        words = "message must be specified if rule contains line breaks"
        yield required(f"{path}.message", words)
    expression = rule.get("messageExpression") or ""
    if expression and not expression.strip():
        words = "messageExpression must be non-empty if specified"
        yield required(f"{path}.messageExpression", words)
    if rule.get("reason") and rule["reason"] not in REASONS:
        words = ", ".join(map(shown, REASONS))
        text = f"Unsupported value: {shown(rule['reason'])}: supported values: {words}"
        yield Fault(f"{path}.reason", text, "FieldValueNotSupported")


def _has_lines(text: str) -> bool:
    return "\n" in text or "\r" in text


class _Checker:
    """Compiles rules at one place of a schema."""

    def __init__(self, self_type: Any, pool: Any, place: Place, budget: Budget) -> None:
        self._place, self._purse = place, budget.at(place)
        usual = {"self": self_type, "oldSelf": self_type}
        self._usual = Environment(usual, KNOWN_FUNCTIONS, pool=pool, is_checking=True)
        self._self_type, self._pool = self_type, pool
        self._optional: Environment | None = None
        self.names: dict[str, str] = {}
        """How types are told, by the names that the checker has for them."""

    def faults(self, rule: Schema, path: str) -> Iterator[Fault]:
        """What is wrong with one rule."""
        text, uncorrelated = rule["rule"], self._place.hidden
        try:
            compiled = self._compile(text, is_optional=bool(rule.get("optionalOldSelf")))
        except BadExpression as error:
            words = f"compilation failed: {self._named(str(error), text)}"
            yield _invalid(f"{path}.rule", _as_go(rule), words)
            return
        if compiled.kind != "bool":
            yield _invalid(f"{path}.rule", _as_go(rule), "cel expression must evaluate to a bool")
            return
        if wrong := pattern_fault(compiled.compiled):
            yield _invalid(f"{path}.rule", _as_go(rule), f"program instantiation failed: {wrong}")
            return
        yield from self._purse.pay(compiled, f"{path}.rule", is_wrapped=compiled.text != text)
        if rule.get("messageExpression"):
            yield from self._message(rule, f"{path}.messageExpression")
        if names_old(text):
            if uncorrelated:
                words = "oldSelf cannot be used on the uncorrelatable portion of the schema within"
                yield _invalid(f"{path}.rule", text, f"{words} {uncorrelated}")
        elif rule.get("optionalOldSelf") is not None:
            words = "may not be set if oldSelf is not used in rule"
            yield _invalid(f"{path}.optionalOldSelf", rule["optionalOldSelf"], words)

    def _message(self, rule: Schema, path: str) -> Iterator[Fault]:
        try:
            compiled = self._usual.compile(rule["messageExpression"])
        except BadExpression as error:
            said = self._named(str(error), rule["messageExpression"])
            words = f"messageExpression compilation failed: {said}"
            yield _invalid(path, _as_go(rule), words)
            return
        if compiled.kind != "string":
            yield _invalid(path, _as_go(rule), "messageExpression must evaluate to a string")
            return
        yield from self._purse.pay_message(compiled, path)

    def _named(self, said: str, text: str) -> str:
        """What a checker said, in the words of a real server."""
        if LOGICAL.search(said):
            with suppress(BadExpression):
                said = operand_faults(compiler().untyped(text), text, said)
        name = lambda found: self.names.get(found[0], found[0])  # noqa: E731
        return OF_TYPES.sub(lambda found: OURS.sub(name, found[0]), said)

    def _compile(self, text: str, *, is_optional: bool) -> Expression:
        if not is_optional:
            return self._usual.compile(text)
        if self._optional is None:
            variables = {"self": self._self_type, "before": self._self_type}
            self._optional = Environment(
                variables, KNOWN_FUNCTIONS, pool=self._pool, is_checking=True, has_bindings=True
            )
        try:
            return self._optional.compile(WRAPPED.format(text))
        except BadExpression as error:
            said = LINE.sub(lambda found: f"<input>:{int(found[1]) - 1}:", str(error))
            raise BadExpression(said) from None


def _as_go(rule: Schema) -> InOrder:
    """A rule as a real server shows it: by the names of its own fields."""
    names = {"rule": "", "message": "", "messageExpression": "", "reason": None, "fieldPath": ""}
    names |= {"optionalOldSelf": None}
    return InOrder({name[0].upper() + name[1:]: rule.get(name, no) for name, no in names.items()})


def _invalid(path: str, value: Any, text: str) -> Fault:
    return Fault(path, f"Invalid value: {shown(value)}: {text}")
