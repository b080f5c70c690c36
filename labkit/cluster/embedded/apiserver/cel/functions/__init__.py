"""What Kubernetes adds to the language: tables of functions.

A function is said once, by the words of its types. A type that the language does not have
(`Quantity`) is to the checker a type of its own, and to the evaluator a map of one entry: the name
of the type, and what it holds. An implementation gets and gives what it holds.

::

    lists        isSorted, sum, min, max, indexOf …
    strings      charAt, lowerAscii, replace, format …; find and findAll
    quantities   quantity
    addresses    ip, cidr
    urls         url
    versions     semver
    formats      format: named forms of texts
    patches      jsonpatch.escapeKey, where an expression gives a patch
    authorizers  authorizer: what somebody may do

Source: Kubernetes' `apiserver/pkg/cel/library`, cel-go's `ext/strings.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from cel_expr_python import cel

from labkit.cluster.embedded.apiserver.cel.times import as_message

PREFIX = "kubernetes."
OVERLOAD = "no such overload"
OPAQUE = frozenset(
    {
        "Quantity", "URL", "IP", "CIDR", "Semver", "Authorizer", "PathCheck", "GroupCheck",
        "ResourceCheck", "Decision", "NamedFormat",
    }
)  # fmt: skip
PLAIN = {
    "bool": cel.Type.BOOL, "int": cel.Type.INT, "uint": cel.Type.UINT, "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING, "bytes": cel.Type.BYTES, "timestamp": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION, "dyn": cel.Type.DYN,
}  # fmt: skip
LIST = re.compile(r"list\((.+)\)")
MAP = re.compile(r"map\((.+)\)")
"""Of texts to something: what `formats.rewritten` makes optional values of."""


class Function(NamedTuple):
    """One overload of a function.

    Attributes:
        name: as an expression calls it.
        takes: the types of its arguments; for a member the first is what it is a member of.
        gives: the type of its result.
        run: what does it. A `ValueError` says why there is no result.
        is_member: whether it is called as `a.name(b)`.
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    run: Callable[..., Any]
    is_member: bool = True

    @property
    def overload(self) -> str:
        """What the language calls it."""
        return _id(self.name, self.takes, self.is_member)


def opaque(name: str, value: Any) -> dict[str, Any]:
    """A value of a type that Kubernetes adds, as the evaluator has it."""
    return {PREFIX + name: value}


def declared(functions: Iterable[Function], *, is_checking: bool) -> list[Any]:
    """Functions as the language takes them."""
    by_name: dict[str, list[Function]] = {}
    for one in functions:
        by_name.setdefault(one.name, []).append(one)
    make = _for_checker if is_checking else _for_evaluator
    return [cel.FunctionDecl(name, make(name, found)) for name, found in by_name.items()]


def _for_checker(name: str, functions: list[Function]) -> list[Any]:
    return [
        cel.Overload(
            one.overload,
            return_type=_type(one.gives),
            parameters=[_type(word) for word in one.takes],
            is_member=one.is_member,
        )
        for one in functions
    ]


def _for_evaluator(name: str, functions: list[Function]) -> list[Any]:
    """Those that the evaluator cannot tell apart become one, which looks at what it gets."""
    alike: dict[tuple[bool, tuple[str, ...]], list[Function]] = {}
    for one in functions:
        key = one.is_member, tuple(_erased(word) for word in one.takes)
        alike.setdefault(key, []).append(one)
    return [
        cel.Overload(
            _id(name, takes, is_member),
            return_type=_result(found),
            parameters=[_erased_type(word) for word in takes],
            is_member=is_member,
            impl=_runner(found),
        )
        for (is_member, takes), found in alike.items()
    ]


def _id(name: str, takes: tuple[str, ...], is_member: bool) -> str:
    words = [re.sub(r"\W", "_", word) for word in takes]
    return "_".join([name, "of" if is_member else "from", *words])


def _type(word: str) -> Any:
    if word in OPAQUE:
        return cel.Type.AbstractType(PREFIX + word, [])
    if found := LIST.fullmatch(word):
        return cel.Type.List(_type(found[1]))
    if found := MAP.fullmatch(word):
        return cel.Type.Map(cel.Type.STRING, _type(found[1]))
    return PLAIN[word]


def _erased(word: str) -> str:
    if word in OPAQUE:
        return "map"
    return "list" if word.startswith("list") else word


def _erased_type(word: str) -> Any:
    if word == "dyn":
        return cel.Type("any")  # the evaluator's word for any type; DYN fits no value there
    return {"map": cel.Type.MAP, "list": cel.Type.LIST}.get(word) or PLAIN[word]


def _result(functions: list[Function]) -> Any:
    """The type that they give, where it is one: only then can it be a time."""
    words = {one.gives for one in functions}
    return PLAIN.get(words.pop(), cel.Type.DYN) if len(words) == 1 else cel.Type.DYN


def _runner(functions: list[Function]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        for one in functions:
            if all(map(_fits, one.takes, values)):
                held = [_held(word, value) for word, value in zip(one.takes, values, strict=True)]
                return _given(one.gives, one.run(*held))
        raise ValueError(OVERLOAD)

    return run


def _fits(word: str, value: Any) -> bool:
    return word not in OPAQUE or PREFIX + word in value


def _held(word: str, value: Any) -> Any:
    return value[PREFIX + word] if word in OPAQUE else value


def _given(word: str, value: Any) -> Any:
    if found := MAP.fullmatch(word):
        return {name: _given(found[1], part) for name, part in value.items()}
    return opaque(word, value) if word in OPAQUE else as_message(value)
