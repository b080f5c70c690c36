"""Whether a configuration can be applied at all: the typed patch of a real API server.

It knows types, and no managers. Sources: structured-merge-diff's `typed/validate.go` (v6) and
apimachinery's `util/managedfields/internal/structuredmerge.go` (v1.35), with their words.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from types import NoneType
from typing import Any

from labkit.cluster.embedded.apiserver.patches.elements import element_name
from labkit.cluster.embedded.apiserver.patches.errors import bad_request, unforeseen
from labkit.cluster.embedded.apiserver.patches.fieldsets import element_text
from labkit.cluster.embedded.apiserver.patches.go_values import go_type, held, held_literal
from labkit.cluster.embedded.apiserver.patches.shape import Shape, has_owned_parts, of_field

STRING, NUMERIC = "string", "numeric (int or float)"
EXPECTED: dict[str, tuple[str, tuple[builtins.type, ...]]] = {
    "object": ("map", (dict,)), "map": ("map", (dict,)), "list": ("list", (list,)),
    "integer": (NUMERIC, (int, float)), "number": (NUMERIC, (int, float)),
    "boolean": ("boolean", (bool,)), "string": (STRING, (str,)),
    "int-or-string": ("any scalar", (str, int, float, bool)),
    "quantity": ("any scalar", (str, int, float, bool)),
}  # fmt: skip
"""What is said of each kind of type, and the classes of its values."""
FORMATTED = {"string": "int-or-string"}
"""A string that has a format (but bytes) may be any scalar."""


def check_applied(type: Shape | None, applied: Any, api_version: str) -> None:
    """Raises BadPatch if the configuration cannot be applied.

    400 for what is no object of this version, or carries managedFields; 500, as the real one, for
    fields that the schema does not have and for elements that cannot be told apart.
    """
    if not isinstance(applied, dict):
        raise bad_request("error decoding YAML: the patch is not an object")
    if type is not None and type.gvk is not None and type.is_custom:
        _check_known(applied, api_version, type.gvk[2])
    if applied.get("apiVersion") != api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{applied.get('apiVersion', '')}, expected: {api_version}"
        )
    metadata = applied.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("managedFields"), list):
        raise bad_request("metadata.managedFields must be nil")
    faults = [f"{path}: {words}" for path, words in _faults(type, applied, "")]
    if faults:
        raise unforeseen(f"failed to create typed patch object ({_which(applied)}): {_all(faults)}")


def _check_known(applied: dict[str, Any], api_version: str, kind: str) -> None:
    """Refuses a configuration of another kind, or version, of custom resources."""
    said = [applied.get(name) for name in ("apiVersion", "kind")]
    version, named = (one if isinstance(one, str) else "" for one in said)
    if (version, named) != (api_version, kind):
        if version.count("/") > 1:
            version = named = ""
        group, _, version = version.rpartition("/")
        raise bad_request(f"invalid object type: {group}/{version}, Kind={named}")


def typed_errors(type: Shape | None, value: Any) -> str:
    """What is wrong with a value of this type, its scalars included; empty for nothing."""
    faults = [f"{path}: {words}" for path, words in _faults(type, value, "")]
    return _all(faults) if faults else ""


def _which(applied: dict[str, Any]) -> str:
    metadata = applied.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    group, slash, version = str(applied.get("apiVersion")).rpartition("/")
    gvk = f"{group}{slash or '/'}{version}, Kind={applied.get('kind', '')}"
    said = [metadata.get(part) for part in ("namespace", "name")]
    namespace, name = (one if isinstance(one, str) else "" for one in said)
    return f"{namespace}/{name}; {gvk}"


def _all(faults: list[str]) -> str:
    return faults[0] if len(faults) == 1 else "errors:\n" + "\n".join(f"  {f}" for f in faults)


def _faults(type: Shape | None, value: Any, path: str) -> Iterator[tuple[str, str]]:
    if type is None or value is None:
        return
    if words := _misfit(type, value):
        yield path, words
    elif isinstance(value, dict):
        yield from _faults_of_fields(type, value, path)
    elif isinstance(value, list):
        yield from _faults_of_elements(type, value, path)


def _misfit(type: Shape, value: Any) -> str:
    """Why a value is none of its type, as Go prints the two; nothing where it is one."""
    kind = type.kind if not type.format or type.format == "byte" else FORMATTED.get(type.kind)
    found = EXPECTED.get(kind or type.kind)
    if found is None or (type.is_custom and type.kind == "int-or-string"):
        return ""
    words, classes = found
    is_bool = isinstance(value, bool)
    if isinstance(value, classes) and (not is_bool or bool in classes):
        return ""
    got = held(value)
    if words == STRING:
        got = held_literal(value)
    elif words == NUMERIC:
        got = go_type(value)
    return f"expected {words}, got {got}"


def _nameless(type: Shape, element: Any) -> str:
    """Why an element can have no name in a list whose elements have owners of their own."""
    if type.list_keys:
        if isinstance(element, dict):
            return ""
        what = "a null element" if element is None else "non-map elements"
        return f"associative list with keys may not have {what}"
    if isinstance(element, list):
        return "not supported: associative list with lists as elements"
    what = {dict: "a map type", NoneType: "an explicit null"}.get(element.__class__, "")
    return what and f"associative list without keys has an element that's {what}"


def _faults_of_fields(type: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    is_closed = type.kind == "object" and bool(type.fields) and not type.preserves_unknown
    for name, part in sorted(value.items()):
        if is_closed and name not in type.fields:
            yield f"{path}.{name}", "field not declared in schema"
        else:
            yield from _faults(of_field(type, name), part, f"{path}.{name}")


def _faults_of_elements(type: Shape, value: Any, path: str) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, element in enumerate(value):
        name = element_name(type, element) if has_owned_parts(type, value) else f"i:{place}"
        if has_owned_parts(type, value) and (words := _nameless(type, element)):
            yield path, f"element {place}: {words}"
            return
        if name is None:
            keys = " ".join(f'"{key}"' for key in type.list_keys)
            yield (
                path,
                (
                    f"element {place}: associative list with keys has an element that omits "
                    f"all key fields [{keys}] (and doesn't have default values for any key fields)"
                ),
            )
            continue
        if name in seen:
            yield path, f"duplicate entries for key {element_text(name)}"
        seen.add(name)
        yield from _faults(type.element, element, path + element_text(name))
