"""Which fields a write adds, changes and removes; and which a configuration has.

Sets of fields as `fieldsets.py` has them. It knows nothing about managers. Null counts as absent,
save in custom resources, which keep it.
Source: structured-merge-diff's `typed/compare.go` and `typed/tofieldset.go` (v6).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.patches.elements import by_name
from labkit.cluster.embedded.apiserver.patches.fieldsets import FieldSet, below
from labkit.cluster.embedded.apiserver.patches.shape import (
    Object,
    Shape,
    has_owned_parts,
    holds_null,
    is_named,
    of_field,
    parts_of,
)
from labkit.cluster.embedded.apiserver.patches.zero import NOTHING, Zero

Parts = tuple[FieldSet | None, FieldSet | None]
"""What is changed and what is removed of one value, as nodes of sets; None for nothing."""


class Comparison(NamedTuple):
    """What is there now and was not, or was otherwise; and what was there and is not any more."""

    changed: FieldSet
    removed: FieldSet


def compare(type: Shape | None, old: Object, new: Object, zero: Zero = NOTHING) -> Comparison:
    """Two states of an object. `zero` is what both have, even where they do not show it."""
    found = Comparison({}, {})
    _compare_fields(type, old, new, zero, found)
    return found


def _compare_fields(
    type: Shape | None, old: Object, new: Object, zero: Zero, found: Comparison
) -> None:
    get = old.get
    seen = 0
    counts_null = holds_null(type)
    for name in sorted(new):
        value = new[name]
        if value is None and not counts_null:
            continue
        was = get(name)
        if was is not None or (counts_null and name in old):
            seen += 1
            if was is value or was == value:
                continue
        elif name not in zero:
            found.changed["f:" + name] = _all_of(of_field(type, name), value)
            continue
        _compare_values(type, name, (was, value), zero, found)
    if seen < len(old):
        _compare_gone(type, old, new, zero, found)


def _compare_gone(
    type: Shape | None, old: Object, new: Object, zero: Zero, found: Comparison
) -> None:
    counts_null = holds_null(type)
    for name, was in old.items():
        if (name in new) if counts_null else (was is None or new.get(name) is not None):
            continue
        if name in zero:
            _compare_values(type, name, (was, None), zero, found)
        else:
            found.removed["f:" + name] = _all_of(of_field(type, name), was)


def _compare_values(
    type: Shape | None, name: str, values: tuple[Any, Any], zero: Zero, found: Comparison
) -> None:
    """Two different values of one field; None where only `zero` has it."""
    old, new = values
    if old is None:
        old = [] if isinstance(new, list) else {}
    if new is None:
        new = [] if isinstance(old, list) else {}
    if old != new:
        parts = _compare(of_field(type, name), old, new, zero.get(name, NOTHING))
        _note("f:" + name, parts, found)


def _note(name: str, parts: Parts, found: Comparison) -> None:
    """Puts what was found of a named value where it belongs."""
    changed, removed = parts
    if changed is not None:
        found.changed[name] = changed
    if removed is not None:
        found.removed[name] = removed


def _compare(type: Shape | None, old: Any, new: Any, zero: Zero) -> Parts:
    """Two different values."""
    if not (has_owned_parts(type, old) and has_owned_parts(type, new)):
        # Where one has parts and the other has none, its parts come or go with it.
        return _all_of(type, new), below(_all_of(type, old)) or None
    found = Comparison({}, {})
    if isinstance(new, dict):
        _compare_fields(type, old, new, zero, found)
    elif type is not None:
        _compare_elements(type, old, new, found)
    return found.changed or None, found.removed or None


def _compare_elements(type: Shape, old: list[Any], new: list[Any], found: Comparison) -> None:
    before, twice_before = by_name(type, old)
    after, twice = by_name(type, new)
    for name in sorted(after):
        value = after[name]
        was = before.get(name)
        if name in twice or name in twice_before:
            if was != value:
                found.changed[name] = {}
        elif name not in before:
            found.changed[name] = _all_of(type.element, value)
        elif was is not value and was != value:
            _note(name, _compare(type.element, was, value, NOTHING), found)
    for name in before.keys() - after.keys():
        is_one = name not in twice_before
        found.removed[name] = _all_of(type.element, before[name]) if is_one else {}


def _all_of(type: Shape | None, value: Any) -> FieldSet:
    """Every path of a value, its own among them."""
    if not value or not has_owned_parts(type, value):
        return {}
    fields: FieldSet = {".": {}}
    if isinstance(value, dict):
        _add_fields(type, value, fields)
    elif type is not None:
        found, twice = by_name(type, value)
        element = type.element
        for name in sorted(found):
            fields[name] = {} if name in twice else _all_of(element, found[name])
    return fields


def _add_fields(type: Shape | None, value: Object, fields: FieldSet) -> None:
    known, other = parts_of(type)
    for name in sorted(value):
        part = value[name]
        # Most are scalars: this is quicker than to ask their types.
        if part.__class__ is str or part.__class__ is int:
            fields["f:" + name] = {}
        elif part is not None or holds_null(type):
            fields["f:" + name] = _all_of(known.get(name, other), part)


def applied_fields(type: Shape | None, value: Any) -> FieldSet:
    """The fields that a configuration says something of: what its applier manages.

    Unlike what a write adds, fields that only hold others are not among them, but keys of maps and
    elements of lists are.
    """
    fields: FieldSet = {}
    if isinstance(value, dict):
        for name, part in sorted(value.items()):
            found = _applied(of_field(type, name), part, not is_named(type, name))
            if found is not None:
                fields["f:" + name] = found
    elif type is not None:
        elements, twice = by_name(type, value)
        for name, part in sorted(elements.items()):
            found = {} if name in twice else _applied(type.element, part, True)
            fields[name] = {} if found is None else found
    return fields


def _applied(type: Shape | None, value: Any, is_member: bool) -> FieldSet | None:
    if value is None or value == {} or not has_owned_parts(type, value):
        return {}
    below = applied_fields(type, value)
    if not is_member:
        return below or None
    return {".": {}, **below} if below else {}
