"""semver: semantic versions. Source: Kubernetes' `apiserver/pkg/cel/library/semverlib.go`."""

from __future__ import annotations

import re
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function

NUMBER = r"(0|[1-9]\d*)"
VERSION = re.compile(
    rf"{NUMBER}\.{NUMBER}\.{NUMBER}"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
PAIR = ("Semver", "Semver")


def _read(text: str) -> str:
    if not VERSION.fullmatch(text):
        few = text.count(".") < 2
        raise ValueError(
            "No Major.Minor.Patch elements found" if few else f"Invalid version {text}"
        )
    return text


def _normal(text: str) -> str:
    """Without a `v`, with three numbers, which have no zeros before them."""
    parts = text.removeprefix("v").split(".", 2)
    parts = [re.sub(r"^0+(?=\d)", "", part) for part in parts]
    if len(parts) < 3 and re.search(r"[+-]", parts[-1]):
        raise ValueError("Short version cannot contain PreRelease/Build meta data")
    return ".".join([*parts, *["0"] * (3 - len(parts))])


def _read_as(text: str, is_normalized: bool) -> str:
    return _read(_normal(text) if is_normalized else text)


def _is_one(text: str, is_normalized: bool = False) -> bool:
    try:
        _read_as(text, is_normalized)
    except ValueError:
        return False
    return True


def _key(text: str) -> tuple[Any, ...]:
    """What orders versions: one with a pre-release comes before the one without."""
    found = VERSION.fullmatch(text)
    assert found is not None
    before = found[4].split(".") if found[4] else []
    parts = [(0, int(one), "") if one.isdigit() else (1, 0, one) for one in before]
    return (int(found[1]), int(found[2]), int(found[3]), not before, parts)


def _order(one: str, other: str) -> int:
    return (_key(one) > _key(other)) - (_key(one) < _key(other))


FUNCTIONS = (
    Function("semver", ("string",), "Semver", _read, is_member=False),
    Function("semver", ("string", "bool"), "Semver", _read_as, is_member=False),
    Function("isSemver", ("string",), "bool", _is_one, is_member=False),
    Function("isSemver", ("string", "bool"), "bool", _is_one, is_member=False),
    Function("isGreaterThan", PAIR, "bool", lambda one, other: _order(one, other) > 0),
    Function("isLessThan", PAIR, "bool", lambda one, other: _order(one, other) < 0),
    Function("compareTo", PAIR, "int", _order),
    *(
        Function(name, ("Semver",), "int", lambda text, n=place: int(_key(text)[n]))
        for place, name in enumerate(("major", "minor", "patch"))
    ),
)
