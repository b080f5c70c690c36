"""Server-side apply: a configuration, the live object, and who manages what.

It knows sets of fields and entries of managedFields, but nothing about requests; defaults come
later. Sources: structured-merge-diff's `merge/update.go` (v6), apimachinery's
`util/managedfields/internal` (v1.35), kubernetes.io "Server-Side Apply".
"""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from typing import Any

from labkit.cluster.embedded.apiserver.patches.checking import check_applied
from labkit.cluster.embedded.apiserver.patches.comparing import Comparison, applied_fields, compare
from labkit.cluster.embedded.apiserver.patches.errors import Conflict, Conflicts
from labkit.cluster.embedded.apiserver.patches.fieldsets import (
    FieldSet,
    difference,
    intersection,
    paths,
    union,
)
from labkit.cluster.embedded.apiserver.patches.last_applied import (
    allowed_by_last_applied,
    with_last_applied,
)
from labkit.cluster.embedded.apiserver.patches.managers import (
    Entry,
    Who,
    capped,
    changes,
    in_order,
    is_same_manager,
    new_entry,
    readable,
    with_fields,
    without_nobodys,
)
from labkit.cluster.embedded.apiserver.patches.merging import merged, pruned
from labkit.cluster.embedded.apiserver.patches.shape import Object, Shape
from labkit.cluster.embedded.apiserver.patches.zero import zero_of
from labkit.cluster.embedded.store.frozen import thaw

BEFORE_FIRST_APPLY = "before-first-apply"
"""Who manages what an object had when nobody had been seen managing it."""

KUBECTL = "kubectl"
"""The manager that may take over what kubectl's client-side apply has written."""


def apply(
    type: Shape | None,
    live: Object | None,
    applied: Any,
    manager: str,
    *,
    force: bool,
    api_version: str,
    subresource: str = "",
    now: str,
    not_settable: Collection[str] = (),
) -> Object:
    """The object after `manager` has applied a configuration, with its managedFields.

    `live` is None where there is none yet. `not_settable` names fields at the top that this request
    cannot set and nobody gets to manage by it: ("status",) for a kind with a status of its own,
    ("spec",) for its subresource.
    An apply that changes nothing gives an object equal to `live`.
    Raises Conflicts, unless `force`; BadPatch if the configuration cannot be applied.
    """
    check_applied(type, applied, api_version)
    config = {n: v for n, v in thaw(applied).items() if n not in not_settable}
    was = thaw(live) if live is not None else _empty(config)
    nobody = Who(BEFORE_FIRST_APPLY, "Update", api_version, subresource)
    entries = readable(was) or _before_first_apply(type, live, nobody, now)
    entries_before = was["metadata"].pop("managedFields", None) or []
    who = Who(manager, "Apply", api_version, subresource)
    own = new_entry(who, applied_fields(type, config), now)
    after = _without_abandoned(type, merged(type, was, config), entries, own)
    found = compare(type, was, after, zero_of(type))
    try:
        _refuse_conflicts(entries, own, found, force)
    except Conflicts as conflicts:
        if manager != KUBECTL:
            raise
        allowed_by_last_applied(type, was, conflicts)
    is_new = live is None or after != was
    if manager == KUBECTL:
        after = with_last_applied(was, after, applied)
    result: Object = thaw(after)
    listed = _entries_after(entries, own, found, is_new)
    listed = entries_before if listed == entries_before else in_order(capped(listed))
    if listed:
        result.setdefault("metadata", {})["managedFields"] = listed
    return result


def _empty(config: Object) -> Object:
    """What a new object is merged into."""
    return {"apiVersion": config.get("apiVersion"), "kind": config.get("kind"), "metadata": {}}


def _before_first_apply(type: Shape | None, live: Object | None, who: Who, now: str) -> list[Entry]:
    """One entry with all that a live object has; none for a new one."""
    if live is None:
        return []
    fields = changes(type, None, live).changed
    return [new_entry(who, fields, now)] if fields else []


def _without_abandoned(
    type: Shape | None, after: Object, entries: list[Entry], own: Entry
) -> Object:
    """The merged object without what was applied last time, and is nobody's now."""
    last = next((entry["fieldsV1"] for entry in entries if is_same_manager(entry, own)), None)
    if not last:
        return after
    others: list[FieldSet] = [e["fieldsV1"] for e in entries if not is_same_manager(e, own)]
    kept: Object = pruned(type, after, last, reduce(union, others, own["fieldsV1"]))
    return kept


def _refuse_conflicts(entries: list[Entry], own: Entry, found: Comparison, force: bool) -> None:
    """Raises Conflicts if others manage what changes."""
    if force:
        return
    conflicts = [
        Conflict(entry, path)
        for entry in sorted(entries, key=lambda entry: str(entry.get("manager")))
        if not is_same_manager(entry, own)
        for path in paths(intersection(entry["fieldsV1"], found.changed))
    ]
    if conflicts:
        raise Conflicts(conflicts)


def _entries_after(
    entries: list[Entry], own: Entry, found: Comparison, is_new: bool
) -> list[Entry]:
    """All entries after the apply: what it changed is its own alone, what it shares is shared."""
    fields = without_nobodys(dict(own["fieldsV1"]))
    result = []
    for entry in entries:
        if is_same_manager(entry, own):
            is_as_it_was = entry["fieldsV1"] == fields and entry["apiVersion"] == own["apiVersion"]
            if is_as_it_was and not is_new:
                own = {**own, "time": entry.get("time")}
            continue
        left = difference(difference(entry["fieldsV1"], found.removed), found.changed)
        if left:
            result.append(with_fields(entry, left))
    return [*result, {**own, "fieldsV1": fields}] if fields else result


def is_unchanged(live: Object, object: Any) -> bool:
    """Whether a write would change nothing but times in managedFields, so that it need not be."""
    return _without_times(live) == _without_times(object)


def _without_times(object: Object) -> Object:
    metadata = dict(object.get("metadata") or {})
    entries = metadata.pop("managedFields", None) or []
    timeless = [{**entry, "time": None} for entry in entries]
    return {**object, "metadata": {**metadata, "managedFields": timeless}}
