from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds.tables import (
    BadPath,
    from_printer_columns,
    read_path,
)

from .printing import NOW, ago, meta

OBJECT: dict[str, Any] = {
    "metadata": meta("cake", annotations={"a.b/c": "note"}),
    "spec": {"size": 3, "price": 2.5, "vegan": True, "since": ago(hours=2), "tags": ["a", "b"]},
    "never": {"empty": "", "null": "null", "zero": None},
    "status": {
        "conditions": [
            {"type": "Synced", "status": "False", "weight": 1},
            {"type": "Ready", "status": "True", "weight": 5, "last": True},
        ],
        "layers": {"top": "cream"},
    },
}


def cell(type_: str, path: str) -> Any:
    table = from_printer_columns([{"name": "It", "type": type_, "jsonPath": path}])
    return table.row(OBJECT, NOW)[1]


@pytest.mark.parametrize(
    ("type_", "path", "expected"),
    [
        ("string", ".spec.size", "3"),
        ("string", ".spec.price", "2.5"),
        ("string", ".spec.vegan", "true"),
        ("string", ".spec.tags", '["a","b"]'),
        ("string", ".status.layers", '{"top":"cream"}'),
        ("string", ".spec.nothing", None),
        ("string", ".spec.size.more", None),
        ("integer", ".spec.size", 3),
        ("integer", ".spec.price", 2),
        ("integer", ".spec.vegan", None),
        ("integer", ".metadata.name", None),
        ("number", ".spec.size", 3.0),
        ("number", ".spec.price", 2.5),
        ("boolean", ".spec.vegan", True),
        ("boolean", ".spec.size", None),
        ("date", ".spec.since", "120m"),
        ("date", ".metadata.creationTimestamp", "5m"),
        ("date", ".metadata.name", "<invalid>"),
        ("date", ".spec.size", None),
        ("date", ".never.empty", "<unknown>"),
        ("date", ".never.null", "<unknown>"),
        ("date", ".never.zero", None),
        ("colour", ".spec.size", None),
        ("string", '.status.conditions[?(@.type=="Ready")].status', "True"),
        ("string", ".status.conditions[?(@.type == 'Synced')].status", "False"),
        ("string", '.status.conditions[?(@.type!="Ready")].type', "Synced"),
        ("string", ".status.conditions[?(@.weight>2)].type", "Ready"),
        ("string", ".status.conditions[?(@.weight<=1)].type", "Synced"),
        ("string", ".status.conditions[?(@.last==true)].type", "Ready"),
        ("string", ".status.conditions[?(@.last==false)].type", None),
        ("string", ".status.conditions[?(@.type>2)].type", None),
        ("string", ".status.conditions[?(@.missing)].type", None),
        ("string", ".status.conditions[?(@.type)].type", "Synced"),
        ("string", '.status.conditions[?(@.type=="None")].status', None),
        ("string", ".status.conditions[0].type", "Synced"),
        ("string", ".status.conditions[-1].type", "Ready"),
        ("string", ".status.conditions[2].type", None),
        ("string", ".status.conditions[*].type", "Synced"),
        ("string", ".status.layers.*", "cream"),
        ("string", ".status['layers'].top", "cream"),
        ("string", r".metadata.annotations.a\.b/c", "note"),
        ("string", ".metadata.annotations['a.b/c']", "note"),
    ],
)
def test_a_column_of_a_crd_finds_its_cell(type_: str, path: str, expected: Any) -> None:
    found = cell(type_, path)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.14159265, "3.14159265"),
        (0.5, "0.5"),
        (1234567.5, "1.2345675e+06"),
        (0.00001, "1e-05"),
        (0.0001, "0.0001"),
        (-20.0, "-20"),
    ],
)
def test_a_number_shown_as_text_is_as_go_prints_it(value: float, text: str) -> None:
    table = from_printer_columns([{"name": "It", "type": "string", "jsonPath": ".v"}])
    assert table.row({"v": value}, NOW)[1] == text


def test_a_path_may_find_many() -> None:
    path = read_path("{.status.conditions[?(@.weight>0)].type}")
    assert list(path.find(OBJECT)) == ["Synced", "Ready"]
    assert list(read_path(".").find(OBJECT)) == [OBJECT]


@pytest.mark.parametrize("path", ["spec", ".spec[", ".a[1:2]", "..a", ".a[?(b)]", ".a b"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(BadPath, match="unrecognized JSONPath"):
        from_printer_columns([{"name": "It", "type": "string", "jsonPath": path}])


def test_a_crd_names_its_columns() -> None:
    asked = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "format": "int32"},
        {"name": "Why", "type": "string", "jsonPath": ".a", "description": "d", "priority": 1},
    ]
    name, size, why = from_printer_columns(asked).columns
    assert (name.name, name.format) == ("Name", "name")
    assert (size.type, size.format, size.priority) == ("integer", "int32", 0)
    assert size.description == (
        "Custom resource definition column (in JSONPath format): .spec.size"
    )
    assert (why.description, why.priority) == ("d", 1)


@pytest.mark.parametrize("columns", [None, []])
def test_a_crd_without_columns_shows_the_age(columns: list[dict[str, Any]] | None) -> None:
    table = from_printer_columns(columns)
    assert [(each.name, each.type) for each in table.columns] == [
        ("Name", "string"),
        ("Age", "date"),
    ]
    assert table.row(OBJECT, NOW) == ["cake", "5m"]
