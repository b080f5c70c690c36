"""What an expression may cost at most, before it is ever asked: by its tree and its schema's sizes.

Everything that is looked at costs something; a loop costs its step for each element that there can
be; a function what `call_costs.py` says of it. No sum is larger than MOST. Whoever has no limit
(`maxItems`, `maxLength`) pays for the largest request.

Source: cel-go's `checker/cost.go`, of whose ranges only the upper ends are wanted here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.cel import trees
from labkit.cluster.embedded.apiserver.cel.sizes import Sized

MOST = 2**64 - 1
OF_A_NAME = OF_A_SELECT = OF_A_CALL = 1
OF_A_LIST, OF_A_MAP, OF_A_MESSAGE = 10, 30, 40
"""To make a new one."""
PER_CHARACTER = 0.1
PER_CHARACTER_OF_A_PATTERN = 0.25
SELECTED = frozenset({"map_type", "message_type", "type_param"})
"""Kinds of types of which a field is looked up at a cost; of others, it is known when they run."""
STRING, BYTES = 5, 6
FIXED_PRIMITIVES = frozenset({1, 2, 3, 4})
TIMES = frozenset({2, 3})
RESULTS = frozenset({"__result__", "@result"})
"""What a loop calls what it has so far."""


class Size(NamedTuple):
    """Between how many characters, bytes, elements or entries a value has."""

    least: int
    most: int

    def __add__(self, other: Any) -> Size:
        return Size(capped(self.least + other.least), capped(self.most + other.most))

    def __mul__(self, other: Any) -> Size:
        return Size(capped(self.least * other.least), capped(self.most * other.most))

    def __or__(self, other: Size) -> Size:
        return Size(min(self.least, other.least), max(self.most, other.most))


UNKNOWN = Size(0, MOST)
Path = tuple[str, ...]
"""Where in the schema a value is. The first part is a variable, and is not looked at: so what is
made by the expression itself is as large as `self`, which is what a real server takes it for."""


def capped(count: int) -> int:
    """A number, or the largest that there is."""
    return min(count, MOST)


def scaled(count: int, factor: float) -> int:
    """A part of a number, rounded up."""
    return capped(math.ceil(float(count) * factor))


class Found(NamedTuple):
    """What a call comes to: its cost without its arguments', and the size of its result."""

    cost: int
    size: Size | None = None


