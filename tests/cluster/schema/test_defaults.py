"""Defaults of schemas, and what becomes of null."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cluster.embedded.schema import from_crd, set_defaults, wrong_types
from tests.cluster.schema.support import (
    WIDGET_KIND,
    kind,
    pod,
    pod_type,
    spoiled,
    widget,
    widget_type,
)


def defaulted(type_: Any, value: Any) -> Any:
    set_defaults(type_, value)
    return value


def test_a_port_becomes_tcp_and_stays_what_it_is() -> None:
    given_pod = pod()
    given_pod["spec"]["containers"][0]["ports"].append({"containerPort": 53, "protocol": "UDP"})
    ports = defaulted(pod_type(), given_pod)["spec"]["containers"][0]["ports"]
    assert [port["protocol"] for port in ports] == ["TCP", "UDP"]


def test_null_is_absent_for_kinds_that_are_built_in() -> None:
    port = {"containerPort": 80, "protocol": None, "name": None}
    value = {
        "metadata": {"creationTimestamp": None, "labels": {"a": None}},
        "spec": {
            "nodeName": None,
            "overhead": {"cpu": None},
            "containers": [{"args": [None], "ports": [port]}, None],
        },
        "status": None,
    }
    assert defaulted(pod_type(), value) == {
        "metadata": {"labels": {"a": ""}},
        "spec": {
            "overhead": {"cpu": "0"},
            "containers": [
                {"args": [""], "ports": [{"containerPort": 80, "protocol": "TCP"}]},
                {},
            ],
        },
    }


def test_null_within_anything_is_kept() -> None:
    revision = {"data": {"spec": {"x": None}}, "revision": 1}
    assert defaulted(kind("apps", "v1", "ControllerRevision"), revision)["data"] == {
        "spec": {"x": None}
    }


def test_a_custom_object_gets_its_schemas_defaults() -> None:
    value = defaulted(widget_type(), widget(parts=[{"name": "a"}, {"name": "b", "side": "right"}]))
    assert value["spec"] == {
        "size": 1,
        "color": "red",
        "maybe": "yes",
        "parts": [{"name": "a", "side": "left"}, {"name": "b", "side": "right"}],
    }


def test_null_stays_where_it_may_be_and_becomes_the_default_where_not() -> None:
    value = defaulted(widget_type(), widget(maybe=None, color=None, code=None))
    assert value["spec"] == {"size": 1, "maybe": None, "color": "red"}


def test_defaults_are_set_within_defaults_only_where_these_have_been_set() -> None:
    inner = {
        "type": "object",
        "default": {},
        "properties": {"b": {"type": "integer", "default": 1}},
    }
    schema = {"type": "object", "properties": {"a": inner, "c": {**inner, "default": None}}}
    type_ = from_crd(schema, WIDGET_KIND)
    assert defaulted(type_, {}) == {"a": {"b": 1}}
    assert defaulted(type_, {"c": {}}) == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_default_is_a_copy() -> None:
    field = {"type": "array", "items": {"type": "string"}, "default": ["x"]}
    type_ = from_crd({"type": "object", "properties": {"a": field}}, WIDGET_KIND)
    first, second = defaulted(type_, {}), defaulted(type_, {})
    first["a"].append("y")
    assert second == {"a": ["x"]}


def test_false_and_nothing_are_defaults_too() -> None:
    fields = {"a": {"type": "boolean", "default": False}, "b": {"type": "string", "default": ""}}
    type_ = from_crd({"type": "object", "properties": fields}, WIDGET_KIND)
    assert defaulted(type_, {}) == {"a": False, "b": ""}


def test_a_schema_within_itself_is_looked_through() -> None:
    crd = kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    schema = {"type": "object", "properties": {"a": {"type": "string", "format": None}}}
    value = {"spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]}}
    found = defaulted(crd, value)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert found["properties"]["a"] == {"type": "string"}


@settings(max_examples=100)
@given(
    st.sampled_from([pod_type(), widget_type()]).flatmap(
        lambda t: st.tuples(st.just(t), spoiled(t))
    )
)
def test_setting_defaults_twice_is_setting_them_once(case: Any) -> None:
    type_, value = case
    wrong = wrong_types(type_, value)
    set_defaults(type_, value)
    once = copy.deepcopy(value)
    set_defaults(type_, value)
    assert value == once
    assert bool(wrong_types(type_, value)) == bool(wrong)
