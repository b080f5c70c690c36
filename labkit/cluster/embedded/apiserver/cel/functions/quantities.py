"""quantity: amounts that can be compared, added and subtracted.

One is held as the text of its billionths, so that equal ones are the same. Source: Kubernetes'
`apiserver/pkg/cel/library/quantity.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function
from labkit.cluster.embedded.apiserver.kinds.quantity import BadQuantity, parse

NANO = 10**9
LARGEST = 2**63 - 1
QUANTITY, PAIR = ("Quantity",), ("Quantity", "Quantity")


def _read(text: str) -> str:
    return str(parse(text).nano)


def _is_one(text: str) -> bool:
    try:
        parse(text)
    except BadQuantity:
        return False
    return True


def _is_integer(nano: str) -> bool:
    return int(nano) % NANO == 0 and abs(int(nano)) // NANO <= LARGEST


def _integer(nano: str) -> int:
    if not _is_integer(nano):
        raise ValueError("cannot convert value to integer")
    return int(nano) // NANO


def _order(one: str, other: str) -> int:
    return (int(one) > int(other)) - (int(one) < int(other))


def _adder(sign: int, unit: int) -> Callable[[str, Any], str]:
    return lambda nano, other: str(int(nano) + sign * unit * int(other))


FUNCTIONS = (
    Function("quantity", ("string",), "Quantity", _read, is_member=False),
    Function("isQuantity", ("string",), "bool", _is_one, is_member=False),
    Function("sign", QUANTITY, "int", lambda nano: _order(nano, "0")),
    Function("sign", QUANTITY, "int", lambda nano: _order(nano, "0"), is_member=False),
    Function("isGreaterThan", PAIR, "bool", lambda one, other: _order(one, other) > 0),
    Function("isLessThan", PAIR, "bool", lambda one, other: _order(one, other) < 0),
    Function("compareTo", PAIR, "int", _order),
    Function("asApproximateFloat", QUANTITY, "double", lambda nano: int(nano) / NANO),
    Function("asInteger", QUANTITY, "int", _integer),
    Function("isInteger", QUANTITY, "bool", _is_integer),
    Function("add", PAIR, "Quantity", _adder(1, 1)),
    Function("add", ("Quantity", "int"), "Quantity", _adder(1, NANO)),
    Function("sub", PAIR, "Quantity", _adder(-1, 1)),
    Function("sub", ("Quantity", "int"), "Quantity", _adder(-1, NANO)),
)