@dataclass(slots=True)
class Local:
    """A variable of the expression's own."""

    path: Path
    size: Size | None
    entry: Size | None


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as its estimate is made of it; `target` is None of a function of its own."""

    estimate: Estimate
    node: Any
    overload: str

    @property
    def target(self) -> Any:
        """What it is called on."""
        call = self.node.call_expr
        return call.target if call.HasField("target") else None

    @property
    def args(self) -> Any:
        """Its arguments."""
        return self.node.call_expr.args

    def size(self, node: Any) -> Size:
        """Of an argument."""
        return self.estimate.size(node) or UNKNOWN

    def kind(self, node: Any) -> Any:
        """The type of an argument."""
        return self.estimate.type_of(node)

    def element_size(self, node: Any) -> Size:
        """Of the elements of a list."""
        path = self.estimate.path(node)
        return (self.estimate.size_at((*path, "@items")) if path else None) or UNKNOWN


class Estimate:
    """The cost of one expression.

    Args:
        tree: as `trees.read` gives it.
        self_size: what the variables `self` and `oldSelf` come to.
        of_call: what a function costs.
    """

    def __init__(self, tree: Any, self_size: Sized, of_call: Callable[[Call], Found]) -> None:
        self._self_size, self._of_call = self_size, of_call
        self._types = {one.key: one.value for one in tree.type_map}
        self._overloads = {one.key: one.value.overload_id for one in tree.reference_map}
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Size] = {}
        self._entries: dict[int, Size] = {}
        self._locals: defaultdict[str, list[Local]] = defaultdict(list)

    def cost(self, node: Any) -> int:
        """Of one node, with all that is below it."""
        kind = node.WhichOneof("kind")
        return OF_NODES[kind](self, node) if kind in OF_NODES else 0

    def type_of(self, node: Any) -> Any:
        """What the checker found that it is."""
        return self._types.get(node.id)

    def size(self, node: Any) -> Size | None:
        """How large its value is, if that can be said."""
        known = self._sizes.get(node.id) or _of_literal(node)
        if known is not None:
            return known
        found = self.size_at(self.path(node))
        if found is not None:
            self._sizes[node.id] = found
            return found
        if _is_fixed(self.type_of(node)):
            return Size(1, 1)
        local = self._local(node)
        return local.size if local is not None else None

    def path(self, node: Any) -> Path:
        """Where its value is."""
        local = self._local(node)
        return local.path if local is not None else self._paths.get(node.id, ())

    def size_at(self, path: Path) -> Size | None:
        """What the schema says of a place."""
        found = self._self_size.at(path[1:]) if path else None
        return Size(0, found.most) if found is not None else None

    def entry(self, node: Any) -> Size | None:
        """The size of the elements of what is made by the expression itself."""
        local = self._local(node)
        return self._entries.get(node.id) or (local.entry if local is not None else None)

    def put_entry(self, node: Any, size: Size | None) -> None:
        """Notes the size of the elements of a result."""
        if size is not None:
            self._entries[node.id] = size

    def _local(self, node: Any) -> Local | None:
        if node.WhichOneof("kind") != "ident_expr":
            return None
        found = self._locals[node.ident_expr.name]
        return found[-1] if found else None

    def _name(self, node: Any) -> int:
        local = self._local(node)
        self._paths[node.id] = local.path if local is not None else (node.ident_expr.name,)
        return OF_A_NAME

    def _select(self, node: Any) -> int:
        select = node.select_expr
        cost = self.cost(select.operand)
        if select.test_only:
            return cost
        type_ = self.type_of(select.operand)
        if type_ is not None and type_.WhichOneof("kind") in SELECTED:
            cost += OF_A_SELECT
        self._paths[node.id] = (*self.path(select.operand), select.field)
        return capped(cost)

    def _call(self, node: Any) -> int:
        call = node.call_expr
        cost = self.cost(call.target) if call.HasField("target") else 0
        costs = [self.cost(one) for one in call.args]
        if call.function == "dyn":
            self._copy(node, call.args[0])
            return capped(costs[0] + OF_A_CALL)
        overloads = self._overloads.get(node.id) or ()
        if call.function == "_?_:_":
            cost += costs[0] + max(costs[1:])
        else:
            cost += sum(costs)
        calls = [self._of_call(Call(self, node, one)) for one in overloads]
        cost += max((one.cost for one in calls), default=0)
        sizes = [one.size for one in calls if one.size is not None]
        size = sizes[0] if sizes else None
        for one in sizes[1:]:
            size = one if size is None else size | one
        if "index_list" in overloads or "index_map" in overloads:
            below = "@items" if "index_list" in overloads else "@values"
            size = self.entry(call.args[0])
            self._paths[node.id] = (*self.path(call.args[0]), below)
        size = size or self.size(node)
        if size is not None:
            self._sizes[node.id] = size
        return capped(cost)

    def _list(self, node: Any) -> int:
        elements = node.list_expr.elements
        cost = sum(self.cost(one) for one in elements)
        self._put_largest(node, elements)
        return capped(cost + OF_A_LIST)

    def _made(self, node: Any) -> int:
        made = node.struct_expr
        cost = sum(self.cost(one.map_key) + self.cost(one.value) for one in made.entries)
        if made.message_name:
            return capped(cost + OF_A_MESSAGE)
        self._put_largest(node, [one.value for one in made.entries])
        return capped(cost + OF_A_MAP)

    def _put_largest(self, node: Any, elements: Any) -> None:
        sizes = [self.size(one) or UNKNOWN for one in elements] or [Size(0, 0)]
        self._entries[node.id] = Size(min(sizes)[0], max(one.most for one in sizes))

    def _loop(self, node: Any) -> int:
        loop = node.comprehension_expr
        cost = self.cost(loop.iter_range) + self.cost(loop.accu_init)
        start = loop.accu_init
        so_far = Local(self.path(start), self.size(start), self.entry(start))
        self._locals[loop.accu_var].append(so_far)
        if _is_binding(loop):
            cost += self.cost(loop.result)
            self._locals[loop.accu_var].pop()
            self._copy(node, loop.result)
            return capped(cost)
        mine = self._begin(loop)
        each = capped(self.cost(loop.loop_condition) + self.cost(loop.loop_step))
        for name in mine:
            self._locals[name].pop()
        cost += self.cost(loop.result)
        self._locals[loop.accu_var].pop()
        count = self.size(loop.iter_range) or UNKNOWN
        kind = start.WhichOneof("kind")
        if kind == "const_expr":
            self._sizes[node.id] = Size(1, 1)
        elif kind in ("list_expr", "struct_expr"):
            self._sizes[node.id] = count
            self.put_entry(node, self.entry(loop.loop_step))
        return capped(cost + count.most * each)

    def _begin(self, loop: Any) -> list[str]:
        """Makes the variables of a loop; gives their names."""
        type_ = self.type_of(loop.iter_range)
        is_list = type_ is not None and type_.WhichOneof("kind") == "list_type"
        path, entry = self.path(loop.iter_range), self.entry(loop.iter_range)
        names = [name for name in (loop.iter_var, loop.iter_var2) if name]
        keys, values = ("@indices", "@items") if is_list else ("@keys", "@values")
        parts = [keys, values] if loop.iter_var2 else [values if is_list else keys]
        for name, part in zip(names, parts, strict=True):
            size = entry if part in ("@items", "@values") else None
            self._locals[name].append(Local((*path, part), size, None))
        return names

    def _copy(self, node: Any, of: Any) -> None:
        size = self.size(of)
        if size is not None:
            self._sizes[node.id] = size
        self.put_entry(node, self.entry(of))


OF_NODES: dict[str, Callable[[Estimate, Any], int]] = {
    "ident_expr": Estimate._name,
    "select_expr": Estimate._select,
    "call_expr": Estimate._call,
    "list_expr": Estimate._list,
    "struct_expr": Estimate._made,
    "comprehension_expr": Estimate._loop,
}


def _of_literal(node: Any) -> Size | None:
    kind = node.WhichOneof("kind")
    if kind == "const_expr":
        said = node.const_expr.WhichOneof("kind")
        is_long = said in ("string_value", "bytes_value")
        count = len(getattr(node.const_expr, said)) if is_long else 1
    elif kind == "list_expr":
        count = len(node.list_expr.elements)
    elif kind == "struct_expr" and not node.struct_expr.message_name:
        count = len(node.struct_expr.entries)
    else:
        return None
    return Size(count, count)


def _is_fixed(type_: Any) -> bool:
    """Whether all values of a type are of one size."""
    if type_ is None:
        return False
    kind = type_.WhichOneof("kind")
    if kind == "abstract_type" and type_.abstract_type.name == "optional_type":
        return _is_fixed(type_.abstract_type.parameter_types[0])
    fixed = {"primitive": FIXED_PRIMITIVES, "well_known": TIMES}.get(kind, frozenset())
    return kind in ("primitive", "well_known") and getattr(type_, kind) in fixed


def _is_binding(loop: Any) -> bool:
    """Whether it is no loop but a name for a value, as `cel.bind` makes one."""
    is_empty = loop.iter_range.WhichOneof("kind") == "list_expr"
    condition = loop.loop_condition
    return (
        is_empty
        and not loop.iter_range.list_expr.elements
        and condition.WhichOneof("kind") == "const_expr"
        and condition.const_expr.WhichOneof("kind") == "bool_value"
        and not condition.const_expr.bool_value
        and loop.accu_var not in RESULTS
    )


def tree_of(compiled: Any, *, is_wrapped: bool = False) -> Any:
    """The tree of an expression; of one that is the result of a binding, that result's."""
    tree = trees.read(compiled)
    if is_wrapped:
        tree.expr.CopyFrom(tree.expr.comprehension_expr.result)
    return tree
