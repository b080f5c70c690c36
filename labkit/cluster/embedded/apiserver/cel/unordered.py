"""Lists of type set and map in rules: `+` merges them, and their order is no part of what they are.

The evaluator knows lists of one kind only. So an expression in which such lists are added or
compared is changed after it was compiled (`typed`): the operators become functions of ours, which
are told by a text what the left operand is. It is the left one that decides, as in Kubernetes.

Source: Kubernetes' `apiserver/pkg/cel/common/valuesunstructured.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from labkit.cluster.embedded.apiserver.cel import trees
from labkit.cluster.embedded.apiserver.cel.functions import Function
from labkit.cluster.embedded.apiserver.cel.language import Environment, Expression
from labkit.cluster.embedded.apiserver.cel.names import escaped
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import Parts

MERGED, EQUAL, WITHIN = "kubernetes.merged", "kubernetes.equal", "kubernetes.within"
UNORDERED = ("set", "map")
MEMO = "cel.unordered"
OPTIONAL_PARTS = frozenset({"_?._", "_[?_]"})
TAKEN_OUT = frozenset({"value", "orValue"})


class Known(NamedTuple):
    """What an expression's value is: of a type of the schema, or an optional one of it."""

    type: Type
    is_optional: bool = False


Scope = Mapping[str, Known | None]


def shape(type_: Type) -> dict[str, Any] | None:
    """What of a type matters here: its lists without order, and the way to them; None for none.

    A list has `list` (set, map or atomic), with `keys` and `of`; an object `fields`, a map `of`.
    """
    if MEMO not in type_.memo:
        type_.memo[MEMO] = _shape(type_)
    found: dict[str, Any] | None = type_.memo[MEMO]
    return found


def _shape(type_: Type) -> dict[str, Any] | None:
    if not type_.is_custom:
        return None
    if type_.kind == "object":
        parts = {escaped(name) or name: shape(field) for name, field in type_.fields.items()}
        fields = {name: part for name, part in parts.items() if part is not None}
        return {"fields": fields} if fields else None
    element = shape(type_.element) if type_.element is not None else None
    if type_.kind == "list" and type_.list_type in UNORDERED:
        keys = [escaped(key) or key for key in type_.list_keys]
        return {"list": type_.list_type, "keys": keys, "of": element}
    if element is None or type_.kind not in ("list", "map"):
        return None
    return {"list": "atomic", "of": element} if type_.kind == "list" else {"of": element}


def typed(environment: Environment, compiled: Expression, self_type: Type) -> Expression:
    """An expression that knows which lists of `self` and `oldSelf` have no order."""
    if shape(self_type) is None:
        return compiled
    tree = trees.read(compiled.compiled)
    changes = _Changes()
    changes.look(tree.expr, {"self": Known(self_type), "oldSelf": Known(self_type)})
    if not changes.made:
        return compiled
    for one in tree.reference_map:
        if one.key in changes.made:
            one.value.overload_id[:] = [changes.made[one.key]]
    return environment.of_tree(compiled, trees.write(tree))


class _Changes:
    """Changes a tree in place. `made` are the calls that became others, by their overloads."""

    def __init__(self) -> None:
        self.made: dict[int, str] = {}

    def look(self, node: Any, scope: Scope) -> Known | None:
        """Looks at a node and what is below it; says what it gives."""
        kind = node.WhichOneof("kind")
        if kind == "ident_expr":
            return scope.get(node.ident_expr.name)
        if kind == "select_expr":
            found = self.look(node.select_expr.operand, scope)
            is_test = node.select_expr.test_only
            return None if is_test else _part(found, node.select_expr.field)
        if kind == "call_expr":
            return self._call(node, scope)
        if kind == "comprehension_expr":
            return self._loop(node.comprehension_expr, scope)
        if kind == "list_expr":
            for one in node.list_expr.elements:
                self.look(one, scope)
        if kind == "struct_expr":
            for one in node.struct_expr.entries:
                self.look(one.map_key, scope)
                self.look(one.value, scope)
        return None

    def _call(self, node: Any, scope: Scope) -> Known | None:
        call = node.call_expr
        target = self.look(call.target, scope) if call.HasField("target") else None
        args = [self.look(one, scope) for one in call.args]
        name, first = call.function, args[0] if args else None
        if name in ("_==_", "_!=_", "@in", "_+_"):
            return self._operator(node, args)
        if name == "_[_]":
            return _element(first)
        if name == "_?_:_":
            return args[1] or args[2]
        if name in OPTIONAL_PARTS:
            found = _part(first, call.args[1].const_expr.string_value) or _element(first)
            return found._replace(is_optional=True) if found is not None else None
        found = first if name == "optional.of" else target if name in TAKEN_OUT else None
        return found and found._replace(is_optional=name == "optional.of")

    def _operator(self, node: Any, args: list[Known | None]) -> Known | None:
        call, (left, right) = node.call_expr, args
        found = _shape_of(left)
        if call.function == "_+_":
            if found is not None and found.get("list") in UNORDERED:
                self._become(node, MERGED, found)
            return left
        if call.function == "@in":
            element = (_shape_of(right) or {}).get("of") or found
            if element is not None:
                self._become(node, WITHIN, element)
        elif found is not None:
            is_not = call.function == "_!=_"
            self._become(node, EQUAL, found)
            if is_not:
                _negate(node)
        return None

    def _become(self, node: Any, function: str, said: dict[str, Any]) -> None:
        call = node.call_expr
        call.function = function
        call.args.add().const_expr.string_value = orjson.dumps(said).decode()
        self.made[node.id] = OVERLOADS[function]

    def _loop(self, loop: Any, scope: Scope) -> Known | None:
        over = self.look(loop.iter_range, scope)
        start = self.look(loop.accu_init, scope)
        names: dict[str, Known | None] = {loop.accu_var: start, loop.iter_var: None}
        element = _element(over)
        if loop.iter_var2:
            names[loop.iter_var2] = element
        elif over is not None and over.type.kind == "list":
            names[loop.iter_var] = element
        inner = {**scope, **names}
        self.look(loop.loop_condition, inner)
        self.look(loop.loop_step, inner)
        found = self.look(loop.result, {**scope, loop.accu_var: start})
        return found or self._gathered(loop, inner)

    def _gathered(self, loop: Any, inner: Scope) -> Known | None:
        """The list that `map` and `filter` make, which has an order whatever it is made of."""
        step = loop.loop_step.call_expr
        if step.function == "_?_:_":
            step = step.args[1].call_expr
        if step.function != "_+_" or not step.args[1].list_expr.elements:
            return None
        one = self.look(step.args[1].list_expr.elements[0], inner)
        if one is None or one.is_optional:
            return None
        parts = Parts(element=one.type)
        return Known(Type("list", is_custom=True, make_parts=lambda: parts))


