"""Resource quantities: `100m`, `1.5Gi`, `2e3`, and the one form in which each is written back.

Knows nothing about which resources there are. Source: apimachinery `pkg/api/resource/quantity.go`
and `suffix.go`. A quantity is a whole number of billionths, rounded away from zero; the largest is
2^63-1. (There, some decimal quantities beyond that escape the bound, and are then written wrong.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any


class Format(StrEnum):
    """How a quantity was written, and is written back."""

    BINARY_SI = "BinarySI"
    DECIMAL_SI = "DecimalSI"
    DECIMAL_EXPONENT = "DecimalExponent"


class BadQuantity(ValueError):
    """Not a quantity; the message is the API server's."""


_NANO = 10**9
_MILLI_IN_NANO = 10**6
_LARGEST = (2**63 - 1) * _NANO
_BINARY = {
    suffix: 10 * power for power, suffix in enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))
}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIX = {power: suffix for suffix, power in _BINARY.items()}
_DECIMAL_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_MOST_DIGITS = 80
"""More than any suffix can bring back below the largest, or above the least, quantity."""
_MOST_EXPONENT = 9
"""Characters; beyond 40 all exponents are alike."""
_WRITTEN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*)([-+]?[0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount. Equal and hashed by the amount alone, whatever it was written as."""

    nano: int
    format: Format = field(default=Format.DECIMAL_SI, compare=False)

    @property
    def value(self) -> int:
        """In whole units, rounded away from zero."""
        return _rounded(self.nano, _NANO)

    @property
    def milli(self) -> int:
        """In thousandths, rounded away from zero: CPU is counted so."""
        return _rounded(self.nano, _MILLI_IN_NANO)

    @property
    def is_whole(self) -> bool:
        """No fraction."""
        return self.nano % _NANO == 0

    def __lt__(self, other: Quantity) -> bool:
        return self.nano < other.nano

    def __le__(self, other: Quantity) -> bool:
        return self.nano <= other.nano

    def __str__(self) -> str:
        if not self.nano:
            return "0"
        if self.format is Format.BINARY_SI and self.is_whole and abs(self.nano) >= 1024 * _NANO:
            return _in_binary(self.nano // _NANO)
        return _in_decimal(self.nano, self.format)


def _rounded(nano: int, unit: int) -> int:
    return -(-nano // unit) if nano > 0 else nano // unit


def _in_binary(number: int) -> str:
    power = 0
    while number % 1024 == 0:
        number //= 1024
        power += 10
    return f"{number}{_BINARY_SUFFIX[power]}"


def _in_decimal(number: int, format: Format) -> str:
    power = -9
    while number % 10 == 0:
        number //= 10
        power += 1
    number *= 10 ** (power % 3)  # suffixes are three powers apart
    power -= power % 3
    if format is Format.DECIMAL_EXPONENT:
        return f"{number}e{power}" if power else str(number)
    return f"{number}{_DECIMAL_SUFFIX[power]}"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Quantity:
    match = _WRITTEN.fullmatch(text)
    if not match or not (match[2] or match[3]):
        raise BadQuantity(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    sign, whole, fraction, letters, exponent = match.groups()
    factor, divisor, format = _unit(letters, exponent)
    whole, fraction = whole.lstrip("0"), fraction or ""
    if len(whole) > _MOST_DIGITS:  # beyond the largest there is, whatever the suffix
        whole, fraction = whole[:_MOST_DIGITS], ""
    if len(fraction) > _MOST_DIGITS:  # what follows counts as long as it is not nothing
        fraction = fraction[:_MOST_DIGITS] + ("1" if fraction[_MOST_DIGITS:].strip("0") else "")
    digits = int(whole + fraction or "0")
    below = 10 ** len(fraction) * divisor
    nano = min(-(-digits * _NANO * factor // below), _LARGEST)
    if format is Format.BINARY_SI and nano < _NANO:
        format = Format.DECIMAL_SI
    return Quantity(-nano if sign == "-" else nano, format)


def _unit(letters: str, exponent: str) -> tuple[int, int, Format]:
    """What a suffix multiplies by and divides by."""
    if letters in ("e", "E") and exponent not in ("", "-", "+"):
        power, format = int(exponent[:_MOST_EXPONENT]), Format.DECIMAL_EXPONENT
    elif exponent:
        raise BadQuantity("unable to parse quantity's suffix")
    elif letters in _DECIMAL:
        power, format = _DECIMAL[letters], Format.DECIMAL_SI
    elif letters in _BINARY:
        return 2 ** _BINARY[letters], 1, Format.BINARY_SI
    else:
        raise BadQuantity("unable to parse quantity's suffix")
    power = max(-40, min(power, 40))  # beyond: the least there is, and the most
    return (10**power, 1, format) if power >= 0 else (1, 10**-power, format)


def parse(written: Any) -> Quantity:
    """The quantity that a string or a number of JSON says (null says 0); BadQuantity if none."""
    return _parse(written.strip() if isinstance(written, str) else str(written or 0))


@lru_cache(maxsize=4096)
def _canonical(text: str) -> str:
    quantity = _parse(text)
    milli = quantity.milli * _MILLI_IN_NANO
    return str(quantity if milli == quantity.nano else Quantity(milli, quantity.format))


def canonical(written: Any) -> str:
    """As a resource list has it: rounded up to thousandths, in its one form; or BadQuantity."""
    return _canonical(written.strip() if isinstance(written, str) else str(written or 0))
