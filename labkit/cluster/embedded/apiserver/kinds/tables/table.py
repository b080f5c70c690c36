"""What a table is: columns, and a function that makes a row of an object.

A kind's table is a value; nothing here knows a kind. `to_table` makes the ``meta.k8s.io`` Table
that clients ask for with ``Accept: application/json;as=Table``. Sources: the Kubernetes page "API
concepts" (Receiving resources as tables), ``k8s.io/apimachinery`` ``meta/v1``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from .times import LONG_AGO, translate_timestamp

Object = Mapping[str, Any]
Cell = str | int | float | bool | None
Row = Callable[[Object, datetime], list[Cell]]
Describe = Callable[[str, str], str]
Include = Literal["Metadata", "Object", "None"]

WIDE = 1
"""The priority of a column that `kubectl get` shows with `-o wide` only."""

API = "io.k8s.api."
META = "io.k8s.apimachinery.pkg.apis."


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Args:
        name: as on the wire, ``"Up-to-date"``. `kubectl` shows it in capitals.
        type: an OpenAPI type, or ``"date"``.
        format: ``"name"`` for the object's name.
        description: in words, where no field of the API has them.
        field: the field that it shows, ``"core.v1.PodStatus.podIP"``: its published description is
            the column's too, and is looked up when somebody asks.
        priority: 0, or `WIDE`.
    """

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    field: str = ""
    priority: int = 0

    @property
    def definition(self) -> tuple[str, str]:
        """The published definition and the field in it that describe the column, or two ""."""
        kind, _, name = self.field.rpartition(".")
        return f"{META if kind.startswith('meta.') else API}{kind}" if kind else "", name

    def to_dict(self, describe: Describe | None = None) -> dict[str, Any]:
        """The ``TableColumnDefinition``."""
        text = self.description
        if describe and self.field:
            text = describe(*self.definition)
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": text,
            "priority": self.priority,
        }


def _no_conditions(_: Object) -> list[dict[str, str]]:
    return []


@dataclass(frozen=True, slots=True)
class Table:
    """How the objects of a kind are printed.

    Args:
        columns: in their order.
        row: the cells of an object, one for each column. Bears objects with metadata alone, such
            as a bookmark.
        conditions: what a row says of its object, such as that it is completed.
        order: in which order a list is printed; None keeps the list's.
    """

    columns: tuple[Column, ...]
    row: Row
    conditions: Callable[[Object], list[dict[str, str]]] = _no_conditions
    order: Callable[[Object], Any] | None = None


NAME = Column("Name", format="name", field="meta.v1.ObjectMeta.name")
AGE = Column("Age", field="meta.v1.ObjectMeta.creationTimestamp")


def name_of(object: Object) -> str:
    """The name of an object, "" if it has none."""
    name: str = (object.get("metadata") or {}).get("name", "")
    return name


def age_of(object: Object, now: datetime) -> str:
    """How long ago an object was created, for people."""
    return translate_timestamp((object.get("metadata") or {}).get("creationTimestamp"), now)


def _default_row(object: Object, _: datetime) -> list[Cell]:
    created = (object.get("metadata") or {}).get("creationTimestamp")
    return [name_of(object), created or LONG_AGO]


DEFAULT = Table(
    (NAME, Column("Created At", "date", field="meta.v1.ObjectMeta.creationTimestamp")),
    _default_row,
)
"""What is printed of kinds that have no table of their own."""


def to_table(
    table: Table,
    objects: Iterable[Object],
    now: datetime,
    *,
    include: Include = "Metadata",
    resource_version: str = "",
    continue_: str = "",
    remaining: int | None = None,
    version: str = "v1",
    headers: bool = True,
    describe: Describe | None = None,
) -> dict[str, Any]:
    """The ``Table`` of some objects.

    Args:
        table: how they are printed.
        objects: of a list; of one object, the object alone.
        now: what ages are counted to, with its zone.
        include: what each row carries of its object (``?includeObject=``).
        resource_version: of the list, or of the one object.
        continue_: the token of a list that goes on.
        remaining: how many objects follow, if known.
        version: ``"v1"`` or ``"v1beta1"`` of ``meta.k8s.io``.
        headers: False for all but the first event of a watch.
        describe: the description of a field of a published definition; without it columns that
            show a field have none.
    """
    group_version = f"meta.k8s.io/{version}"
    listed = sorted(objects, key=table.order) if table.order else objects
    return {
        "kind": "Table",
        "apiVersion": group_version,
        "metadata": _list_meta(resource_version, continue_, remaining),
        "columnDefinitions": [each.to_dict(describe) for each in table.columns]
        if headers
        else None,
        "rows": [_to_row(table, each, now, include, group_version) for each in listed],
    }


def _list_meta(resource_version: str, continue_: str, remaining: int | None) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if resource_version:
        meta["resourceVersion"] = resource_version
    if continue_:
        meta["continue"] = continue_
    if remaining:
        meta["remainingItemCount"] = remaining
    return meta


def _to_row(
    table: Table, object: Object, now: datetime, include: Include, group_version: str
) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": table.row(object, now)}
    if conditions := table.conditions(object):
        row["conditions"] = conditions
    row["object"] = None
    if include == "Object":
        row["object"] = object
    elif include == "Metadata":
        row["object"] = {
            "kind": "PartialObjectMetadata",
            "apiVersion": group_version,
            "metadata": object.get("metadata") or {},
        }
    return row
