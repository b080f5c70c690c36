"""What an update changes, shown as the API server shows it of fields that must not change."""

from __future__ import annotations

import difflib
import json
from typing import Any


def difference(old: Any, new: Any) -> str:
    """What changed, as lines of JSON with - and + (there: of Go's own notation)."""
    before, after = (
        json.dumps(_cleaned(one), indent=2, sort_keys=True).splitlines() for one in (old, new)
    )
    lines = [line.rstrip() for line in difflib.unified_diff(before, after, lineterm="", n=2)]
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@"))) + "\n"


def _cleaned(value: Any) -> Any:
    """Without what says nothing, so that it makes no line."""
    if isinstance(value, dict):
        return {name: _cleaned(item) for name, item in value.items() if item not in (None, [], {})}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value
