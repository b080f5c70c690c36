"""Messages whose JSON is not an object of their fields: times, quantities, raw JSON, either-ors.

In Go these types have a `MarshalJSON` of their own; each function here gives what that one gives.
Its argument is the message's fields by name, as far as they were sent.

Sources: the Go documentation of k8s.io/apimachinery (`metav1.Time`, `resource.Quantity`,
`intstr.IntOrString`, `runtime.RawExtension`) and of k8s.io/apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.protobuf.wire import BadProtobuf

Sent = Mapping[str, Any]

EPOCH = datetime(1970, 1, 1)  # without a zone: UTC throughout

ZERO_SECONDS = -62_135_596_800
"""Go's zero time, the first moment of the year 1: no time at all."""


def _time(sent: Sent) -> str | None:
    return _moment(sent, microseconds=0, timespec="seconds")


def _micro_time(sent: Sent) -> str | None:
    return _moment(sent, sent.get("nanos", 0) // 1000, timespec="microseconds")


def _moment(sent: Sent, microseconds: int, timespec: str) -> str | None:
    seconds = sent.get("seconds", 0)
    if not sent or seconds == ZERO_SECONDS:
        return None
    try:
        moment = EPOCH + timedelta(seconds=seconds, microseconds=microseconds)
    except OverflowError as error:
        raise BadProtobuf(f"{seconds} seconds is no time that can be written") from error
    return f"{moment.isoformat(timespec=timespec)}Z"


def _quantity(sent: Sent) -> str:
    text: str = sent.get("string", "0")
    return text


def _int_or_string(sent: Sent) -> int | str:
    match sent.get("type", 0):
        case 0:
            number: int = sent.get("intVal", 0)
            return number
        case 1:
            text: str = sent.get("strVal", "")
            return text
        case other:
            raise BadProtobuf(f"{other} is no type of an IntOrString")


def raw_json(data: memoryview) -> Any:
    """What raw JSON says; nothing at all is null. Raises `BadProtobuf`."""
    if not data:
        return None
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadProtobuf(f"raw JSON: {error}") from error


def _schema_or_bool(sent: Sent) -> Any:
    schema = sent.get("schema")
    return sent.get("allows", False) if schema is None else schema


def _schema_or_array(sent: Sent) -> Any:
    return sent.get("jSONSchemas") or sent.get("schema")


def _schema_or_strings(sent: Sent) -> Any:
    return sent.get("property") or sent.get("schema")


WELL_KNOWN: dict[str, Callable[[Sent], Any]] = {
    "apiextensions/v1.JSONSchemaPropsOrArray": _schema_or_array,
    "apiextensions/v1.JSONSchemaPropsOrBool": _schema_or_bool,
    "apiextensions/v1.JSONSchemaPropsOrStringArray": _schema_or_strings,
    "intstr.IntOrString": _int_or_string,
    "meta/v1.MicroTime": _micro_time,
    "meta/v1.Time": _time,
    "resource.Quantity": _quantity,
}

RAW = frozenset({"apiextensions/v1.JSON", "meta/v1.FieldsV1", "runtime.RawExtension"})
"""Messages with one field, whose bytes are JSON."""
