"""What the checker finds, in the words of Kubernetes' own (cel-go's `checker/errors.go`)."""

from __future__ import annotations

import re

CODE = re.compile(r"^[A-Z_]+: ")
TAIL = re.compile(r" \[[A-Z_]+\]$")
STRUCT = re.compile(r" not found in struct '[^']*'")
FAULT = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): (?P<said>.*)")
QUALIFIED = re.compile(
    r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): undeclared reference to "
    r"'(?P<before>(?P<root>\w+)(\.\w+)*)\.\w+'(?P<rest>.*\n \| )\.*\^",
    re.DOTALL,
)
APPLIED = re.compile(r"found no matching overload for '(?P<name>\w+)' applied to '\((?P<of>.*)\)'")
GO_WORDS = (
    (
        re.compile(r"expression of (type '.*') cannot be the operand of a select operation"),
        r"\1 does not support field selection",
    ),
    (re.compile("cannot be the range of"), "cannot be range of"),
    (re.compile(r"has\(\) argument must be a field selection"), "invalid argument to has() macro"),
    (re.compile(r"\bnull_type\b"), "null"),
    (re.compile(r"\bkubernetes\.(IP|CIDR)\b"), r"net.\1"),
)
CALLED = re.compile(r"\.\s*\w+$")


def told(text: str) -> str:
    """What a checker finds, in order, and without what only follows from it."""
    text = STRUCT.sub("", TAIL.sub("", CODE.sub("", text)))
    found = re.split(r"\n(?=ERROR: )", text)
    own = [_rooted(one) for one in found if "'*error*'" not in one] or found
    return "\n".join(map(_as_go, sorted(own, key=_place)))


def _place(text: str) -> tuple[int, int]:
    found = FAULT.match(text)
    return (int(found["line"]), int(found["column"])) if found else (0, 0)


def _rooted(text: str) -> str:
    """Of a name whose first part is unknown, that part alone, and its place."""
    found = QUALIFIED.fullmatch(text)
    if found is None:
        return text
    root, column = found["root"], int(found["column"]) - len(found["before"])
    caret = "." * (column - 1) + "^"
    place = f"{found['line']}:{column}"
    return f"ERROR: <input>:{place}: undeclared reference to '{root}'{found['rest']}{caret}"


def _as_go(text: str) -> str:
    first, *lines = text.split("\n")
    for theirs, go in GO_WORDS:
        first = theirs.sub(go, first)
    applied, place = APPLIED.search(first), FAULT.match(first)
    if applied and place and lines:
        before = lines[0].removeprefix(" | ")[: int(place["column"]) - 1]
        if CALLED.search(before):
            first = APPLIED.sub(_as_member, first)
    return "\n".join([first, *lines])


def first_of(types: str) -> tuple[str, str]:
    """The first of some types, and the others: `list(int), string`."""
    depth = 0
    for place, sign in enumerate(types):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            return types[:place], types[place + 2 :]
    return types, ""


def _as_member(found: re.Match[str]) -> str:
    """`string.(int)` for a function of a text that was given a number."""
    target, rest = first_of(found["of"])
    return f"found no matching overload for '{found['name']}' applied to '{target}.({rest})'"
