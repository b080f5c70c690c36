"""One value and Go's JSON decoder: what it calls things, and what it says when it refuses.

Types that decode themselves (Quantity, times) say it their own way. Sources: Go's
encoding/json (sigs.k8s.io/json says the same) and time, apimachinery's resource.Quantity, intstr
and meta/v1 Time, version 1.36.

What OpenAPI does not say is not told: a string type with a name of its own, v1.Protocol, is called
string. Knows nothing about objects: see `decoding.py`.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
from typing import Any, NamedTuple

from labkit.cluster.embedded.schema.types import Path, Type, child

RANGES = {"int32": 2**31, "int64": 2**63}
SCALARS = {
    "string": "string", "integer": "int64", "number": "float64", "boolean": "bool",
    "quantity": "resource.Quantity", "int-or-string": "intstr.IntOrString", "any": "interface {}",
}  # fmt: skip
FORMATS = {"byte": "[]uint8", "int32": "int32"}
WITH_UID = ("ObjectMeta", "ObjectReference", "OwnerReference", "Preconditions")
"""Structs whose `uid` has a type of its own."""
JSON_TYPES = {
    type(None): "null", int: "number", float: "number", str: "string", list: "array",
    dict: "object",
}  # fmt: skip

QUANTITY = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?", re.ASCII
)
QUANTITY_BY_ITS_LETTERS = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)[eEinumkKMGTP]*[-+]?\d*", re.ASCII)
NOT_A_QUANTITY = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
NO_SUFFIX = "unable to parse quantity's suffix"

LAYOUTS = {
    "date-time": "2006-01-02T15:04:05Z07:00",
    "micro-time": "2006-01-02T15:04:05.000000Z07:00",
}
TIME = re.compile(r"\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([.,]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
TIME_RANGES = {
    "month": range(1, 13), "day": range(1, 32), "hour": range(24), "minute": range(60),
    "second": range(60),
}  # fmt: skip
TIME_PARTS = (
    ("2006", r"\d{4}"), ("-", "-"), ("01", r"\d\d"), ("-", "-"), ("02", r"\d\d"), ("T", "T"),
    ("15", r"\d\d"), (":", ":"), ("04", r"\d\d"), (":", ":"), ("05", r"\d\d([.,]\d+)?"),
    ("Z07:00", r"Z|[+-]\d\d:\d\d"),
)  # fmt: skip
"""What a layout wants, one after the other, and how it looks."""


class Place(NamedTuple):
    """Where the decoder is: in Kubernetes' terms, and in Go's."""

    path: Path = ""
    way: str = ""
    """The fields on the way, without indices and keys."""
    struct: str = ""
    """The Go struct whose field is being decoded."""

    def at(self, type_: Type, name: str) -> Place:
        """The place of a field."""
        way = f"{self.way}.{name}" if self.way else name
        return Place(child(self.path, name), way, type_.name.rpartition(".")[2])


def refusal(type_: Type, value: Any, place: Place) -> str | None:
    """What the decoder says about a value that it refuses; None if it takes it."""
    match type_.kind:
        case "quantity":
            return _quantity(value)
        case "int-or-string":
            return None if isinstance(value, str) else _integer("int32", value, place)
        case "integer":
            return _integer(type_.format, value, place)
        case "string" if type_.format in LAYOUTS:
            return _time(type_.format, value, place)
        case "string" if type_.format == "byte" and isinstance(value, str):
            return _base64(value)
        case "number":
            is_right = isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string" if type_.format != "byte":
            is_right = isinstance(value, str)
        case "boolean":
            is_right = isinstance(value, bool)
        case _:
            is_right = False
    return None if is_right else _cannot(value, go_type(type_), place)


def json_type(value: Any) -> str:
    """What the decoder calls a value."""
    if isinstance(value, bool):
        return "bool"
    return JSON_TYPES[next(kind for kind in JSON_TYPES if isinstance(value, kind))]


def go_type(type_: Type | None) -> str:
    """What Go calls a type: `[]v1.Container`, `map[string]string`, `int32`."""
    if type_ is None:
        return "interface {}"
    match type_.kind:
        case "list":
            return f"[]{go_type(type_.element)}"
        case "map" if type_.element and type_.element.kind == "quantity":
            return "v1.ResourceList"
        case "map":
            return f"map[string]{go_type(type_.element)}"
        case "object":
            return ".".join(type_.name.rsplit(".", 2)[1:])
    return FORMATS.get(type_.format) or SCALARS[type_.kind]


def _cannot(value: Any, wanted: str, place: Place, which: str = "") -> str:
    """`json: cannot unmarshal …`: into a field of a struct, or into a value by itself."""
    what = f"json: cannot unmarshal {which or json_type(value)} into Go "
    if place.struct:
        if wanted == "string" and place.way.endswith("uid") and place.struct in WITH_UID:
            wanted = "types.UID"
        return f"{what}struct field {place.struct}.{place.way} of type {wanted}"
    return f"{what}value of type {wanted}"


def _integer(size: str, value: Any, place: Place) -> str | None:
    limit = RANGES.get(size, RANGES["int64"])
    wanted = size or "int64"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _cannot(value, wanted, place)
    if isinstance(value, float) or not -limit <= value < limit:
        return _cannot(value, wanted, place, f"number {json.dumps(value)}")
    return None


def _quantity(value: Any) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = json.dumps(value)
    if not isinstance(value, str):
        return NOT_A_QUANTITY
    text = value.strip()
    if QUANTITY.fullmatch(text):
        return None
    return NO_SUFFIX if QUANTITY_BY_ITS_LETTERS.fullmatch(text) else NOT_A_QUANTITY


def _time(format_: str, value: Any, place: Place) -> str | None:
    if not isinstance(value, str):
        return _cannot(value, "string", place)
    if problem := _unlike_a_time(value, LAYOUTS[format_]):
        return f"parsing time {json.dumps(value)}{problem}"
    return None


def _unlike_a_time(text: str, layout: str) -> str | None:
    """What `time.Parse` says: what it wanted and did not find, or what is out of range."""
    if found := TIME.fullmatch(text):
        return _out_of_range(found)
    for wanted, pattern in TIME_PARTS:
        taken = re.match(pattern, text, re.ASCII)
        if taken is None:
            return f' as "{layout}": cannot parse {json.dumps(text)} as "{wanted}"'
        text = text[taken.end() :]
    return f": extra text: {json.dumps(text)}"


def _out_of_range(time: re.Match[str]) -> str | None:
    for (name, right), number in zip(TIME_RANGES.items(), time.groups(), strict=False):
        if int(number) not in right:
            return f": {name} out of range"
    try:
        datetime.date.fromisoformat(time[0][:10])
    except ValueError:
        return None if time[0].startswith("0000") else ": day out of range"
    return None


def _base64(value: str) -> str | None:
    text = value.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        bad = re.search(r"[^A-Za-z0-9+/]", text)
        return f"illegal base64 data at input byte {bad.start() if bad else len(text)}"
    return None
