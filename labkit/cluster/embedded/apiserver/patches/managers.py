"""`metadata.managedFields`: who manages which fields, after each write.

`managed_fields` is called for every write, so it must be fast: sets stay as they are stored, and
entries of managers whom a write does not touch are passed on, shared. It knows nothing about what
objects mean. Sources: structured-merge-diff's `merge/update.go` (v6), apimachinery's
`util/managedfields/internal` (v1.35).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.patches.comparing import Comparison, compare
from labkit.cluster.embedded.apiserver.patches.fieldsets import (
    FieldSet,
    difference,
    union,
)
from labkit.cluster.embedded.apiserver.patches.shape import Object, Shape
from labkit.cluster.embedded.apiserver.patches.zero import zero_of

Entry = dict[str, Any]

MOST_UPDATERS = 10
"""Beyond this, the oldest entries of operation Update become one, as in apimachinery."""

ANCIENT = "ancient-changes"

_NOBODYS = ("f:apiVersion", "f:kind")
_NOBODYS_METADATA = (
    ".", "f:name", "f:namespace", "f:creationTimestamp", "f:selfLink", "f:uid", "f:clusterName",
    "f:generation", "f:managedFields", "f:resourceVersion",
)  # fmt: skip


def managed_fields(
    type: Shape | None,
    before: Object | None,
    after: Object,
    manager: str,
    *,
    operation: str = "Update",
    api_version: str,
    subresource: str = "",
    now: str,
    not_settable: Collection[str] = (),
) -> list[Entry]:
    """The managedFields of an object that is about to be written, a list for its metadata.

    `before` is the stored object, None for a create; `after` the one to store, with defaults, but
    without what admission will change. Entries in `after` count if there are any, so clients may
    change them; `[{}]` clears them. `not_settable` names fields at the top that this request cannot
    set, as in `apply`. An empty list means that the object should show no managedFields.
    Entries that stay as they are are those of `before`, maybe frozen.
    """
    entries = _entries_of(before, after, subresource)
    if not entries and before is not None:
        # Who cleared them wants none; they come back with the next apply.
        return entries
    found = changes(type, before, after, not_settable)
    if not found.changed and not found.removed:
        return entries
    who = Who(manager, operation, api_version, subresource)
    own = new_entry(who, {}, now)
    return in_order(capped(after_update(entries, own, found)))


def _entries_of(before: Object | None, after: Object, subresource: str) -> list[Entry]:
    """The entries to go on from: those that came with the object, or those that are stored."""
    stored = readable(before)
    if subresource:
        return stored
    given = (after.get("metadata") or {}).get("managedFields")
    if isinstance(given, list) and len(given) == 1 and not given[0]:
        return []
    return readable(after) or stored


def readable(object: Object | None) -> list[Entry]:
    """The entries of an object: none if any of them is not as it should be."""
    entries = ((object or {}).get("metadata") or {}).get("managedFields") or []
    for entry in entries:
        if (
            not isinstance(entry, dict)
            or entry.get("fieldsType") != "FieldsV1"
            or entry.get("operation") not in ("Apply", "Update")
            or not isinstance(entry.get("fieldsV1", {}), dict)
        ):
            return []
    return [entry for entry in entries if entry.get("fieldsV1")]


def changes(
    type: Shape | None, before: Object | None, after: Object, not_settable: Collection[str] = ()
) -> Comparison:
    """What a write adds or changes, and what it removes, save for what nobody manages."""
    old = _without_entries(before) if before else {}
    changed, removed = compare(type, old, _without_entries(after), zero_of(type))
    without_nobodys(changed)
    for name in not_settable:
        changed.pop("f:" + name, None)
        removed.pop("f:" + name, None)
    return Comparison(changed, removed)


def _without_entries(object: Object) -> Object:
    """The object without its managedFields, which are long, and none of what is compared."""
    metadata = object.get("metadata")
    if not metadata or "managedFields" not in metadata:
        return object
    return {**object, "metadata": {n: v for n, v in metadata.items() if n != "managedFields"}}


def without_nobodys(fields: FieldSet) -> FieldSet:
    """Takes what no manager owns out of a set that was just made: names, uid, and the like."""
    for name in _NOBODYS:
        fields.pop(name, None)
    metadata = fields.get("f:metadata")
    if metadata is not None:
        kept = {name: part for name, part in metadata.items() if name not in _NOBODYS_METADATA}
        if kept:
            fields["f:metadata"] = kept
        else:
            del fields["f:metadata"]
    return fields


class Who(NamedTuple):
    """What tells entries of managedFields apart."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""


def new_entry(who: Who, fields: FieldSet, now: str) -> Entry:
    """An entry of managedFields, its parts in the API's order."""
    entry: Entry = {
        "manager": who.manager,
        "operation": who.operation,
        "apiVersion": who.api_version,
        "time": now,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    if who.subresource:
        entry["subresource"] = who.subresource
    return entry


def is_same_manager(one: Entry, other: Entry) -> bool:
    """Whether two entries are one: an applier has one for all versions, others one for each."""
    return (
        one.get("manager") == other.get("manager")
        and one.get("operation") == other.get("operation")
        and one.get("subresource", "") == other.get("subresource", "")
        and (one.get("operation") == "Apply" or one.get("apiVersion") == other.get("apiVersion"))
    )


def with_fields(entry: Entry, fields: FieldSet) -> Entry:
    """The entry with another set; itself if it is the same set."""
    return entry if fields is entry.get("fieldsV1") else {**entry, "fieldsV1": fields}


def after_update(entries: Iterable[Entry], own: Entry, found: Comparison) -> list[Entry]:
    """All entries after the manager of `own` has changed fields: nobody else has those any more."""
    changed, removed = found
    result, rest = [], changed
    for entry in entries:
        fields = difference(entry["fieldsV1"], removed)
        if is_same_manager(entry, own):
            rest = union(fields, changed)
            # Who sets something is seen doing so at that time; who only removes is not.
            own = {**entry, "time": own["time"] if changed else entry.get("time")}
            continue
        fields = difference(fields, changed)
        if fields:
            result.append(with_fields(entry, fields))
    if rest:
        result.append(with_fields(own, rest))
    return result


def in_order(entries: list[Entry]) -> list[Entry]:
    """Entries as the API lists them: appliers first, then by time."""
    return sorted(entries, key=_place)


def _place(entry: Entry) -> tuple[str, str, str, str, str]:
    get = entry.get
    return (
        get("operation") or "",
        get("time") or "",
        get("manager") or "",
        get("apiVersion") or "",
        get("subresource") or "",
    )


def capped(entries: list[Entry]) -> list[Entry]:
    """The entries, the oldest updaters joined per version where there are too many of them."""
    updaters = [entry for entry in entries if entry.get("operation") == "Update"]
    if len(updaters) <= MOST_UPDATERS:
        return entries
    kept = [entry for entry in entries if entry.get("operation") != "Update"]
    oldest: dict[Any, Entry] = {}
    surplus = len(updaters) - MOST_UPDATERS
    for entry in in_order(updaters):
        version = entry.get("apiVersion")
        if surplus > 0 and version in oldest:
            fields = union(oldest[version]["fieldsV1"], entry["fieldsV1"])
            time = entry.get("time") or ""
            oldest[version] = new_entry(Who(ANCIENT, "Update", version or ""), fields, time)
            surplus -= 1
        elif surplus > 0:
            oldest[version] = entry
        else:
            kept.append(entry)
    return kept + list(oldest.values())
