"""From client-side to server-side apply: what kubectl wrote down of its last configuration.

`kubectl apply` without `--server-side` keeps its configuration in an annotation. The manager
`kubectl` may take what stands there unchanged without a conflict, whoever is said to manage it.
It knows nothing about force. Source: apimachinery's `util/managedfields/internal/lastapplied*.go`.
"""

from __future__ import annotations

from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.patches.comparing import applied_fields, compare
from labkit.cluster.embedded.apiserver.patches.errors import Conflicts
from labkit.cluster.embedded.apiserver.patches.fieldsets import FieldSet, difference, paths
from labkit.cluster.embedded.apiserver.patches.shape import Object, Shape

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

LARGEST = 256 * 1024
"""Bytes that all annotations may have; a configuration that is longer is not written down."""


def allowed_by_last_applied(type: Shape | None, live: Object, conflicts: Conflicts) -> None:
    """Raises the conflicts that the annotation does not excuse."""
    excused = set(paths(_still_as_applied(type, live)))
    left = [conflict for conflict in conflicts.found if conflict.path not in excused]
    if left:
        raise Conflicts(left)


def _annotation(object: Object) -> Any:
    return ((object.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)


def _still_as_applied(type: Shape | None, live: Object) -> FieldSet:
    """The fields of the last configuration that the live object still has as they were applied."""
    try:
        last = orjson.loads(_annotation(live) or "")
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(last, dict):
        return {}
    found = compare(type, last, live)
    return difference(difference(applied_fields(type, last), found.changed), found.removed)


def with_last_applied(live: Object, after: Object, applied: Object) -> Object:
    """The object with its annotation brought up to date, where it had one."""
    if _annotation(live) is None or _annotation(after) is None:
        return after
    text = orjson.dumps(_to_write_down(applied), option=orjson.OPT_SORT_KEYS).decode() + "\n"
    metadata = dict(after["metadata"])
    metadata["annotations"] = dict(metadata["annotations"])
    metadata["annotations"][LAST_APPLIED] = text if len(text) <= LARGEST else ""
    return {**after, "metadata": metadata}


def _to_write_down(applied: Object) -> Object:
    metadata = dict(applied.get("metadata") or {})
    if metadata.get("annotations"):
        metadata["annotations"] = dict(metadata["annotations"])
        metadata["annotations"].pop(LAST_APPLIED, None)
    return {**applied, "metadata": metadata}
