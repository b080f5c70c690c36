"""Quantities as the API writes them: ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``.

Source: the comment on ``Quantity`` in k8s.io/apimachinery ``pkg/api/resource``.
"""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal

BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}

_EXPONENT = {suffix: exponent for exponent, suffix in DECIMAL.items()}
_PARTS = re.compile(r"([+-]?[0-9]*\.?[0-9]*)([KMGTPE]i|[numkMGTPE]?|[eE][+-]?[0-9]{1,2})")
_SMALLEST = Decimal("1e-9")


def canonical_quantity(value: str | int | float | None) -> str:
    """A quantity in the API's own form; what is no quantity is given back as it is.

    Args:
        value: as in an object. None is ``0``, as an absent quantity is in Go.
    """
    text = "0" if value is None else str(value)
    parts = _PARTS.fullmatch(text)
    if not parts or not re.search("[0-9]", parts[1]):
        return text
    number, suffix = Decimal(parts[1]), parts[2]
    if suffix[1:] == "i":
        return _binary(number * 1024 ** BINARY.index(suffix))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _decimal(number.scaleb(int(suffix[1:])), {n: f"e{n}" if n else "" for n in DECIMAL})
    return _decimal(number.scaleb(_EXPONENT[suffix]), DECIMAL)


def _binary(value: Decimal) -> str:
    # Small numbers and fractions have no short form in powers of 1024.
    if -1024 < value < 1024 or value != value.to_integral_value():
        return _decimal(value, DECIMAL)
    whole, power = int(value), 0
    while whole % 1024 == 0 and power < len(BINARY) - 1:
        whole, power = whole // 1024, power + 1
    return f"{whole}{BINARY[power]}"


def _decimal(value: Decimal, suffixes: dict[int, str]) -> str:
    if not value:
        return "0"
    nanos = int((value / _SMALLEST).to_integral_value(rounding=ROUND_UP))
    exponent = min(suffixes)
    while nanos % 1000 == 0 and exponent < max(suffixes):
        nanos, exponent = nanos // 1000, exponent + 3
    return f"{nanos}{suffixes[exponent]}"
