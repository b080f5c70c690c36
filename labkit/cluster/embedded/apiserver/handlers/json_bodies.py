"""JSON, as far as Go's decoder takes it and a stricter reader does not.

Half of a surrogate pair and bytes that are no UTF-8 become U+FFFD; a number that no float64 holds
can be read, and not be decoded. Sources: Go's `encoding/json/decode.go`, sigs.k8s.io/json.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

from labkit.cluster.embedded.schema.syntax import syntax_error

LARGEST_INTEGER = 2**63


class NoJson(Exception):
    """It is none; the text says why, as Go does."""


class BadNumber(Exception):
    """A number has no room; the text is what the decoder says.

    Attributes:
        document: what was read, with an infinite number in its place.
    """

    def __init__(self, number: str, document: Any) -> None:
        super().__init__(f"json: cannot unmarshal number {number} into Go value of type float64")
        self.document = document


def read(body: bytes) -> Any:
    """A JSON document.

    Raises:
        NoJson, BadNumber
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if why := syntax_error(body):
            raise NoJson(why) from None
        try:
            return _read_leniently(body)
        except (ValueError, RecursionError):
            raise NoJson(str(error)) from None


def _read_leniently(body: bytes) -> Any:
    too_large: list[str] = []

    def number(text: str) -> float:
        found = float(text)
        if math.isinf(found):
            too_large.append(text)
        return found

    def integer(text: str) -> float:
        found = number(text)
        return found if abs(found) >= LARGEST_INTEGER else int(text)

    document = json.loads(body.decode(errors="replace"), parse_float=number, parse_int=integer)
    if too_large:
        raise BadNumber(too_large[0], document)
    text = json.dumps(document, ensure_ascii=False)
    return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
