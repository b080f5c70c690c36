"""Whether a configuration can be applied at all: the typed patch of a real API server.

It knows types, and no managers. Sources: structured-merge-diff's `typed/validate.go` (v6) and
apimachinery's `util/managedfields/internal/structuredmerge.go` (v1.35), with their words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.patches.elements import element_name
from labkit.cluster.embedded.apiserver.patches.errors import (
    bad_request,
    go,
    go_literal,
    go_type,
    unforeseen,
)
from labkit.cluster.embedded.apiserver.patches.fieldsets import element_text
from labkit.cluster.embedded.apiserver.patches.shape import Shape, has_owned_parts, of_field


def check_applied(type: Shape | None, applied: Any, api_version: str) -> None:
    """Raises BadPatch if the configuration cannot be applied.

    400 for what is no object of this version, or carries managedFields; 500, as the real one, for
    fields that the schema does not have and for elements that cannot be told apart.
    """
    if not isinstance(applied, dict):
        raise bad_request("error decoding YAML: the patch is not an object")
    if applied.get("apiVersion") != api_version:
        raise bad_request(
            "Incorrect version specified in apply patch. Specified patch version: "
            f"{applied.get('apiVersion', '')}, expected: {api_version}"
        )
    metadata = applied.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    faults = [f"{path}: {words}" for path, words in _faults(type, applied, "")]
    if faults:
        raise unforeseen(f"failed to create typed patch object ({_which(applied)}): {_all(faults)}")


def typed_errors(type: Shape | None, value: Any) -> str:
    """What is wrong with a value of this type, its scalars included; empty for nothing."""
    faults = [f"{path}: {words}" for path, words in _faults(type, value, "", _misfit)]
    return _all(faults) if faults else ""


def _which(applied: dict[str, Any]) -> str:
    metadata = applied.get("metadata") or {}
    group, slash, version = str(applied.get("apiVersion")).rpartition("/")
    gvk = f"{group}{slash or '/'}{version}, Kind={applied.get('kind', '')}"
    return f"{metadata.get('namespace', '')}/{metadata.get('name', '')}; {gvk}"


def _all(faults: list[str]) -> str:
    return faults[0] if len(faults) == 1 else "errors:\n" + "\n".join(f"  {f}" for f in faults)


def _no_misfit(type: Shape, value: Any) -> str:
    """Nothing: what is applied was decoded before."""
    return ""


def _misfit(type: Shape, value: Any) -> str:
    """Why a value is not of this kind."""
    if type.kind in ("object", "map"):
        return f"expected map, got &{{{go(value)}}}"
    if type.kind == "list":
        return f"expected list, got &{{{go(value)}}}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if type.kind in ("integer", "number"):
        return "" if is_number else f"expected numeric (int or float), got {go_type(value)}"
    if type.kind in ("string", "boolean"):
        is_right = isinstance(value, str if type.kind == "string" else bool)
        held = f"&value.valueUnstructured{{Value:{go_literal(value)}}}"
        return "" if is_right else f"expected {type.kind}, got {held}"
    is_scalar = type.kind == "any" or isinstance(value, str | int | float)
    return "" if is_scalar else f"expected any scalar, got &{{{go(value)}}}"


Misfit = Callable[[Shape, Any], str]


def _faults(
    type: Shape | None, value: Any, path: str, misfit: Misfit = _no_misfit
) -> Iterator[tuple[str, str]]:
    if type is None or value is None:
        return
    if isinstance(value, dict) and type.kind in ("object", "map"):
        yield from _faults_of_fields(type, value, path, misfit)
    elif isinstance(value, list) and type.kind == "list":
        yield from _faults_of_elements(type, value, path, misfit)
    elif words := misfit(type, value):
        yield path, words


def _faults_of_fields(
    type: Shape, value: Any, path: str, misfit: Misfit
) -> Iterator[tuple[str, str]]:
    is_closed = type.kind == "object" and bool(type.fields) and not type.preserves_unknown
    for name, part in value.items():
        if is_closed and name not in type.fields:
            yield f"{path}.{name}", "field not declared in schema"
        else:
            yield from _faults(of_field(type, name), part, f"{path}.{name}", misfit)


def _faults_of_elements(
    type: Shape, value: Any, path: str, misfit: Misfit
) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for place, element in enumerate(value):
        name = element_name(type, element) if has_owned_parts(type, value) else f"i:{place}"
        if name is None:
            keys = " ".join(f'"{key}"' for key in type.list_keys)
            yield (
                path,
                (
                    f"element {place}: associative list with keys has an element that omits "
                    f"all key fields [{keys}] (default values: none)"
                ),
            )
            continue
        if name in seen:
            yield path, f"duplicate entries for key {element_text(name)}"
        seen.add(name)
        yield from _faults(type.element, element, path + element_text(name), misfit)
