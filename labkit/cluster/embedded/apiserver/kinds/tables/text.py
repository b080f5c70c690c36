"""What the cells of many kinds have in common: labels, selectors, lists cut short, conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...selectors import BadSelector, from_label_selector
from .table import WIDE, Column, Object

NONE = "<none>"
UNSET = "<unset>"

SHOWN = 3
"""How many of a list are shown before it is cut short."""

CONTAINERS = Column(
    "Containers", description="The names of the template's containers.", priority=WIDE
)
IMAGES = Column("Images", description="The images of the template's containers.", priority=WIDE)


def selector_column(field: str) -> Column:
    """The wide column of a workload's selector."""
    return Column("Selector", field=field, priority=WIDE)


def spec_and_status(object: Object) -> tuple[Object, Object]:
    """Both parts of an object, empty where it has none."""
    return object.get("spec") or {}, object.get("status") or {}


def format_labels(labels: Mapping[str, str] | None) -> str:
    """``a=1,b=2`` by key, or ``<none>``."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def format_label_selector(selector: Mapping[str, Any] | None) -> str:
    """A ``metav1.LabelSelector`` in one line; ``<none>`` if empty, ``<error>`` if it is none."""
    try:
        return str(from_label_selector(selector)) or NONE
    except BadSelector:
        return "<error>"


def containers_of(template: Mapping[str, Any] | None) -> Sequence[Object]:
    """The containers of a pod template."""
    containers: Sequence[Object] = ((template or {}).get("spec") or {}).get("containers") or ()
    return containers


def names_and_images(template: Mapping[str, Any] | None) -> list[str]:
    """Two cells: the names and the images of a template's containers."""
    containers = containers_of(template)
    return [",".join(each.get(part) or "" for each in containers) for part in ("name", "image")]


def first_of(listed: Sequence[str]) -> str:
    """The first of a list: ``a,b,c + 2 more...``; "" if there is nothing."""
    more = len(listed) - SHOWN
    shown = ",".join(listed[:SHOWN])
    return f"{shown} + {more} more..." if more > 0 else shown


def condition(conditions: Iterable[Object] | None, type_: str) -> Object | None:
    """The condition of a type, or None."""
    return next((each for each in conditions or () if each.get("type") == type_), None)


def is_true(conditions: Iterable[Object] | None, type_: str) -> bool:
    """Whether a condition is there, and true."""
    return (condition(conditions, type_) or {}).get("status") == "True"


def is_going(object: Object) -> bool:
    """Whether an object is being deleted."""
    return bool((object.get("metadata") or {}).get("deletionTimestamp"))