def _shape_of(known: Known | None) -> dict[str, Any] | None:
    return shape(known.type) if known is not None and not known.is_optional else None


def _negate(node: Any) -> None:
    inner = type(node)()
    inner.CopyFrom(node)
    node.call_expr.Clear()
    node.call_expr.function = "!_"
    node.call_expr.args.append(inner)


def _part(of: Known | None, name: str) -> Known | None:
    """A field of an object, or an entry of a map; of what may not be there, the same."""
    if of is None:
        return None
    if of.type.kind == "map" and of.type.element is not None:
        return Known(of.type.element, of.is_optional)
    for field, type_ in of.type.fields.items():
        if escaped(field) == name:
            return Known(type_, of.is_optional)
    return None


def _element(of: Known | None) -> Known | None:
    return Known(of.type.element, of.is_optional) if of and of.type.element else None


@lru_cache(maxsize=512)
def _read(said: str) -> dict[str, Any]:
    return dict(orjson.loads(said))


def _merged(left: Any, right: Any, said: str) -> Any:
    """The left list, with what is new in the right one after it; keys that are in both are new."""
    if not isinstance(left, list) or not isinstance(right, list):
        raise ValueError("no such overload")
    of = _read(said)
    found = {_key(of, one): one for one in left}
    for one in right:
        key = _key(of, one)
        if of["list"] == "map" or key not in found:
            found[key] = one
    return list(found.values())


def _key(of: dict[str, Any], element: Any) -> Any:
    if of["list"] == "set":
        return element
    is_object = isinstance(element, dict)
    return tuple(element.get(key) for key in of["keys"]) if is_object else element


def _equal(left: Any, right: Any, of: dict[str, Any] | None) -> bool:
    """Whether two values are the same, where lists without order need not be in the same one."""
    if of is None or not isinstance(left, list | dict) or type(left) is not type(right):
        return bool(left == right)
    if len(left) != len(right):
        return False
    below = of.get("of")
    if isinstance(left, dict):
        fields = of.get("fields")
        return all(
            name in right
            and _equal(part, right[name], below if fields is None else fields.get(name))
            for name, part in left.items()
        )
    if of["list"] == "atomic":
        return all(_equal(one, other, below) for one, other in zip(left, right, strict=True))
    was = {_key(of, one): one for one in left}
    return all((key := _key(of, one)) in was and _equal(was[key], one, below) for one in right)


def _is_equal(left: Any, right: Any, said: str) -> bool:
    return _equal(left, right, _read(said))


def _within(value: Any, many: Any, said: str) -> bool:
    of = _read(said)
    return any(_equal(one, value, of) for one in many)


FUNCTIONS = (
    Function(MERGED, ("dyn", "dyn", "string"), "dyn", _merged, is_member=False),
    Function(EQUAL, ("dyn", "dyn", "string"), "bool", _is_equal, is_member=False),
    Function(WITHIN, ("dyn", "dyn", "string"), "bool", _within, is_member=False),
)
OVERLOADS = {one.name: one.overload for one in FUNCTIONS}
