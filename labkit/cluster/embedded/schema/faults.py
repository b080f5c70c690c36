"""What a schema says against a value, in the words of a real API server.

For the kinds of CRDs this is all there is: types, required, enum, minimum, pattern and the
others. For the kinds that are built in it is what is required, and no more: their rules are in
`apiserver/kinds`, and a real server does not ask their schemas.

Sources: kube-openapi's pkg/validation, apiextensions-apiserver's pkg/apiserver/validation and
pkg/apiserver/schema/listtype, apimachinery's pkg/util/validation/field, version 1.36.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from labkit.cluster.embedded.schema import limits
from labkit.cluster.embedded.schema.embedded import identity_faults
from labkit.cluster.embedded.schema.lists import duplicates
from labkit.cluster.embedded.schema.types import Fault, Path, Type, child, show

NO_PATH = "<nil>"
"""Where faults of anyOf and the like are, as a real server says it: their text has the path."""

REQUIRED = "FieldValueRequired"
NOTHING_BEFORE: Any = object()
"""In the place of an old value: there was none, or none that can be told to be the same."""
CLASSES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "map": (dict,), "list": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float), "int-or-string": (int, str),
}  # fmt: skip
TYPE_NAMES = {"map": "object", "list": "array", "int-or-string": "integer,string"}


def faults(type_: Type, value: Any, old: Any = NOTHING_BEFORE) -> list[Fault]:
    """All that the schema says against a value, in the order of the object.

    Objects within a custom resource, and elements that are there twice, come last: the real
    server goes through it again for them.

    Args:
        type_: the schema.
        value: what is held against it.
        old: what it takes the place of. Nothing is said of parts that are as they were: the
            schema may have been another when they were written ("ratcheting"). Elements of lists
            can be told apart by their keys alone.
    """
    found = list(_find(type_, value, "", old))
    if type_.is_custom:
        found += identity_faults(type_, value)
        twice = list(duplicates(type_, value))
        if twice and (old is NOTHING_BEFORE or not any(duplicates(type_, old))):
            found += twice
    return found


def values_faults(type_: Type, value: Any) -> list[Fault]:
    """The same without what is asked of identities, and of elements that are there twice."""
    return list(_find(type_, value, ""))


def _find(type_: Type, value: Any, path: Path, old: Any = NOTHING_BEFORE) -> Iterable[Fault]:
    if type_.is_custom:
        if old is not NOTHING_BEFORE and old == value:
            return ()
        return _find_in_custom(type_, value, path, old)
    if isinstance(value, dict):
        if type_.kind == "object":
            return _find_in_fields(type_, value, path)
        if type_.kind == "map" and type_.element and type_.element.kind == "object":
            return _find_in_elements(type_.element, value.items(), path)
    elif isinstance(value, list) and type_.element and type_.element.kind == "object":
        return _find_in_elements(type_.element, enumerate(value), path)
    return ()


def _find_in_fields(
    type_: Type, value: dict[str, Any], path: Path, old: Any = NOTHING_BEFORE
) -> list[Fault]:
    missing = [
        Fault(child(path, name), "Required value", REQUIRED)
        for name in type_.required
        if name not in value
    ]
    found = [] if type_.is_custom else missing
    fields, was = type_.fields, old if isinstance(old, dict) else {}
    for name, part in value.items():
        field = fields.get(name)
        if field is None:
            continue
        if type_.is_custom and not field.is_custom:  # metadata, which has rules of its own
            for inner in part if isinstance(part, dict) else ():
                if inner in field.fields and field.fields[inner].is_custom:
                    found += _find(field.fields[inner], part[inner], f"{child(path, name)}.{inner}")
        elif field.is_custom or isinstance(part, (dict, list)):
            found += _find(field, part, child(path, name), was.get(name, NOTHING_BEFORE))
    return found + missing if type_.is_custom else found


def _find_in_elements(
    element: Type,
    parts: Iterable[tuple[Any, Any]],
    path: Path,
    old_of: Callable[[Any, Any], Any] | None = None,
) -> list[Fault]:
    found: list[Fault] = []
    for key, part in parts:
        below = f"{path}[{key}]" if isinstance(key, int) else child(path, key)
        found += _find(element, part, below, old_of(key, part) if old_of else NOTHING_BEFORE)
    return found


def _find_in_custom(
    type_: Type, value: Any, path: Path, old: Any = NOTHING_BEFORE
) -> Iterator[Fault]:
    """In the order in which a real server's validators ask."""
    if value is None:
        if type_.kind != "any" and not type_.nullable:
            yield _wrong_type(type_, value, path)
        return
    if not _is_of(type_, value):
        yield _wrong_type(type_, value, path)
    yield from _find_in_junctors(type_, value, path)
    yield from limits.faults_of_scalar(type_, value, path)
    if isinstance(value, list):
        if type_.element:
            yield from _find_in_elements(
                type_.element, enumerate(value), path, _by_keys(type_, old)
            )
        yield from limits.faults_of_list(type_, value, path)
    yield from limits.faults_of_enum(type_, value, path)
    if isinstance(value, dict):
        yield from limits.faults_of_object(type_, value, path)
        yield from _find_in_fields(type_, value, path, old)
        if type_.element:
            was = old if isinstance(old, dict) else {}
            yield from _find_in_elements(
                type_.element, value.items(), path, lambda key, _: was.get(key, NOTHING_BEFORE)
            )


