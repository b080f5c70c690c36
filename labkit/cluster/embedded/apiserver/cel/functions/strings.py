"""Strings: charAt, indexOf, join, replace, split, format …, and find and findAll of patterns.

Places are counted in characters. Source: cel-go's `ext/strings.go`, version 2 of it, and
Kubernetes' `apiserver/pkg/cel/library/regex.go`.
"""

from __future__ import annotations

import re
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function
from labkit.cluster.embedded.schema.patterns import BadPattern, go_pattern

SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"  # noqa: E501
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
TO_LOWER, TO_UPPER = str.maketrans(UPPER, LOWER), str.maketrans(LOWER, UPPER)
CLAUSE = re.compile(r"%(?:(%)|(?:\.(\d+))?([a-zA-Z]))")
LONGEST = 3 << 20
"""Of a string that is made: no object may be larger."""


def _in_range(text: str, place: int) -> int:
    if not 0 <= place <= len(text):
        raise ValueError(f"index out of range: {place}")
    return place


def _char_at(text: str, place: int) -> str:
    return text[_in_range(text, place) :][:1]


def _index_from(text: str, part: str, start: int) -> int:
    return text.find(part, _in_range(text, start))


def _last_index_from(text: str, part: str, start: int) -> int:
    return text.rfind(part, 0, _in_range(text, start) + len(part))


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise ValueError("the string is too long")
    return text


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    times = text.count(old) if count < 0 else min(count, text.count(old))
    if len(text) + times * (len(new) - len(old)) > LONGEST:
        raise ValueError("the string is too long")
    return text.replace(old, new, count)


def _split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if not separator:
        parts = list(text)
        return parts if count < 0 else [*parts[: count - 1], "".join(parts[count - 1 :])]
    return text.split(separator, count - 1 if count > 0 else -1)


def _rest(text: str, start: int) -> str:
    return text[_in_range(text, start) :]


def _substring(text: str, start: int, end: int) -> str:
    if start > end:
        raise ValueError(f"invalid substring range. start: {start}, end: {end}")
    return text[_in_range(text, start) : _in_range(text, end)]


def _join(parts: list[str], separator: str = "") -> str:
    return _bounded(separator.join(parts))


def _format(text: str, values: list[Any]) -> str:
    """`%s %d %f %e %b %x %X %o %%`, as far as rules use them."""
    left = list(values)

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return "%"
        if not left:
            raise ValueError(f"index {len(values)} out of range")
        return _clause(found[3], found[2], left.pop(0))

    return _bounded(CLAUSE.sub(one, text))


def _clause(verb: str, precision: str | None, value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if verb == "s":
        return written(value)
    if verb in "fe" and is_number:
        return f"{value:.{precision or 6}{verb}}"
    if verb == "d" and is_number:
        return str(int(value))
    if verb in "bxXo" and isinstance(value, int):
        return format(int(value), verb)
    if verb in "xX" and isinstance(value, str):
        return format(int.from_bytes(value.encode(), "big"), f"0{2 * len(value.encode())}{verb}")
    raise ValueError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def written(value: Any) -> str:
    """A value as `%s` writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        pairs = (f"{written(name)}: {written(part)}" for name, part in sorted(value.items()))
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    return str(value)


def _find(text: str, pattern: str) -> str:
    found = _pattern(pattern).search(text)
    return found[0] if found else ""


def _find_all(text: str, pattern: str, count: int = -1) -> list[str]:
    found: list[str] = []
    for match in _pattern(pattern).finditer(text):
        if len(found) == count:
            break
        found.append(match[0])
    return found


def _pattern(pattern: str) -> Any:
    try:
        return go_pattern(pattern)
    except BadPattern as error:
        raise ValueError(f"Illegal regex: {error}") from None


TEXT = ("string",)
FUNCTIONS = (
    Function("charAt", ("string", "int"), "string", _char_at),
    Function("indexOf", ("string", "string"), "int", str.find),
    Function("indexOf", ("string", "string", "int"), "int", _index_from),
    Function("lastIndexOf", ("string", "string"), "int", str.rfind),
    Function("lastIndexOf", ("string", "string", "int"), "int", _last_index_from),
    Function("join", ("list(string)",), "string", _join),
    Function("join", ("list(string)", "string"), "string", _join),
    Function("lowerAscii", TEXT, "string", lambda text: text.translate(TO_LOWER)),
    Function("upperAscii", TEXT, "string", lambda text: text.translate(TO_UPPER)),
    Function("replace", ("string", "string", "string"), "string", _replace),
    Function("replace", ("string", "string", "string", "int"), "string", _replace),
    Function("split", ("string", "string"), "list(string)", _split),
    Function("split", ("string", "string", "int"), "list(string)", _split),
    Function("substring", ("string", "int"), "string", _rest),
    Function("substring", ("string", "int", "int"), "string", _substring),
    Function("trim", TEXT, "string", lambda text: text.strip(SPACE)),
    Function("format", ("string", "list(dyn)"), "string", _format),
    Function("find", ("string", "string"), "string", _find),
    Function("findAll", ("string", "string"), "list(string)", _find_all),
    Function("findAll", ("string", "string", "int"), "list(string)", _find_all),
)
