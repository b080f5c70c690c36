"""Times and durations: read from what an object says, and as the evaluator has them.

Within maps and lists the evaluator takes them as messages of protobuf alone. Source: kube-openapi's
`pkg/validation/strfmt`.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

UNITS_S = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400,
    "w": 604800,
}  # fmt: skip
PART = re.compile(r"(\d+(?:\.\d*)?)\s*(ns|us|µs|ms|s|m|h|d|w)\s*")


def as_message(value: Any) -> Any:
    """A time or a duration as a message; anything else as it is."""
    if isinstance(value, datetime.datetime):
        message = Timestamp()
        message.FromDatetime(value)
        return message
    if isinstance(value, datetime.timedelta):
        length = Duration()
        length.FromTimedelta(value)
        return length
    return value


def read_time(text: str) -> Any:
    """A time, from a date or a date with a time; the text itself if it is none."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return as_message(found if found.tzinfo else found.replace(tzinfo=datetime.UTC))


def read_duration(text: str) -> Any:
    """A duration such as `1h30m` or `3 d`; the text itself if it is none."""
    sign, parts = (-1, text[1:]) if text.startswith("-") else (1, text.lstrip("+"))
    if parts == "0":
        return Duration()
    found = PART.findall(parts)
    if not found or PART.sub("", parts).strip():
        return text
    seconds = sum(float(amount) * UNITS_S[unit] for amount, unit in found)
    return as_message(datetime.timedelta(seconds=sign * seconds))
