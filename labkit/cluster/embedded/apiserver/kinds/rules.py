"""Small rules, and ways to put them together, so that a kind reads like a table.

A rule looks at one value and its path, and adds what is wrong to a list. A field that is missing,
null or empty breaks no rule but `required`: an empty string or 0 is the same as nothing to the API
server, unless a comment says otherwise. Knows nothing about kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import faults as f
from .faults import Fault
from .names import Check, out_of_range

Object = dict[str, Any]
Faults = list[Fault]
Rule = Callable[[Any, str, Faults], None]
"""value, its path, and where to add what is wrong."""
UpdateRule = Callable[[Object, Object, Faults], None]
"""the new object, the old one, and where to add what is wrong."""
Default = Callable[[Object], None]
"""Changes an object in place."""


class Always:
    """A rule that wants to see a field that is missing or null, too. All others are spared it."""

    __slots__ = ("rule",)

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __call__(self, value: Any, path: str, faults: Faults) -> None:
        """The rule itself."""
        self.rule(value, path, faults)


def is_empty(value: Any) -> bool:
    """Whether the API server takes it for nothing (False is something)."""
    return not value and value is not False


def part(value: Any, path: str) -> Any:
    """What is at a dotted path, or None: `part(pod, "spec.affinity.nodeAffinity")`."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def parts(value: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Each item of a list that may be missing; nulls are left out."""
    return (item for item in value.get(name) or () if item is not None)


def listed(value: Sequence[Any] | None, path: str) -> Iterator[tuple[Any, str]]:
    """Each item of a list with its path. A null is there, with nothing in it, as Go has it."""
    for index, item in enumerate(value or ()):
        yield {} if item is None else item, f"{path}[{index}]"


def items(value: Mapping[str, Any], name: str, path: str = "") -> Iterator[tuple[Any, str]]:
    """The same of a field: `for port, path in items(spec, "ports", "spec")`."""
    return listed(value.get(name), f"{path}.{name}" if path else name)


# Rules for one value


def required(rule: Rule | None = None, message: str = "") -> Always:
    """It must be there; and then keep `rule`."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if is_empty(value):
            faults.append(f.required(path, message))
        elif rule:
            rule(value, path, faults)

    return Always(check)


def filled(message: str = "") -> Rule:
    """It may be missing, but not be there and empty: what Go points at."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if is_empty(value):
            faults.append(f.required(path, message))

    return check


def named(*checks: Check) -> Rule:
    """A string that keeps the rules of `names`; "" is one that was sent, where that differs."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is not None:
            for wrong in checks:
                if messages := wrong(value):
                    faults += [f.invalid(path, value, message) for message in messages]

    return check


def unless_empty(rule: Rule) -> Rule:
    """A rule for what may be "", which says something else than nothing there."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if value:
            rule(value, path, faults)

    return check


def named_even_empty(*checks: Check) -> Always:
    """The same of a field in which nothing is a name, too, and a wrong one."""

    def check(value: Any, path: str, faults: Faults) -> None:
        for wrong in checks:
            faults += [f.invalid(path, value or "", message) for message in wrong(value or "")]

    return Always(check)


def one_of(*supported: str) -> Rule:
    """One of these strings; "" is one that was sent, where that differs from none."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is not None and value not in supported:
            faults.append(f.not_supported(path, value, supported))

    return check


def between(lowest: int, highest: int) -> Rule:
    """A number within, bounds included. 0 counts."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is not None and not lowest <= value <= highest:
            faults.append(f.invalid(path, value, out_of_range(lowest, highest)))

    return check


def at_least(lowest: int, message: str = "") -> Rule:
    """A number not below. 0 counts."""
    said = message or f"must be greater than or equal to {lowest}"

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is not None and value < lowest:
            faults.append(f.invalid(path, value, said))

    return check


def exactly(wanted: Any, message: str) -> Rule:
    """This value, or nothing."""

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is not None and value != wanted:
            faults.append(f.invalid(path, value, message))

    return check


not_negative = at_least(0)
port_number = between(1, 65535)


# Putting rules together


def both(*rules: Rule) -> Rule:
    """All of these."""

    def check(value: Any, path: str, faults: Faults) -> None:
        for rule in rules:
            rule(value, path, faults)

    return Always(check) if any(isinstance(rule, Always) for rule in rules) else check


def struct(table: Mapping[str, Rule], *more: Rule) -> Rule:
    """A rule for each field of an object, in this order; then those for the whole of it."""
    rows = tuple(
        (name, rule.rule if isinstance(rule, Always) else rule, isinstance(rule, Always))
        for name, rule in table.items()
    )

    def check(value: Any, path: str, faults: Faults) -> None:
        if value is None:
            return
        prefix = f"{path}." if path else ""
        for name, rule, sees_nothing in rows:
            part = value.get(name)
            if sees_nothing or part is not None:
                rule(part, prefix + name, faults)
        for rule in more:
            rule(value, path, faults)

    return check


def each(rule: Rule, *, unique: str = "") -> Rule:
    """Each item of a list; where a field is `unique`, no two may have the same."""

    def check(value: Any, path: str, faults: Faults) -> None:
        seen = set()
        for item, own_path in listed(value, path):
            rule(item, own_path, faults)
            if unique and (name := item.get(unique)):
                if name in seen:
                    faults.append(f.duplicate(f"{own_path}.{unique}", name))
                seen.add(name)

    return check


def keys(check_key: Check) -> Rule:
    """Each key of a map."""

    def check(value: Any, path: str, faults: Faults) -> None:
        for name in value or ():
            faults += [f.invalid(f"{path}[{name}]", name, message) for message in check_key(name)]

    return check


# Rules for an update

IMMUTABLE = "field is immutable"


def immutable(*paths: str) -> UpdateRule:
    """What is at these dotted paths stays as it is."""

    def check(new: Object, old: Object, faults: Faults) -> None:
        for path in paths:
            value, was = part(new, path), part(old, path)
            if not same(value, was):
                shown = "" if value is None and isinstance(was, str) else shown_pointer(value)
                faults.append(f.invalid(path, shown, IMMUTABLE))

    return check


def shown_pointer(value: Any) -> Any:
    """A value that Go points at, as it is shown where it breaks a rule: nothing is a word."""
    return "null" if value is None else value


def same(value: Any, other: Any) -> bool:
    """Equal, where nothing equals an empty list or map, as for the API server."""
    if isinstance(value, dict) and isinstance(other, dict):
        if value == other:
            return True
        return all(same(value.get(name), other.get(name)) for name in value.keys() | other.keys())
    if isinstance(value, list) and isinstance(other, list):
        return value == other or (len(value) == len(other) and all(map(same, value, other)))
    if value in (None, [], {}) and other in (None, [], {}):
        return True
    return bool(value == other)


# Defaults


def fill(value: Object, table: Mapping[str, Any]) -> None:
    """Sets what is missing, null or empty: for fields of which 0 or "" says nothing."""
    for name, default in table.items():
        if not value.get(name):
            value[name] = default


def fill_absent(value: Object, table: Mapping[str, Any]) -> None:
    """Sets what is missing or null: for fields of which 0 or false says something."""
    for name, default in table.items():
        if value.get(name) is None:
            value[name] = default


def child(value: Object, name: str) -> Object:
    """The object at `name`, made if it is not there."""
    found: Object | None = value.get(name)
    if found is None:
        found = value[name] = {}
    return found
