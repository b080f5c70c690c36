"""Labels, annotations and label selectors: what they may be, and what a selector matches.

Sources: apimachinery `pkg/apis/meta/v1/validation`, `pkg/api/validation/objectmeta.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import faults as f
from .names import label_value, qualified_name
from .rules import Faults, items, parts

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all keys and values together."""


def labels(value: Any, path: str, faults: Faults) -> None:
    """A map of labels. Every fault is at the map, as the API server has it."""
    for name, text in (value or {}).items():
        if wrong := qualified_name(name):
            faults += [f.invalid(path, name, message) for message in wrong]
        if wrong := label_value(text or ""):
            faults += [f.invalid(path, text, message) for message in wrong]


def annotation_map(value: Any, path: str, faults: Faults) -> None:
    """A map of annotations: keys in any case, values of any kind, a bound for all of them."""
    if not value:
        return
    for name in value:
        faults += [f.invalid(path, name, message) for message in qualified_name(name.lower())]
    size = sum(len(name.encode()) + len((text or "").encode()) for name, text in value.items())
    if size > ANNOTATIONS_LIMIT:
        faults.append(f.too_long(path, ANNOTATIONS_LIMIT))


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def label_selector(value: Any, path: str, faults: Faults) -> None:
    """A LabelSelector."""
    if not value:
        return
    labels(value.get("matchLabels"), f"{path}.matchLabels", faults)
    for requirement, own_path in items(value, "matchExpressions", path):
        _requirement(requirement, own_path, faults)


def _requirement(value: Any, path: str, faults: Faults) -> None:
    operator, given = value.get("operator") or "", value.get("values") or []
    if operator in ("In", "NotIn"):
        if not given:
            message = "must be specified when `operator` is 'In' or 'NotIn'"
            faults.append(f.required(f"{path}.values", message))
    elif operator in _OPERATORS:
        if given:
            message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            faults.append(f.forbidden(f"{path}.values", message))
    else:
        faults.append(f.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    name = value.get("key") or ""
    faults += [f.invalid(f"{path}.key", name, message) for message in qualified_name(name)]
    for index, text in enumerate(given):
        wrong = label_value(text or "")
        faults += [f.invalid(f"{path}.values[{index}]", text, message) for message in wrong]


def is_selector_empty(selector: Mapping[str, Any] | None) -> bool:
    """Selects everything (or, where null, nothing)."""
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


def matches(selector: Mapping[str, Any], labels: Mapping[str, str] | None) -> bool:
    """Whether a LabelSelector that keeps the rules matches these labels."""
    labels = labels or {}
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(name) == text for name, text in wanted.items()) and all(
        _meets(requirement, labels) for requirement in parts(selector, "matchExpressions")
    )


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    name, given = requirement.get("key") or "", requirement.get("values") or ()
    match requirement.get("operator"):
        case "In":
            return name in labels and labels[name] in given
        case "NotIn":
            return name not in labels or labels[name] not in given
        case "Exists":
            return name in labels
        case "DoesNotExist":
            return name not in labels
    return False
