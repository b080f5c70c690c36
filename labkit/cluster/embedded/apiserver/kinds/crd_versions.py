"""The versions of a custom resource definition: subresources, columns, selectable fields.

What all versions say alike is said of the definition as a whole: so the real server keeps it, and
so it names the places of faults (`spec.validation…`, though no such field is in v1). Sources:
apiextensions-apiserver `pkg/apis/apiextensions/v1/conversion.go` and `validation/validation.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import faults as f
from .names import dns1035_label
from .rules import Faults, Object, items, part

_SHARED = {
    "schema": "validation",
    "subresources": "subresources",
    "additionalPrinterColumns": "additionalPrinterColumns",
    "selectableFields": "selectableFields",
}
"""A field of a version, and where it is when all versions have the same."""
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = (*("byte", "date", "date-time", "double", "float", "int32", "int64", "password"),)
_MOST_SELECTABLE = 8
_LONGEST_WARNING = 256
_SELECTABLE = ("string", "boolean", "integer")


def is_shared(spec: Object, name: str) -> bool:
    """Whether all versions say the same of this."""
    said = [version.get(name) for version in spec.get("versions") or ()]
    return bool(said) and all(one == said[0] for one in said)


def place(spec: Object, number: int, name: str) -> str:
    """The path under which the real server speaks of a field of a version."""
    if is_shared(spec, name):
        return f"spec.{_SHARED[name]}"
    return f"spec.versions[{number}].{name}"


def versions(spec: Object, path: str, faults: Faults) -> None:
    """The versions, what each says for itself, and how they go together."""
    there = spec.get("versions") or []
    for version, own_path in items(spec, "versions", path):
        if part(version, "schema.openAPIV3Schema") is None:
            faults.append(f.required(f"{own_path}.schema.openAPIV3Schema"))
    for number, (version, own_path) in enumerate(items(spec, "versions", path)):
        name = version.get("name") or ""
        if wrong := dns1035_label(name):
            faults.append(f.invalid(f"{own_path}.name", name, ",".join(wrong)))
        _deprecation(version, f"{own_path}.deprecationWarning", faults)
        for field, check in _CHECKS.items():
            if not is_shared(spec, field):
                check(version, place(spec, number, field), faults)
    names = [version.get("name") or "" for version in there]
    shown = [_as_kept(spec, version) for version in there] or spec.get("versions")
    if len(set(names)) < len(names):
        faults.append(f.invalid(f"{path}.versions", shown, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in there) != 1:
        message = "must have exactly one version marked as storage version"
        faults.append(f.invalid(f"{path}.versions", shown, message))
    if names and names[0] and (wrong := dns1035_label(names[0])):
        faults.append(f.invalid(f"{path}.version", names[0], ",".join(wrong)))


def shared(spec: Object, path: str, faults: Faults) -> None:
    """What all versions say alike."""
    for field, check in _CHECKS.items():
        if is_shared(spec, field):
            check(spec["versions"][0], f"{path}.{_SHARED[field]}", faults)


def _as_kept(spec: Object, version: Object) -> Object:
    """A version as Go shows it: all fields of its type, those that are shared empty."""
    kept = f.InOrder()
    for name, default in (
        ("name", ""),
        ("served", False),
        ("storage", False),
        ("deprecated", False),
        ("deprecationWarning", None),
        ("schema", None),
        ("subresources", None),
        ("additionalPrinterColumns", None),
        ("selectableFields", None),
    ):
        said = None if name in _SHARED and is_shared(spec, name) else version.get(name)
        kept[name[0].upper() + name[1:]] = default if said is None else said
    return kept


def _deprecation(version: Object, path: str, faults: Faults) -> None:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        faults.append(f.invalid(path, warning, "can only be set for deprecated versions"))
        return
    if len(warning.encode()) > _LONGEST_WARNING:
        message = f"must be <= {_LONGEST_WARNING} characters long"
        faults.append(f.invalid(path, warning, message))
    if not warning:
        faults.append(f.invalid(path, warning, "must not be an empty string"))
    for index, letter in enumerate(warning):
        if not letter.isprintable():
            where = len(warning[:index].encode())
            message = (
                "must only contain printable UTF-8 characters; "
                f"non-printable character found at index {where}"
            )
            faults.append(f.invalid(path, warning, message))
            break


def _subresources(version: Object, path: str, faults: Faults) -> None:
    scale = (version.get("subresources") or {}).get("scale")
    if scale is None:
        return
    for name, *under in (("specReplicasPath", "spec"), ("statusReplicasPath", "status")):
        if text := scale.get(name):
            _scale_path(text, f"{path}.scale.{name}", f"under .{under[0]}", under, faults)
        else:
            faults.append(f.required(f"{path}.scale.{name}"))
    if text := scale.get("labelSelectorPath"):
        words = "under either .spec or .status"
        _scale_path(text, f"{path}.scale.labelSelectorPath", words, ["spec", "status"], faults)


def _scale_path(text: str, path: str, words: str, under: list[str], faults: Faults) -> None:
    if not _simple_path(text, path, faults):
        return
    if not text.startswith(tuple(f".{one}." for one in under)):
        faults.append(f.invalid(path, text, f"should be a json path {words}"))


def _simple_path(text: str, path: str, faults: Faults) -> bool:
    if text.startswith("."):
        return True
    faults.append(f.invalid(path, text, "must be a simple json path starting with ."))
    return False


def _columns(version: Object, path: str, faults: Faults) -> None:
    known = ",".join(_COLUMN_TYPES)
    for column, own_path in f_items(version, "additionalPrinterColumns", path):
        if not column.get("name"):
            faults.append(f.required(f"{own_path}.name"))
        kind, form = column.get("type") or "", column.get("format") or ""
        if not kind:
            faults.append(f.required(f"{own_path}.type", f"must be one of {known}"))
        elif kind not in _COLUMN_TYPES:
            faults.append(f.invalid(f"{own_path}.type", kind, f"must be one of {known}"))
        if form and form not in _COLUMN_FORMATS:
            message = f"must be one of {','.join(_COLUMN_FORMATS)}"
            faults.append(f.invalid(f"{own_path}.format", form, message))
        if text := column.get("jsonPath"):
            _simple_path(text, f"{own_path}.JSONPath", faults)
        else:
            faults.append(f.required(f"{own_path}.JSONPath"))


def _selectable(version: Object, path: str, faults: Faults) -> None:
    schema = part(version, "schema.openAPIV3Schema") or {}
    seen: set[str] = set()
    for field, own_path in f_items(version, "selectableFields", path):
        text, where = field.get("jsonPath") or "", f"{own_path}.jsonPath"
        if not text:
            faults.append(f.required(where))
            continue
        found, why = _at(schema, text)
        if why:
            faults.append(f.invalid(where, text, f"is an invalid path: {why}"))
            continue
        if text.startswith(".metadata"):
            faults.append(f.invalid(where, text, "must not point to fields in metadata"))
        if found.get("type") not in _SELECTABLE:
            message = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            faults.append(f.invalid(where, text, message))
        if text in seen:
            faults.append(f.duplicate(where, text))
        seen.add(text)
    if len(seen) > _MOST_SELECTABLE:
        faults.append(f.too_many(path, len(seen), _MOST_SELECTABLE))


def _at(schema: Object, text: str) -> tuple[Object, str]:
    """The schema that a simple path leads to, or why it leads nowhere."""
    if not text.startswith(".") or "[" in text:
        return {}, _bad_start(text)
    for name in text[1:].split("."):
        fields = schema.get("properties") or {}
        below = fields.get(name, schema.get("additionalProperties"))
        if not isinstance(below, dict):
            return {}, "does not refer to a valid field"
        schema = below
    return schema, ""


def _bad_start(text: str) -> str:
    if text[0] in ".[":
        return "array notation is not allowed"
    return f"expected [ or . but got: {text.partition('.')[0]}"


def f_items(version: Object, name: str, path: str) -> list[tuple[Any, str]]:
    """The elements of a list of a version, each with its path."""
    return [(one or {}, f"{path}[{index}]") for index, one in enumerate(version.get(name) or ())]


_CHECKS: dict[str, Callable[[Object, str, Faults], None]] = {
    "subresources": _subresources,
    "additionalPrinterColumns": _columns,
    "selectableFields": _selectable,
}
