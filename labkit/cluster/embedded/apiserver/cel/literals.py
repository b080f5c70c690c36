"""What is wrong with values that an expression has written out: found when it is checked.

Patterns that are none, times and durations that are none, lists and maps of values of different
types. Source: cel-go's `cel/validator.go`, as Kubernetes uses it since 1.29.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.cel import trees
from labkit.cluster.embedded.apiserver.cel.words import first_of
from labkit.cluster.embedded.schema.patterns import BadPattern, go_pattern

Told = tuple[int, str]
"""Where in the text, and what."""

DURATION = re.compile(r"[-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
LOGICAL = re.compile(
    r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): found no matching overload for "
    r"'(?P<name>_(&&|\|\|)_)' applied to '\((?P<of>.*)\)'\n \| .*\n \| \.*\^"
)
MIXED = frozenset({"format"})
"""Functions to whose lists everything may belong."""
PRIMITIVES = {1: "bool", 2: "int", 3: "uint", 4: "double", 5: "string", 6: "bytes"}
KNOWN = {1: "any", 2: "timestamp", 3: "duration"}
NAMES = {
    "primitive": PRIMITIVES,
    "wrapper": {number: f"wrapper({name})" for number, name in PRIMITIVES.items()},
    "well_known": KNOWN,
}
"""Of types without parts."""


def literal_faults(compiled: Any, text: str) -> str:
    """All that is wrong, in the words of a checker; nothing if nothing is.

    Args:
        compiled: the expression.
        text: as it was compiled.
    """
    tree = trees.read(compiled)
    places = {one.key: one.value for one in tree.source_info.positions}
    types = {one.key: one.value for one in tree.type_map}
    found = [(places.get(node.id, 0), words) for node, words in _look(tree.expr, types)]
    return "\n".join(_shown(text, *one) for one in sorted(found))


def pattern_fault(compiled: Any) -> str:
    """What keeps an expression from being run: a pattern that only its program compiles."""
    for node in trees.walk(trees.read(compiled).expr):
        call = node.call_expr
        is_global = call.function == "matches" and not call.HasField("target")
        if not is_global and call.function not in ("find", "findAll"):
            continue
        pattern = _text(call.args[1 if is_global else 0])
        try:
            go_pattern(pattern or "")
        except BadPattern as error:
            return str(error)
    return ""


def operand_faults(compiled: Any, text: str, said: str) -> str:
    """What a checker said, with the operands of `&&` and `||` that are no bool in the place of it.

    Args:
        compiled: the expression, as it is where nothing has a type.
        text: as it was compiled.
        said: by the checker.
    """
    tree = trees.read(compiled)
    places = {one.key: one.value for one in tree.source_info.positions}
    nodes = list(trees.walk(tree.expr))

    def told(found: re.Match[str]) -> str:
        lines = text.split("\n")[: int(found["line"]) - 1]
        offset = sum(len(one) + 1 for one in lines) + int(found["column"]) - 1
        for node in nodes:
            if node.call_expr.function == found["name"] and places.get(node.id) == offset:
                types = first_of(found["of"])
                wrong = [
                    _shown(text, places.get(one.id, 0), f"expected type 'bool' but found '{type_}'")
                    for one, type_ in zip(node.call_expr.args, types, strict=True)
                    if type_ != "bool"
                ]
                return "\n".join(wrong)
        return found[0]

    return LOGICAL.sub(told, said)


def _look(node: Any, types: dict[int, Any], *, is_mixed: bool = False) -> Iterator[tuple[Any, str]]:
    call = node.call_expr
    if call.function in CHECKS and call.args:
        argument = call.args[0]
        said = _text(argument)
        if said is not None and len(call.args) == 1 and not CHECKS[call.function](said):
            yield argument, f"invalid {call.function} argument"
    if not is_mixed:
        for group in _groups(node):
            yield from _of_one_type(group, types)
    is_mixed = is_mixed or call.function in MIXED
    for part in trees.parts(node):
        yield from _look(part, types, is_mixed=is_mixed)


def _groups(node: Any) -> Iterator[list[Any]]:
    """Values that have to be of one type."""
    kind = node.WhichOneof("kind")
    if kind == "list_expr":
        yield list(node.list_expr.elements)
    elif kind == "struct_expr" and not node.struct_expr.message_name:
        yield [one.map_key for one in node.struct_expr.entries]
        yield [one.value for one in node.struct_expr.entries]


def _of_one_type(values: list[Any], types: dict[int, Any]) -> Iterator[tuple[Any, str]]:
    if not values:
        return
    wanted = type_words(types.get(values[0].id))
    for one in values[1:]:
        found = type_words(types.get(one.id))
        if found != wanted:
            yield one, f"expected type '{wanted}' but found '{found}'"
            return


def type_words(type_: Any) -> str:
    """A type as a message has it."""
    kind = type_.WhichOneof("kind") if type_ is not None else None
    if kind in NAMES:
        return NAMES[kind].get(getattr(type_, kind), "dyn")
    if kind == "list_type":
        return f"list({type_words(type_.list_type.elem_type)})"
    if kind == "map_type":
        of = type_.map_type
        return f"map({type_words(of.key_type)}, {type_words(of.value_type)})"
    if kind == "abstract_type":
        parts = ", ".join(map(type_words, type_.abstract_type.parameter_types))
        return f"{type_.abstract_type.name}({parts})" if parts else str(type_.abstract_type.name)
    return str(getattr(type_, kind)) if kind in ("message_type", "type_param") else "dyn"


def _text(node: Any) -> str | None:
    is_text = node.WhichOneof("kind") == "const_expr"
    if is_text and node.const_expr.WhichOneof("kind") == "string_value":
        return str(node.const_expr.string_value)
    return None


def _is_pattern(text: str) -> bool:
    try:
        go_pattern(text)
    except BadPattern:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        return datetime.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


CHECKS: dict[str, Callable[[str], bool]] = {
    "matches": _is_pattern,
    "timestamp": _is_time,
    "duration": lambda text: DURATION.fullmatch(text) is not None,
}


def _shown(text: str, offset: int, words: str) -> str:
    """A message with the line that it is about, and a caret below it."""
    before = text[:offset]
    line, column = before.count("\n") + 1, offset - before.rfind("\n")
    shown = text.split("\n")[line - 1]
    return f"ERROR: <input>:{line}:{column}: {words}\n | {shown}\n | {'.' * (column - 1)}^"
