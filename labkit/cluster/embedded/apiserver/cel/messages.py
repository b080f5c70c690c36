"""The text of a `messageExpression`, if it has one that can be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.cel.language import Expression, Failed

LONGEST_BYTES = 5 * 1024


def message_of(expression: Expression | None, variables: Mapping[str, Any]) -> str:
    """What it says; empty where it fails or has nothing that can be shown."""
    if expression is None:
        return ""
    try:
        return shown_message(expression.evaluate(variables))
    except Failed:
        return ""


def shown_message(value: Any) -> str:
    """A value as a message; empty for no text, too much of it, or several lines."""
    text = value.strip() if isinstance(value, str) else ""
    return "" if "\n" in text or len(text.encode()) > LONGEST_BYTES else text
