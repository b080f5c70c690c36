"""A kind: its rules, put together from tables.

What a handler asks of a kind, in the order of a write: `set_defaults`, then `before_create` or
`before_update`, then `validate` or `validate_update`. All change or read plain dicts whose types
are right. Sources: apiserver `pkg/registry/rest`, each `strategy.go` of Kubernetes `pkg/registry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .faults import Fault
from .meta import (
    keep_system_fields,
    standard_finalizers,
    validate_meta,
    validate_meta_update,
)
from .names import Check, dns1123_subdomain
from .rules import Default, Faults, Object, Rule, UpdateRule, same

Prepare = Callable[[Object, Object], None]
"""The new object, changed in place, and the old."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is particular to a kind. Without arguments: nothing is, and it is in a namespace.

    `name` is the rule for names. `rules` are those for the whole object, whose path is "".
    `status` is what a new object starts with (None: the kind has no status of its own).
    `comes_with_status`: who makes one says its first status (a node's kubelet).
    `generation_of` are the fields of which a change raises `metadata.generation`.
    `create_rules` are for new objects alone, after the others. `rules_first`: what is wrong with
    a changed object is said before what of it must not change.
    """

    is_namespaced: bool = True
    name: Check = dns1123_subdomain
    defaults: tuple[Default, ...] = ()
    rules: tuple[Rule, ...] = ()
    create_rules: tuple[Rule, ...] = ()
    update_rules: tuple[UpdateRule, ...] = ()
    status_rules: tuple[UpdateRule, ...] = ()
    status: Mapping[str, Any] | None = None
    comes_with_status: bool = False
    generation_of: tuple[str, ...] = ()
    on_create: tuple[Default, ...] = ()
    on_update: tuple[Prepare, ...] = ()
    on_status_update: tuple[Prepare, ...] = ()
    status_keeps: tuple[str, ...] = ()
    is_builtin: bool = True
    is_revalidated: bool = True
    rules_first: bool = False

    def set_defaults(self, new: Object) -> None:
        """What is missing, as the API server fills it in. In place; twice is as once."""
        for default in self.defaults:
            default(new)

    def before_create(self, new: Object) -> None:
        """In place: the status a new object starts with, the first generation."""
        if self.status is not None and not self.comes_with_status:
            new["status"] = _copy(self.status)
        if self.generation_of:
            new["metadata"]["generation"] = 1
        for prepare in self.on_create:
            prepare(new)

    def before_update(self, new: Object, old: Object) -> None:
        """In place: the status stays as it was; the generation counts changes of what is wanted."""
        keep_system_fields(new["metadata"], old["metadata"])
        if self.status is not None:
            _take(new, old, "status")
        for prepare in self.on_update:
            prepare(new, old)
        if any(not same(new.get(name), old.get(name)) for name in self.generation_of):
            new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1

    def before_status_update(self, new: Object, old: Object) -> None:
        """In place: only the status changes, and such metadata as a client may change there."""
        keep_system_fields(new["metadata"], old["metadata"])
        for name in (new.keys() | old.keys()) - {"metadata", "status", "apiVersion", "kind"}:
            _take(new, old, name)
        for name in self.status_keeps:
            _take(new["metadata"], old["metadata"], name)
        for prepare in self.on_status_update:
            prepare(new, old)

    def validate(self, new: Object) -> list[Fault]:
        """What is wrong with an object that is made, after defaults and `before_create`."""
        faults: Faults = []
        validate_meta(new["metadata"], self.name, self.is_namespaced, faults)
        if self.is_builtin:
            standard_finalizers(new["metadata"], faults)
        for rule in (*self.rules, *self.create_rules):
            rule(new, "", faults)
        return faults

    def validate_update(self, new: Object, old: Object) -> list[Fault]:
        """What is wrong with an object that takes the place of `old`, after `before_update`."""
        faults = self._meta_update(new, old)
        wrong: Faults = []
        if self.is_revalidated and differ(new, old):
            for check in self.rules:
                check(new, "", wrong)
        if self.rules_first:
            faults += wrong
        for rule in self.update_rules:
            rule(new, old, faults)
        return faults if self.rules_first else faults + wrong

    def validate_status_update(self, new: Object, old: Object) -> list[Fault]:
        """What is wrong with a new status, after `before_status_update`."""
        faults = self._meta_update(new, old)
        for rule in self.status_rules:
            rule(new, old, faults)
        return faults

    def _meta_update(self, new: Object, old: Object) -> Faults:
        faults: Faults = []
        validate_meta_update(new["metadata"], old["metadata"], faults)
        if self.is_builtin:
            standard_finalizers(new["metadata"], faults)
        return faults


def differ(new: Object, old: Object) -> bool:
    """Whether anything but metadata and status changes: what is stored is right already."""
    names = (new.keys() | old.keys()) - {"metadata", "status"}
    return any(new.get(name) != old.get(name) for name in names)


def _take(new: Object, old: Object, name: str) -> None:
    if old.get(name) is None:
        new.pop(name, None)
    else:
        new[name] = old[name]


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(part) for name, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list | tuple) else value


def custom(*, is_namespaced: bool, has_status: bool) -> Kind:
    """The kind of a custom resource; its schema is checked elsewhere."""
    apart = {"apiVersion", "kind", "metadata"} | ({"status"} if has_status else set())

    def begin(new: Object) -> None:
        new["metadata"]["generation"] = 1
        if has_status:
            new.pop("status", None)

    def count_changes(new: Object, old: Object) -> None:
        names = (new.keys() | old.keys()) - apart
        if any(name not in new or name not in old or new[name] != old[name] for name in names):
            new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1

    return Kind(
        is_namespaced=is_namespaced,
        status=_NOTHING if has_status else None,
        on_create=(begin,),
        on_update=(count_changes,),
        status_keeps=("labels", "annotations", "finalizers", "ownerReferences"),
        is_builtin=False,
    )