def _by_keys(type_: Type, old: Any) -> Callable[[Any, Any], Any] | None:
    """What finds the element that was there, in a list whose elements have keys."""
    if type_.list_type != "map" or not isinstance(old, list):
        return None

    def key_of(one: Any) -> str:
        return show([one.get(key) for key in type_.list_keys]) if isinstance(one, dict) else ""

    known = {key_of(one): one for one in old}
    return lambda _, part: known.get(key_of(part), NOTHING_BEFORE)


def _is_of(type_: Type, value: Any) -> bool:
    """Whether a value is of its type; a number without a fraction is an integer."""
    classes = CLASSES.get(type_.kind)
    if classes is None:
        return True
    if isinstance(value, bool):
        return type_.kind == "boolean"
    if isinstance(value, int) and not limits.is_int64(value):
        return float in classes
    if isinstance(value, float) and int in classes:
        return float in classes or (value.is_integer() and limits.is_int64(int(value)))
    return isinstance(value, classes)


def _wrong_type(type_: Type, value: Any, path: Path) -> Fault:
    got = limits.json_schema_type(value)
    wanted = TYPE_NAMES.get(type_.kind, type_.kind)
    if type_.format and got == "number":
        wanted, got = type_.format, "float64"
    elif type_.format and got == "integer" and type_.kind == "string":
        wanted, got = type_.format, "int64"
    said = limits.in_body(path, f'must be of type {wanted}: "{got}"')
    return Fault(path, f'Invalid value: "{got}": {said}', "FieldValueTypeInvalid")


def _find_in_junctors(type_: Type, value: Any, path: Path) -> Iterator[Fault]:
    said = type_.limits
    if "anyOf" in said:
        yield from _find_in_any_of(said["anyOf"], value, path)
    if "oneOf" in said:
        yield from _find_in_one_of(said["oneOf"], value, path)
    if "allOf" in said:
        below = [list(_find(part, value, path)) for part in said["allOf"]]
        if any(below):
            yield from (fault for part in below for fault in part)
            none = "" if not all(below) else ". None validated"
            yield _against(f'"{path}" must validate all the schemas (allOf){none}')
    if "not" in said and not list(_find(said["not"], value, path)):
        yield _against(f'"{path}" must not validate the schema (not)')


def _find_in_any_of(parts: list[Type], value: Any, path: Path) -> Iterator[Fault]:
    below = [list(_find(part, value, path)) for part in parts]
    if all(below):
        yield _against(f'"{path}" must validate at least one schema (anyOf)')
        yield from min(below, key=len)


def _find_in_one_of(parts: list[Type], value: Any, path: Path) -> Iterator[Fault]:
    below = [list(_find(part, value, path)) for part in parts]
    valid = below.count([])
    if valid != 1:
        how = f"Found {valid} valid alternatives" if valid else "Found none valid"
        yield _against(f'"{path}" must validate one and only one schema (oneOf). {how}')
    if not valid:
        yield from min(below, key=len)


def _against(text: str) -> Fault:
    return Fault(NO_PATH, f'Invalid value: "": {text}')
