"""What a schema asks of a value of the right type: range, length, pattern, format.

Messages and their order are those of kube-openapi's pkg/validation and of apimachinery's
pkg/util/validation/field, version 1.36.
"""

from __future__ import annotations

import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import Any

from labkit.cluster.embedded.schema import numbered, spelled
from labkit.cluster.embedded.schema.patterns import BadPattern, go_pattern
from labkit.cluster.embedded.schema.types import Fault, Path, Type, show

DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
URI = re.compile(r"/.*|[a-zA-Z][a-zA-Z0-9+.-]*:.+", re.DOTALL)
UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
EMAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+")

TYPES = {
    type(None): "null", int: "integer", float: "number", str: "string", list: "array",
    dict: "object",
}  # fmt: skip

FORMATS: dict[str, Callable[[str], object]] = {
    "date": datetime.date.fromisoformat,
    "date-time": DATE_TIME.fullmatch,
    "uri": URI.fullmatch,
    "ipv6": ipaddress.IPv6Address,
    "cidr": lambda text: "/" in text and ipaddress.ip_network(text, strict=False),
    "uuid": UUID.fullmatch,
    "email": EMAIL.fullmatch,
    **numbered.FORMATS,
    **spelled.FORMATS,
}
"""The formats of strings that are looked at; a real server passes over unknown ones, too."""


def in_body(path: Path, text: str) -> str:
    """`spec.size in body …`, as kube-openapi begins its messages."""
    return f"{path} in body {text}".lstrip()


def json_schema_type(value: Any) -> str:
    """What a schema calls a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) and not is_int64(value):
        return "number"
    return TYPES[next(kind for kind in TYPES if isinstance(value, kind))]


def is_int64(value: int) -> bool:
    """Whether Go has room for a whole number; a larger one is a float there."""
    return -(2**63) <= value < 2**63


def faults_of_scalar(type_: Type, value: Any, path: Path) -> Iterator[Fault]:
    """Of strings and numbers."""
    if isinstance(value, str):
        yield from _faults_of_string(type_, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _faults_of_number(type_, value, path)


def _faults_of_string(type_: Type, value: str, path: Path) -> Iterator[Fault]:
    said = type_.limits
    if len(value) > said.get("maxLength", len(value)):
        yield _too_long(path, said["maxLength"])
    if len(value) < said.get("minLength", 0):
        yield _invalid(path, value, f"should be at least {said['minLength']} chars long")
    if "pattern" in said and not _matches(said["pattern"], value):
        yield _invalid(path, value, f"should match '{said['pattern']}'")
    if type_.format in FORMATS and not has_format(type_.format, value):
        fault = _invalid(path, value, f"must be of type {type_.format}: {show(value)}")
        yield Fault(path, fault.message, "FieldValueTypeInvalid")


def _matches(pattern: str, value: str) -> bool:
    """Also where the pattern is none: then the definition is refused, not its objects."""
    try:
        return go_pattern(pattern).search(value) is not None
    except BadPattern:
        return True


def has_format(name: str, value: str) -> bool:
    """Whether a string has a format that is looked at."""
    try:
        return bool(FORMATS[name](value))
    except (ValueError, binascii.Error):
        return False


def _faults_of_number(type_: Type, value: float, path: Path) -> Iterator[Fault]:
    said = type_.limits
    if type_.kind == "integer" and not _fits(type_.format, value):
        form = f"with format {type_.format}" if type_.format else "(default format)"
        text = f"Checked value must be of type integer {form} in {path}"
        yield Fault("<nil>", f'Invalid value: "": {text}')
    if said.get("multipleOf"):
        yield from _faults_of_multiple(said["multipleOf"], value, path)
    if "maximum" in said:
        limit, is_open = said["maximum"], said.get("exclusiveMaximum", False)
        if value > limit or (is_open and value == limit):
            words = "less than" if is_open else "less than or equal to"
            yield _invalid(path, value, f"should be {words} {_number(limit)}")
    if "minimum" in said:
        limit, is_open = said["minimum"], said.get("exclusiveMinimum", False)
        if value < limit or (is_open and value == limit):
            words = "greater than" if is_open else "greater than or equal to"
            yield _invalid(path, value, f"should be {words} {_number(limit)}")


def _fits(form: str, value: float) -> bool:
    """Whether a number is a whole one that has room in its format."""
    bits = 31 if form == "int32" else 63
    return float(value).is_integer() and -(2**bits) <= value < 2**bits


def _faults_of_multiple(factor: float, value: float, path: Path) -> Iterator[Fault]:
    """The real server takes the factor as a whole number where the value is one."""
    if isinstance(value, int) and int(factor) < 1:
        text = f"factor MultipleOf declared for {path} must be positive: {int(factor)}"
        yield Fault(path, f"Invalid value: {int(factor)}: {text}")
    elif value % factor:
        yield _invalid(path, value, f"should be a multiple of {_number(factor)}")


def faults_of_list(type_: Type, value: list[Any], path: Path) -> Iterator[Fault]:
    """Of the number of a list's elements, and of those that are there twice."""
    said = type_.limits
    if len(value) < said.get("minItems", 0):
        yield _invalid(path, len(value), f"should have at least {said['minItems']} items")
    if len(value) > said.get("maxItems", len(value)):
        yield _too_many(path, len(value), said["maxItems"])


def faults_of_object(type_: Type, value: dict[str, Any], path: Path) -> Iterator[Fault]:
    """Of the number of an object's fields."""
    said = type_.limits
    if len(value) < said.get("minProperties", 0):
        yield _invalid(path, len(value), f"should have at least {said['minProperties']} properties")
    if len(value) > said.get("maxProperties", len(value)):
        yield _too_many(path, len(value), said["maxProperties"])


def faults_of_enum(type_: Type, value: Any, path: Path) -> Iterator[Fault]:
    """Of a value that is none of those that are supported."""
    if type_.enum and not any(show(value) == show(one) for one in type_.enum):
        values = [one if isinstance(one, str) else show(one) for one in type_.enum]
        said = ", ".join(map(show, values))
        text = f"Unsupported value: {show(value)}: supported values: {said}"
        yield Fault(path, text, "FieldValueNotSupported")


def _invalid(path: Path, value: Any, text: str) -> Fault:
    return Fault(path, f"Invalid value: {show(value)}: {in_body(path, text)}")


def _too_long(path: Path, limit: int) -> Fault:
    unit = "byte" if limit == 1 else "bytes"
    return Fault(path, f"Too long: may not be more than {limit} {unit}", "FieldValueTooLong")


def _too_many(path: Path, actual: int, limit: int) -> Fault:
    unit = "item" if limit == 1 else "items"
    text = f"Too many: {actual}: must have at most {limit} {unit}"
    return Fault(path, text, "FieldValueTooMany")


def _number(value: float) -> str:
    """A number as Go's `%v` has it, near enough: no fraction where there is none."""
    return str(int(value)) if float(value).is_integer() else str(value)
