"""The tables of custom resources: the columns that a CRD asks for.

Sources: ``additionalPrinterColumns`` in the Kubernetes page "Extend the Kubernetes API with
CustomResourceDefinitions", and the table convertor of k8s.io/apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.patches.go_values import go

from .jsonpath import JSONPath, read_path
from .table import NAME, Cell, Column, Object, Table, name_of
from .times import UNKNOWN, translate_timestamp

ABOUT = "Custom resource definition column (in JSONPath format): "

AGE = Column("Age", "date", field="meta.v1.ObjectMeta.creationTimestamp")
"""What a version has that asks for no column."""


def from_printer_columns(columns: Sequence[Mapping[str, Any]] | None) -> Table:
    """The table of a version of a CRD.

    Args:
        columns: its ``additionalPrinterColumns``: ``name``, ``type``, ``jsonPath``, and perhaps
            ``format``, ``description`` and ``priority``. None or empty: the age.

    Raises:
        BadPath: a ``jsonPath`` cannot be understood.
    """
    if not columns:
        path = read_path(".metadata.creationTimestamp")
        return Table(
            (NAME, AGE), lambda object, now: [name_of(object), _cell("date", path, object, now)]
        )
    shown = tuple(map(_column, columns))
    paths = [(each.get("type") or "", read_path(each["jsonPath"])) for each in columns]

    def row(object: Object, now: datetime) -> list[Cell]:
        return [name_of(object), *(_cell(type_, path, object, now) for type_, path in paths)]

    return Table((NAME, *shown), row)


def _column(asked: Mapping[str, Any]) -> Column:
    return Column(
        asked["name"],
        asked.get("type") or "",
        asked.get("format") or "",
        asked.get("description") or f"{ABOUT}{asked['jsonPath']}",
        priority=asked.get("priority") or 0,
    )


def _cell(type_: str, path: JSONPath, object: Object, now: datetime) -> Cell:
    value = path.first(object)
    if value is None:
        return None
    if type_ == "date":
        return _date(value, now)
    return _CELLS[type_](value) if type_ in _CELLS else None


def _string(value: Any) -> str:
    match value:
        case str():
            return value
        case dict() | list():
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        case bool():
            return str(value).lower()
        case float():
            return go(value)
    return str(value)


def _integer(value: Any) -> int | None:
    return int(value) if _is_number(value) else None


def _number(value: Any) -> float | None:
    return float(value) if _is_number(value) else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _date(value: Any, now: datetime) -> str | None:
    if not isinstance(value, str):
        return None
    return UNKNOWN if value in ("", "null") else translate_timestamp(value, now)


def _is_number(value: Any) -> bool:
    # In Python True is a number, in JSON it is not.
    return isinstance(value, int | float) and not isinstance(value, bool)


_CELLS: dict[str, Callable[[Any], Cell]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
