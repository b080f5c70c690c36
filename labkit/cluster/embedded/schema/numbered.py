"""Formats of strings with numbers in them: identities, colours, cards, books.

Source: kube-openapi's pkg/validation/strfmt/default.go and govalidator's `IsISBN`,
`IsCreditCard`, version 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BYTE = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*"
_CARD = re.compile(
    r"4\d{12}(\d{3})?|5[1-5]\d{14}|(222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|6(011|5\d\d)\d{12}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|(2131|1800|35\d{3})\d{11}"
    r"|6[27]\d{14}",
    re.ASCII,
)


def _uuid(version: str, variant: str) -> Callable[[str], object]:
    hexadecimal = "[0-9a-fA-F]"
    return re.compile(
        f"{hexadecimal}{{8}}-?{hexadecimal}{{4}}-?{version}{hexadecimal}{{3}}-?"
        f"{variant}{hexadecimal}{{3}}-?{hexadecimal}{{12}}"
    ).fullmatch


def _card(text: str) -> bool:
    digits = re.sub(r"[^0-9]+", "", text)
    if not _CARD.fullmatch(digits):
        return False
    doubled = [int(one) * (1 + index % 2) for index, one in enumerate(reversed(digits))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def _isbn10(text: str) -> bool:
    plain = re.sub(r"[\s-]+", "", text)
    if not re.fullmatch(r"\d{9}(\d|X)", plain, re.ASCII):
        return False
    numbers = [10 if one == "X" else int(one) for one in plain]
    return sum(place * one for place, one in enumerate(numbers, 1)) % 11 == 0


def _isbn13(text: str) -> bool:
    plain = re.sub(r"[\s-]+", "", text)
    if not re.fullmatch(r"\d{13}", plain, re.ASCII):
        return False
    return sum(int(one) * (1, 3)[index % 2] for index, one in enumerate(plain)) % 10 == 0


FORMATS: dict[str, Callable[[str], object]] = {
    "bsonobjectid": re.compile(r"[0-9a-fA-F]{24}").fullmatch,
    "uuid3": _uuid("3", "[0-9a-fA-F]"),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": _card,
    "ssn": re.compile(r"\d{3}[- ]?\d{2}[- ]?\d{4}", re.ASCII).fullmatch,
    "hexcolor": re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})").fullmatch,
    "rgbcolor": re.compile(rf"rgb\({_BYTE},{_BYTE},{_BYTE}\)", re.ASCII).fullmatch,
}
