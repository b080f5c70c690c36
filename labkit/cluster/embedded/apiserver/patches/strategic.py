"""Strategic merge patches: a merge that knows which lists have elements with names.

The patch's own orders are the keys that begin with `$`: `$patch`, `$retainKeys`,
`$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`. It knows nothing about who manages
fields. Sources: "Strategic Merge Patch" in kubernetes/community (sig-api-machinery), behaviour and
errors of apimachinery's `util/strategicpatch` as kubectl 1.37 shows them with `patch --local`.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.patches.errors import (
    bad_request,
    does_not_fit,
    unforeseen,
)
from labkit.cluster.embedded.apiserver.patches.go_values import go, go_type
from labkit.cluster.embedded.apiserver.patches.order import Identity, Places, in_order
from labkit.cluster.embedded.apiserver.patches.shape import Object, Shape, of_field
from labkit.cluster.embedded.store.frozen import thaw

PATCH, RETAIN_KEYS = "$patch", "$retainKeys"
ORDER, DELETE_FROM = "$setElementOrder", "$deleteFromPrimitiveList"

BAD_RETAIN_KEYS = "invalid patch format of retainKeys"
BAD_FORMAT = {
    ORDER: "invalid patch format of setElementOrder list",
    DELETE_FROM: "invalid patch format of primitive list",
}


def strategic_merge_patch(type: Shape, object: Object, patch: Any) -> Object:
    """The object after a strategic merge patch.

    Raises BadPatch: 400 for orders that are not well formed, 422 for lists of lists, and 500, as
    the real one does, for elements without their merge key and for unknown orders.
    """
    if not isinstance(patch, dict):
        raise bad_request(
            f"json: cannot unmarshal {'array' if isinstance(patch, list) else 'value'} "
            "into Go value of type map[string]interface {}"
        )
    return _merge_map(thaw(object), thaw(patch), type)


def _merge_map(original: Object, patch: Object, type: Shape | None) -> Object:
    """`original`, which is changed, after `patch`."""
    if PATCH in patch:
        return _replaced(patch)
    _retain_keys(original, patch)
    orders, deletions = _for_lists(patch, ORDER), _for_lists(patch, DELETE_FROM)
    for name, order in orders.items():
        _order(original, patch, name, order, of_field(type, name))
    for name, value in patch.items():
        if name in orders or name == RETAIN_KEYS or name.startswith((DELETE_FROM, ORDER)):
            continue
        _set(original, name, _merge(original.get(name), value, of_field(type, name)))
    for name, values in deletions.items():
        if isinstance(values, list) and isinstance(original.get(name), list):
            gone = Places(values)
            original[name] = [value for value in original[name] if value not in gone]
    return original


def _set(object: Object, name: str, value: Any) -> None:
    if value is None:
        object.pop(name, None)
    else:
        object[name] = value


def _for_lists(patch: Object, directive: str) -> Object:
    """What one order says, by the name of the list that it is for."""
    found = {}
    for key, value in patch.items():
        if key.startswith(directive):
            head, slash, name = key.partition("/")
            if head != directive or not slash:
                raise bad_request(BAD_FORMAT[directive])
            found[name] = value
    return found


def _replaced(patch: Object) -> Object:
    directive = patch.pop(PATCH)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise unforeseen(
        f"unknown patch type: {go(directive)} in map: {go({**patch, PATCH: directive})}"
    )


def _merge(original: Any, patch: Any, type: Shape | None) -> Any:
    """One field's value after the patch's value for it."""
    strategy = type.patch_strategy if type is not None else frozenset()
    if isinstance(patch, dict) and isinstance(original, dict):
        return patch if "replace" in strategy else _merge_map(original, patch, type)
    if isinstance(patch, list) and isinstance(original, list) and "merge" in strategy:
        return _merge_list(original, patch, type)
    return _plain(patch)


def _plain(value: Any) -> Any:
    """A new value as it is stored: without nulls and orders; None for one that is an order."""
    if isinstance(value, list):
        parts = [_plain(part) for part in value]
        return [part for part in parts if part is not None]
    if not isinstance(value, dict):
        return value
    if PATCH in value:
        return None
    fields = {name: _plain(part) for name, part in value.items() if not name.startswith("$")}
    return {name: part for name, part in fields.items() if part is not None}


def _retain_keys(original: Object, patch: Object) -> None:
    """`$retainKeys`: of the fields there are, only these stay."""
    if RETAIN_KEYS not in patch:
        return
    kept = patch[RETAIN_KEYS]
    if not isinstance(kept, list) or not all(isinstance(name, str) for name in kept):
        raise bad_request(BAD_RETAIN_KEYS)
    for name, value in patch.items():
        if value is not None and not name.startswith("$") and name not in kept:
            raise bad_request(BAD_RETAIN_KEYS)
    for name in original.keys() - set(kept):
        del original[name]


def _order(original: Object, patch: Object, name: str, order: Any, type: Shape | None) -> None:
    """`$setElementOrder/<name>`: merges that list, and gives it this order."""
    for value in (order, original.get(name, []), patch.get(name, [])):
        if not isinstance(value, list):
            raise unforeseen(f"expected a []interface {{}}, but received a {go_type(value)}")
    live, wanted = original.get(name), patch.get(name)
    identity = Identity(type.patch_key if type is not None else "")
    _check_order(wanted or [], order, identity)
    merged = _merge(live, wanted, type) if wanted is not None else live
    if merged is not None:
        original[name] = in_order(merged, order, live or [], identity)


def _check_order(patch: list[Any], order: list[Any], identity: Identity) -> None:
    """The patch's elements must be in the order they are said to have."""
    if not order:
        return
    rest = iter(map(identity.required, order))
    for element in patch:
        if isinstance(element, dict) and PATCH in element:
            continue
        wanted = identity.required(element)
        if all(other != wanted for other in rest):
            raise unforeseen(
                f"The order in patch list:\n{go(patch)}\n doesn't match {ORDER} list:\n"
                f"{go(order)}\n"
            )


