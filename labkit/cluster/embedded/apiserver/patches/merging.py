"""An applied configuration merged into the live object, and what is pruned from it.

Merged by the schema: maps by key, lists by their elements' names; what is atomic is replaced. It
knows nothing about managers, only about sets of fields. Sources: structured-merge-diff's
`typed/merge.go`, `typed/remove.go` and `merge/update.go` (v6).
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.patches.elements import Elements, by_name, names_of
from labkit.cluster.embedded.apiserver.patches.fieldsets import FieldSet, has_itself
from labkit.cluster.embedded.apiserver.patches.shape import (
    Object,
    Shape,
    has_owned_parts,
    holds_null,
    is_named,
    of_field,
)

END = ""
"""No element has this name: it stands for the end of a list."""


def merged(type: Shape | None, live: Any, applied: Any) -> Any:
    """The live value with what is applied; parts that are only in one of them are shared."""
    if not (has_owned_parts(type, live) and has_owned_parts(type, applied)):
        return applied
    if isinstance(applied, dict):
        return _merged_fields(type, live, applied)
    if type is None or not applied:
        return live
    return _merged_elements(type, live, applied)


def _merged_fields(type: Shape | None, live: Object, applied: Object) -> Object:
    result = dict(live)
    for name, value in applied.items():
        was = live.get(name)
        if value is None:
            # Of a map or list that has parts, null says nothing of them.
            if was and has_owned_parts(of_field(type, name), was):
                continue
            result.pop(name, None)
            if holds_null(type):
                result[name] = None
        elif was is None:
            result[name] = value
        else:
            result[name] = merged(of_field(type, name), was, value)
    return result


def _merged_elements(type: Shape, live: list[Any], applied: list[Any]) -> list[Any]:
    """Both lists' elements: those of both stand as applied, the live list's others stay put."""
    before, twice = by_name(type, live)
    after, _ = by_name(type, applied)
    if twice:
        return _merged_with_doubles(type, live, after)
    old, new = list(before), list(after)
    result: list[Any] = []
    for shared in [*(name for name in new if name in before), END]:
        _take_others(old, shared, after, before, result)
        _take_others(new, shared, before, after, result)
        if shared:
            result.append(merged(type.element, before[shared], after[shared]))
    return result


def _take_others(
    names: list[str], until: str, shared: Elements, elements: Elements, result: list[Any]
) -> None:
    """Moves elements that only one list has, up to the named one, which goes as well."""
    while names:
        name = names.pop(0)
        if name == until:
            return
        if name not in shared:
            result.append(elements[name])


def _merged_with_doubles(type: Shape, live: list[Any], after: Elements) -> list[Any]:
    """The same where elements of the live list have the same name: an applied one replaces all."""
    seen: set[str] = set()
    result = []
    for name, element in zip(names_of(type, live), live, strict=True):
        if name not in after:
            result.append(element)
        elif name not in seen:
            result.append(merged(type.element, element, after[name]))
        seen.add(name)
    return result + [element for name, element in after.items() if name not in seen]


def pruned(type: Shape | None, value: Any, last: FieldSet, owned: FieldSet) -> Any:
    """The value without the fields of `last` that are not in `owned`, and all that is below them.

    A field that the schema names goes, too, when it held nothing but such fields; in a custom
    resource it is null then.
    """
    if not last or not has_owned_parts(type, value):
        return value
    if isinstance(value, dict):
        return _pruned_fields(type, value, last, owned)
    return _pruned_elements(type, value, last, owned) if type is not None else value


def _pruned_fields(type: Shape | None, value: Object, last: FieldSet, owned: FieldSet) -> Object:
    result = {}
    for name, part in value.items():
        before, now = last.get("f:" + name), owned.get("f:" + name)
        if before is None:
            result[name] = part
        elif not _goes(before, now, is_named(type, name)):
            left = pruned(of_field(type, name), part, before, now or {})
            if left or left == part:
                result[name] = left
            elif holds_null(type):  # it stays, without a value: the schema has a say in that
                result[name] = None
    return result


def _pruned_elements(type: Shape, value: list[Any], last: FieldSet, owned: FieldSet) -> list[Any]:
    result = []
    for name, element in zip(names_of(type, value), value, strict=True):
        before, now = last.get(name), owned.get(name)
        if before is None:
            result.append(element)
        elif not _goes(before, now, False):
            result.append(pruned(type.element, element, before, now or {}))
    return result


def _goes(before: FieldSet, now: FieldSet | None, is_named: bool) -> bool:
    """Whether a field that was applied last time is nobody's any more."""
    if is_named:
        return now is None
    return has_itself(before) and (now is None or not has_itself(now))
