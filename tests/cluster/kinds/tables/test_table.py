from __future__ import annotations

from typing import Any

import kubernetes.client
import orjson
import pytest

from labkit.cluster.embedded.apiserver.kinds.tables import TABLES, table_of, to_table
from labkit.cluster.embedded.store.frozen import freeze

from .printing import NOW, ago, meta

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("a"), "data": {"k": "v"}}


def test_a_table_is_what_clients_read() -> None:
    table = to_table(
        table_of("configmaps"),
        [CONFIG_MAP],
        NOW,
        resource_version="42",
        continue_="more",
        remaining=7,
    )
    assert table["kind"] == "Table"
    assert table["apiVersion"] == "meta.k8s.io/v1"
    assert table["metadata"] == {
        "resourceVersion": "42",
        "continue": "more",
        "remainingItemCount": 7,
    }
    assert table["columnDefinitions"][0] == {
        "name": "Name",
        "type": "string",
        "format": "name",
        "description": "",
        "priority": 0,
    }
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    assert table["rows"] == [
        {"cells": ["a", 1, "5m"], "object": partial | {"metadata": CONFIG_MAP["metadata"]}}
    ]


def test_a_row_carries_as_much_of_its_object_as_is_asked() -> None:
    def carried(**options: Any) -> Any:
        return to_table(table_of("configmaps"), [CONFIG_MAP], NOW, **options)["rows"][0]["object"]

    assert carried(include="Object") == CONFIG_MAP
    assert carried(include="None") is None
    assert carried(version="v1beta1")["apiVersion"] == "meta.k8s.io/v1beta1"


def test_later_events_of_a_watch_have_no_headers() -> None:
    table = to_table(table_of("pods"), [], NOW, headers=False)
    assert table["columnDefinitions"] is None
    assert (table["rows"], table["metadata"]) == ([], {})


def test_a_row_has_its_conditions() -> None:
    pod = {"metadata": meta(), "status": {"phase": "Failed"}}
    assert to_table(table_of("pods"), [pod], NOW)["rows"][0]["conditions"] == [
        {"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}
    ]


def test_a_column_is_described_by_the_field_it_shows() -> None:
    asked = []

    def describe(definition: str, field: str) -> str:
        asked.append((definition, field))
        return f"what {field} is"

    columns = to_table(table_of("pods"), [], NOW, describe=describe)["columnDefinitions"]
    about = {each["name"]: each["description"] for each in columns}
    assert about["IP"] == "what podIP is"
    assert about["Ready"].startswith("How many")
    assert ("io.k8s.api.core.v1.PodStatus", "podIP") in asked
    assert ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "name") in asked


def test_a_kind_without_a_table_shows_when_it_was_made() -> None:
    for resource in ("roles.rbac.authorization.k8s.io", "limitranges"):
        table = table_of(resource)
        assert [(each.name, each.type) for each in table.columns] == [
            ("Name", "string"),
            ("Created At", "date"),
        ]
        assert table.row({"metadata": meta()}, NOW) == ["x", ago(minutes=5)]
        assert table.row({"metadata": {"name": "x"}}, NOW) == ["x", "0001-01-01T00:00:00Z"]


@pytest.mark.parametrize(
    "object", [{}, {"metadata": {"resourceVersion": "7"}}, {"metadata": meta(), "spec": None}]
)
def test_every_table_bears_an_object_that_is_hardly_there(object: dict[str, Any]) -> None:
    for resource, table in TABLES.items():
        row = table.row(freeze(object), NOW)
        # Kubernetes has a cell too many of addresses.
        extra = resource == "ipaddresses.networking.k8s.io"
        assert len(row) == len(table.columns) + extra, resource
        sent = orjson.loads(orjson.dumps(to_table(table, [object], NOW)))
        assert sent["rows"][0]["cells"] == row


def test_every_table_has_one_column_for_the_name() -> None:
    for resource, table in TABLES.items():
        names = [each.name for each in table.columns]
        assert names.count("Name") == 1, resource
        assert len(set(names)) == len(names), resource
        assert {each.priority for each in table.columns} <= {0, 1}
        assert {each.type for each in table.columns} <= {"string", "integer", "boolean", "date"}


def test_columns_show_fields_that_the_official_client_knows() -> None:
    shown = {each.definition for table in TABLES.values() for each in table.columns if each.field}
    assert len(shown) > 100
    assert [each for each in shown if not is_known(*each)] == []


def is_known(definition: str, field: str) -> bool:
    """Whether a model of the official client has the field."""
    group, version, kind = (part[:1].upper() + part[1:] for part in definition.split(".")[-3:])
    names = (f"{version}{kind}", f"{group}{version}{kind}")
    models = (getattr(kubernetes.client, name, None) for name in names)
    return any(model and field in model.attribute_map.values() for model in models)
