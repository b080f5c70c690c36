"""Patches by RFC 6902 (JSON Patch) and RFC 7386 (JSON Merge Patch).

Neither knows what an object means. Errors are those of apiserver's `endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import Any

import jsonpatch
import jsonpointer
import orjson

from labkit.cluster.embedded.apiserver.patches.errors import (
    BadPatch,
    bad_request,
    does_not_fit,
    failed_test,
)
from labkit.cluster.embedded.apiserver.patches.shape import Object
from labkit.cluster.embedded.store.frozen import thaw

MOST_OPERATIONS = 10_000
"""As apiserver's default `MaxJSONPatchOperations`."""

MOST_COPIED = 3 * 1024 * 1024
"""Bytes that all copies of a patch make together; apiserver's default `JSONPatchMaxCopyBytes`."""

IN_SOMETHING = ("add", "remove", "move", "copy")
"""Operations that Kubernetes' library has no whole object for: `replace` and `test` may mean it."""

_JSON_NAMES = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}


def json_patch(object: Object, patch: Any) -> Object:
    """The object after a JSON Patch, a list of operations.

    Raises BadPatch: 400 if it is no such list, 413 if it is too long, 422 if it does not fit;
    FailedTest if it tests for what is not so.
    """
    if not isinstance(patch, list):
        raise _wrong_json(patch, "jsonpatch.Patch")
    for operation in patch:
        if not isinstance(operation, dict):
            raise _wrong_json(operation, "jsonpatch.Operation")
    if len(patch) > MOST_OPERATIONS:
        raise _too_long(len(patch))
    result: Any = thaw(object)
    patches: Any = jsonpatch.JsonPatch  # its own types are not strict
    try:
        # It gets a copy, or values of the patch would end up in the object, shared.
        copied = 0
        for operation in thaw(patch):
            if not _is_for_nothing(result, operation):
                copied += _copied_bytes(result, operation)
                if copied > MOST_COPIED:
                    raise does_not_fit(
                        "Unable to complete the copy, the accumulated size increase of copy is "
                        f"{copied}, exceeding the limit {MOST_COPIED}"
                    )
                adapted = [_as_kubernetes(result, operation)]
                result = patches(adapted).apply(result, in_place=True)
    except jsonpatch.JsonPatchTestFailed as error:
        raise failed_test(str(error)) from error
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise does_not_fit(str(error)) from error
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        # What the library lets through for paths into scalars and for operations of wrong types.
        raise does_not_fit(f"the operations do not fit the object: {error!r}") from error
    if not isinstance(result, dict):
        raise does_not_fit("what is left is not an object")
    return result


def _copied_bytes(object: Object, operation: Object) -> int:
    if operation.get("op") != "copy" or not isinstance(operation.get("from"), str):
        return 0
    return len(orjson.dumps(_found(object, operation["from"])))


def _is_for_nothing(object: Object, operation: Object) -> bool:
    """Whether it tests that nothing is there, which holds in Kubernetes' library if so it is."""
    if operation.get("op") != "test" or operation.get("value") is not None:
        return False
    return _found(object, operation.get("path", "")) is None


def _as_kubernetes(object: Object, operation: Object) -> Object:
    """The operation, where Kubernetes' library does what the RFC does not allow.

    There `replace` also adds a field, a value may be left out, what is copied may be missing,
    places count from the end if they are negative, and a path's first word is not looked at.
    """
    adapted = dict(operation)
    op = adapted.get("op")
    if "" in (op in IN_SOMETHING and adapted.get("path"), adapted.get("from")):
        raise does_not_fit(f"{op} operation does not apply: the whole object is in nothing")
    for name in ("path", "from"):
        path = adapted.get(name)
        if not isinstance(path, str):
            continue
        _, slash, rest = path.partition("/")
        adapted[name] = path = slash + rest if slash else path
        if "/-" in path:
            is_new = name == "path" and (op in ("add", "copy") or _moves_between_lists(operation))
            adapted[name] = _with_places(object, path, is_new=is_new)
    path = adapted.get("path")
    if op in ("add", "replace"):
        adapted.setdefault("value", None)
    if op == "replace" and path and isinstance(_found(object, path.rpartition("/")[0]), dict):
        adapted["op"] = "add"
    if op == "copy" and _found(object, adapted["from"]) is None:
        adapted.update(op="add", value=None)
    return adapted


def _found(object: Object, path: str) -> Any:
    resolve: Any = jsonpointer.resolve_pointer  # as above
    return resolve(object, path, None)


def _moves_between_lists(operation: Object) -> bool:
    """Whether it moves something out of one list into another, which so becomes longer."""
    path, source = str(operation.get("path")), str(operation.get("from"))
    return operation.get("op") == "move" and path.rpartition("/")[0] != source.rpartition("/")[0]


def _with_places(object: Object, path: str, *, is_new: bool) -> str:
    """The path with places from the start for those from the end: `/list/-1` is the last one.

    Args:
        is_new: whether an element comes there; then -1 is the place after the last one.
    """
    steps = path.split("/")
    for number, step in enumerate(steps):
        if step[:1] == "-" and step[1:].isdigit():
            elements = _found(object, "/".join(steps[:number]))
            if isinstance(elements, list):
                count = len(elements) + (is_new and number == len(steps) - 1)
                steps[number] = str(count - int(step[1:]))
    return "/".join(steps)


def _wrong_json(value: Any, wanted: str) -> BadPatch:
    name = _JSON_NAMES.get(type(value), "number")
    return bad_request(f"json: cannot unmarshal {name} into Go value of type {wanted}")


def _too_long(operations: int) -> BadPatch:
    message = (
        "Request entity too large: The allowed maximum operations in a JSON patch is "
        f"{MOST_OPERATIONS}, got {operations}"
    )
    return BadPatch(413, "RequestEntityTooLarge", message)


def merge_patch(object: Object, patch: Any) -> Object:
    """The object after a JSON Merge Patch: null removes, dicts are merged, all else replaces.

    Raises BadPatch (400) if the patch is not an object.
    """
    if not isinstance(patch, dict):
        raise bad_request("Invalid JSON Patch")
    merged: Object = _merged(thaw(object), thaw(patch))
    return merged


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict) or not isinstance(target, dict):
        return _without_nulls(patch)
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = _merged(target.get(name), value)
    return target


def _without_nulls(value: Any) -> Any:
    """A new value without its fields that are null; in lists, too, as Kubernetes' library does."""
    if isinstance(value, dict):
        return {n: _without_nulls(part) for n, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    return value
