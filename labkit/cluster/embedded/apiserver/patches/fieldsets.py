"""Sets of fields, kept the way `managedFields` shows them (fieldsV1), so nothing is converted.

A set is a dict of path elements: `f:<field>`, `k:<keys of an element>`, `v:<value of an element>`,
`i:<place in a list>`. A node `{}` is a field of the set. A node with more in it is one too if it
has a `"."`; otherwise only what is below it is in the set. Sets are never changed: results share
what they have in common, and an operation that changes nothing returns its first argument itself.
Names are sorted, as the API shows them: those who make sets do it, and operations keep it.

Source: structured-merge-diff's `fieldpath` (v6). It knows nothing about types.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from labkit.cluster.embedded.apiserver.patches.shape import Object

FieldSet = Object


def node(is_member: bool, below: FieldSet) -> FieldSet | None:
    """A node, or None where nothing is left of it."""
    if not is_member:
        return below or None
    return {".": {}, **below} if below else {}


def has_itself(node: FieldSet) -> bool:
    """Whether the node's own path is in the set, not only some below it."""
    return not node or "." in node


def below(node: FieldSet) -> FieldSet:
    """The set of what is below a node."""
    return {name: part for name, part in node.items() if name != "."} if "." in node else node


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in either set."""
    joined = {name: _joined(one.get(name), theirs) for name, theirs in other.items()}
    news = {name: part for name, part in joined.items() if part is not one.get(name)}
    if not news:
        return one
    both = {**one, **news}
    return both if len(both) == len(one) else {name: both[name] for name in sorted(both)}


def _joined(mine: FieldSet | None, theirs: FieldSet) -> FieldSet:
    if mine is None:
        return theirs
    if mine is theirs:
        return mine
    if not mine:
        return mine if not theirs or theirs == {".": {}} else {".": {}, **theirs}
    if not theirs:
        return mine if "." in mine else {".": {}, **mine}
    return union(mine, theirs)


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in the first set and not in the other."""
    if not other:
        return one
    result = one
    for name, theirs in other.items():
        mine = one.get(name)
        if mine is None or name == ".":
            continue
        left = _rest(mine, theirs)
        if left is not mine:
            if result is one:
                result = dict(one)
            if left is None:
                del result[name]
            else:
                result[name] = left
    return result


def _rest(mine: FieldSet, theirs: FieldSet) -> FieldSet | None:
    leaves = has_itself(mine) and has_itself(theirs)
    if not mine:
        return None if leaves else mine
    left = difference(mine, theirs)
    if leaves:
        return below(left) or None
    return left if left and left != {".": {}} else ({} if left else None)


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """What is in both sets."""
    result: FieldSet = {}
    for name in one.keys() & other.keys():
        if name == ".":
            continue
        mine, theirs = one[name], other[name]
        both = has_itself(mine) and has_itself(theirs)
        found = node(both, intersection(mine, theirs) if mine and theirs else {})
        if found is not None:
            result[name] = found
    return result


def paths(fields: FieldSet, prefix: str = "") -> Iterator[str]:
    """The paths of a set as messages show them: `.spec.containers[name="web"].image`."""
    for name in sorted(fields):
        if name == ".":
            continue
        path = prefix + element_text(name)
        if has_itself(fields[name]):
            yield path
        yield from paths(fields[name], path)


def element_text(element: str) -> str:
    """One path element as messages show it."""
    kind, _, rest = element.partition(":")
    if kind == "f":
        return "." + rest
    if kind == "v":
        return f"[={rest}]"
    if kind == "k":
        keys = orjson.loads(rest)
        inside = ",".join(f"{name}={orjson.dumps(keys[name]).decode()}" for name in sorted(keys))
        return f"[{inside}]"
    return f"[{rest}]"
