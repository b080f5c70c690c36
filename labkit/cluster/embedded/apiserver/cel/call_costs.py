"""What the functions of rules cost, and how large what they give can be.

Source: cel-go's `checker/cost.go`, `ext/sets.go` and `ext/lists.go`, Kubernetes'
`apiserver/pkg/cel/library/cost.go`, whose numbers are part of its API: a rule that one release
takes, the next takes too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from labkit.cluster.embedded.apiserver.cel.costs import (
    BYTES,
    MOST,
    OF_A_CALL,
    OF_A_LIST,
    PER_CHARACTER,
    PER_CHARACTER_OF_A_PATTERN,
    STRING,
    Call,
    Found,
    Size,
    capped,
    scaled,
)
from labkit.cluster.embedded.apiserver.cel.functions import PREFIX

NOMINAL = Found(OF_A_CALL)
TEXTS = frozenset({STRING, BYTES})
LONGEST_FORM = 128
"""Characters of the pattern of a named format."""
LONGEST_NAMED_FORMAT = 64
ADDRESS = 16
"""Bytes of the longer kind of addresses."""
OPTIONAL_OF_OURS = "found"
"""What our own look into a map asks for: see `functions/formats.py`."""

Cost = Callable[[Call], Found]


def of_call(call: Call) -> Found:
    """What one overload of a function costs beside its arguments."""
    name = call.node.call_expr.function
    find = BY_NAME.get(name) or BY_OVERLOAD.get(call.overload)
    return find(call) if find is not None else NOMINAL


def _first(call: Call) -> Any:
    """What is worked on: what it is called on, or the first argument."""
    return call.target if call.target is not None else call.args[0]


def _per_character(times: float = 1, *, is_size_kept: bool = False) -> Cost:
    def find(call: Call) -> Found:
        size = call.size(_first(call))
        kept = size if is_size_kept else None
        return Found(scaled(size.most, times * PER_CHARACTER), kept)

    return find


def _nothing(call: Call) -> Found:
    del call
    return Found(0)


def _chosen(call: Call) -> Found:
    """Of one of two: the dearer of both was paid with the arguments."""
    yes, no = call.args[1], call.args[2]
    entries = [call.estimate.entry(one) for one in (yes, no)]
    if entries[0] is not None and entries[1] is not None:
        call.estimate.put_entry(call.node, entries[0] | entries[1])
    return Found(0, call.size(yes) | call.size(no))


def _added(call: Call) -> Found:
    left, right = call.args
    size = call.size(left) + call.size(right)
    entries = [call.estimate.entry(one) for one in (left, right)]
    if entries[0] is not None and entries[1] is not None:
        call.estimate.put_entry(call.node, entries[0] | entries[1])
    is_list = call.overload == "add_list"
    return Found(OF_A_CALL if is_list else scaled(size.most, PER_CHARACTER), size)


def _compared(call: Call) -> Found:
    left, right = (call.size(one).most for one in call.args)
    return Found(scaled(min(left, right), PER_CHARACTER))


def _equal(call: Call) -> Found:
    """Of what Kubernetes adds to the language nothing, or little, has to be gone through."""
    left, right = (_added_type(call.kind(one)) for one in call.args)
    if not left or left != right:
        return _compared(call)
    if left == "NamedFormat":
        return Found(scaled(LONGEST_NAMED_FORMAT, PER_CHARACTER))
    if left == "URL":
        size = call.estimate.size(call.args[1]) or Size(1, 1)
        return Found(scaled(size.most, PER_CHARACTER))
    return NOMINAL


def _added_type(type_: Any) -> str:
    if type_ is None or type_.WhichOneof("kind") != "abstract_type":
        return ""
    name: str = type_.abstract_type.name
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else ""


def _element_type(type_: Any) -> int:
    """Of a list of scalars; 0 for anything else."""
    if type_ is None or type_.WhichOneof("kind") != "list_type":
        return 0
    element: int = type_.list_type.elem_type.primitive
    return element


def _is_list(type_: Any) -> bool:
    return type_ is not None and type_.WhichOneof("kind") == "list_type"


def _gone_through(call: Call) -> Found:
    """A list is compared element by element, and texts in it character by character."""
    target = _first(call)
    if not _is_list(call.kind(target)):
        return Found(scaled(call.size(target).most, PER_CHARACTER))
    each = 1
    if _element_type(call.kind(target)) in TEXTS:
        each += scaled(call.element_size(target).most, PER_CHARACTER)
    return Found(capped(call.size(target).most * each))


def _replaced(call: Call) -> Found:
    size, old, new = call.size(call.target), call.size(call.args[0]), call.size(call.args[1])
    count, kept = [0, 0], [0, 0]
    if old.least == 0:
        count[1], kept[1] = capped(size.most + 1), size.most
    elif new.most <= old.least:
        kept[1] = size.most
    else:
        count[1] = math.ceil(size.most / old.least)
    if old.most == 0:
        count[0], kept[0] = size.least + 1, size.least
    elif old.most <= new.least:
        kept[0] = size.least
    else:
        count[0] = math.ceil(size.least / old.most)
    result = Size(count[0], count[1]) * new + Size(kept[0], kept[1])
    return Found(scaled(size.most, 2 * PER_CHARACTER), result)


def _split(call: Call) -> Found:
    size = call.size(call.target)
    most = size.most
    if len(call.args) > 1:
        most = _number(call.args[1], most)
    return Found(scaled(size.most, 2 * PER_CHARACTER), Size(0, most))


def _joined(call: Call) -> Found:
    count = call.size(call.target)
    size = count * call.element_size(call.target)
    if call.args:
        between = Size(max(count.least - 1, 0), max(count.most - 1, 0))
        size += call.size(call.args[0]) * between
    return Found(scaled(size.most, PER_CHARACTER), size)


def _matched(call: Call) -> Found:
    text = _first(call)
    pattern = call.args[0] if call.target is not None else call.args[1]
    size = call.size(text)
    steps = scaled(capped(size.most + 1), PER_CHARACTER)
    states = scaled(call.size(pattern).most, PER_CHARACTER_OF_A_PATTERN)
    is_search = call.node.call_expr.function != "matches"
    return Found(capped(steps * states), Size(0, size.most) if is_search else None)


def _contained(call: Call) -> Found:
    text, part = call.size(call.target).most, call.size(call.args[0]).most
    return Found(capped(scaled(text, PER_CHARACTER) * scaled(part, PER_CHARACTER)))


def _begun(call: Call) -> Found:
    return Found(scaled(call.size(call.args[0]).most, PER_CHARACTER))


def _within(call: Call) -> Found:
    return Found(call.size(call.args[1]).most)


def _to_bytes(call: Call) -> Found:
    size = call.size(call.args[0])
    return Found(scaled(size.most, PER_CHARACTER), Size(size.least, capped(size.most * 4)))


def _to_text(call: Call) -> Found:
    size = call.size(call.args[0])
    return Found(scaled(size.most, PER_CHARACTER), Size(size.least // 4, size.most))


def _ip(call: Call) -> Found:
    return NOMINAL if call.target is not None else _per_character()(call)


def _address_within(times: int, more: int) -> Cost:
    """Bytes are compared; what is still a text is read first."""

    def find(call: Call) -> Found:
        cost = scaled(2 * ADDRESS, PER_CHARACTER) + scaled(ADDRESS, PER_CHARACTER) * times + more
        if not _added_type(call.kind(call.args[0])):
            cost += scaled(call.size(call.args[0]).most, PER_CHARACTER)
        return Found(capped(cost))

    return find


def _validated(call: Call) -> Found:
    steps = scaled(call.size(call.args[0]).most, PER_CHARACTER)
    return Found(scaled(steps, LONGEST_FORM * PER_CHARACTER_OF_A_PATTERN))


def _looked_into(call: Call) -> Found:
    """An optional entry; of a look that is ours, and that nobody wrote, nothing."""
    is_ours = call.args[1].const_expr.string_value == OPTIONAL_OF_OURS
    return Found(0 if is_ours else OF_A_CALL)


def _each_with_each(times: int) -> Cost:
    def find(call: Call) -> Found:
        count = capped(call.size(call.args[0]).most * call.size(call.args[1]).most)
        return Found(capped(scaled(count, times) + OF_A_CALL))

    return find


def _new_list(size: Size, times: float = 1) -> Found:
    return Found(capped(scaled(size.most, times) + OF_A_LIST + OF_A_CALL), size)


def _sorted(call: Call) -> Found:
    size = call.size(call.target)
    is_text = _element_type(call.kind(call.target)) in TEXTS
    return _new_list(size * size, 2 + PER_CHARACTER if is_text else 2)


def _slice(call: Call) -> Found:
    start = _number(call.args[0], 0)
    count = max(_number(call.args[1], call.size(call.target).most) - start, 0)
    return _new_list(Size(count, count))


def _range(call: Call) -> Found:
    count = _number(call.args[0], MOST)
    return _new_list(Size(count, count))


def _flat(call: Call) -> Found:
    depth = _number(call.args[0], MOST) if call.args else 1
    return _new_list(call.size(call.target), depth)


def _reversed(call: Call) -> Found:
    return _new_list(call.size(call.target)) if _is_list(call.kind(call.target)) else NOMINAL


def _number(node: Any, otherwise: int) -> int:
    """A number that is written as such."""
    said = node.const_expr.WhichOneof("kind") if node.HasField("const_expr") else ""
    return max(node.const_expr.int64_value, 0) if said == "int64_value" else otherwise


COMPARED_TEXTS = tuple(
    f"{how}_{what}"
    for how in ("less", "greater", "less_equals", "greater_equals")
    for what in ("string", "bytes")
)
BY_OVERLOAD: dict[str, Cost] = {
    "logical_and": _nothing, "logical_or": _nothing, "conditional": _chosen,
    "add_string": _added, "add_bytes": _added, "add_list": _added,
    "equals": _equal, "not_equals": _compared, **dict.fromkeys(COMPARED_TEXTS, _compared),
    "starts_with_string": _begun, "ends_with_string": _begun, "contains_string": _contained,
    "in_list": _within, "string_to_bytes": _to_bytes, "bytes_to_string": _to_text,
    "matches": _matched, "matches_string": _matched,
}  # fmt: skip
BY_NAME: dict[str, Cost] = {
    **dict.fromkeys(
        ("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), _gone_through
    ),
    **dict.fromkeys(
        ("url", "lowerAscii", "upperAscii", "substring", "trim"), _per_character(is_size_kept=True)
    ),
    **dict.fromkeys(
        ("cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"),
        _per_character(),
    ),
    "format": _per_character(), "ip": _ip, "ip.isCanonical": _per_character(2),
    "replace": _replaced, "split": _split, "join": _joined, "find": _matched, "findAll": _matched,
    "containsIP": _address_within(0, 0), "containsCIDR": _address_within(1, 1),
    "validate": _validated, "_[?_]": _looked_into,
    "sets.contains": _each_with_each(1), "sets.intersects": _each_with_each(1),
    "sets.equivalent": _each_with_each(2),
    "sort": _sorted, "distinct": _sorted, "slice": _slice, "lists.range": _range,
    "flatten": _flat, "reverse": _reversed,
}  # fmt: skip