def _merge_list(original: list[Any], patch: list[Any], type: Shape | None) -> list[Any]:
    """A list whose elements are merged by key, or as a set if they are scalars."""
    kinds = {_element_kind(part) for part in [*original, *patch]}
    if "list" in kinds:
        raise does_not_fit("lists of lists are not supported")
    if len(kinds) > 1:
        raise unforeseen(f"list element types are not identical: {go([original, patch])}")
    if kinds != {"map"}:
        both = list(dict.fromkeys([*original, *patch]))
        return in_order(both, patch, original, Identity(""))
    if type is None or not type.patch_key:
        raise unforeseen("cannot merge lists without merge key for type map")
    return _merge_elements(original, patch, type)


def _element_kind(value: Any) -> str:
    return {dict: "map", list: "list"}.get(value.__class__, "scalar")


def _merge_elements(original: list[Any], patch: list[Any], type: Shape) -> list[Any]:
    identity = Identity(type.patch_key)
    live, wanted = _special_elements(original, patch, identity)
    merged = list(live)
    places = Places(identity.of(element) for element in live)
    for element in wanted:
        key = identity.required(element)
        if (place := places.of(key)) < 0:
            places.add(key, len(merged))
            merged.append(_plain(element))
        else:
            merged[place] = _merge_map(merged[place], element, type.element)
    return in_order(merged, wanted, live, identity)


def _special_elements(
    original: list[Any], patch: list[Any], identity: Identity
) -> tuple[list[Any], list[Any]]:
    """What `$patch` elements leave of the list, and the patch without them."""
    wanted, gone, replace = [], Places(()), False
    for element in patch:
        match element.get(PATCH):
            case None:
                wanted.append(element)
            case "delete":
                gone.add(identity.required(element), 0)
            case "replace":
                replace = True
            case "merge":
                raise unforeseen("merging lists cannot yet be specified in the patch")
            case other:
                raise unforeseen(f"unknown patch type: {go(other)} in map: {go(element)}")
    if replace:
        return wanted, []
    return [element for element in original if identity.of(element) not in gone], wanted
