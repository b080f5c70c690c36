"""What a list or a watch is narrowed by: label selectors and field selectors.

::

    parse_labels("app=web,tier in (a,b),!canary") -> LabelSelector
    parse_fields("status.phase!=Running")         -> FieldSelector
    from_label_selector({"matchLabels": {…}})     -> LabelSelector, of a metav1.LabelSelector
    from_labels({"app": "web"})                   -> LabelSelector, of a Service

Both have ``.matches(…)``, ``.equalities`` for an index, and a ``str()`` that parses back. Which
fields a resource has is not known here: see ``kinds/selectable.py``.
"""

from __future__ import annotations

from .errors import BadSelector
from .fields import FieldRequirement, FieldSelector, parse_fields
from .labels import LabelSelector, Requirement, from_label_selector, from_labels
from .parser import parse_labels

__all__ = [
    "BadSelector",
    "FieldRequirement",
    "FieldSelector",
    "LabelSelector",
    "Requirement",
    "from_label_selector",
    "from_labels",
    "parse_fields",
    "parse_labels",
]
