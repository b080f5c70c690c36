"""Fields that a type does not have."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cluster.embedded.schema import prune, unknown_fields
from labkit.cluster.embedded.store.frozen import freeze
from tests.cluster.schema.support import (
    POD,
    kind,
    pod,
    pod_type,
    spoiled,
    widget,
    widget_type,
)

STEP = re.compile(r"\[(\d+)\]|\.?([^.\[]+)")


def test_a_good_object_has_none_and_stays_the_same_object() -> None:
    assert unknown_fields(pod_type(), POD) == []
    assert prune(pod_type(), POD) is POD


def test_paths_are_those_of_the_strict_decoder() -> None:
    bad = pod()
    bad["spec"]["containers"][1]["imagee"] = "x"
    bad["spec"]["containers"][0]["resources"]["foo"] = {"bar": 1}
    bad["spec"]["zone"] = "a"
    bad["extra"] = 1
    assert unknown_fields(pod_type(), bad) == [
        "spec.containers[0].resources.foo",
        "spec.containers[1].imagee",
        "spec.zone",
        "extra",
    ]


def test_a_name_in_other_case_is_another_name() -> None:
    assert unknown_fields(pod_type(), {"Spec": {}}) == ["Spec"]


def test_keys_of_maps_are_nobodys_business() -> None:
    secret = {"data": {"any.key": "YQ=="}, "stringData": {"x": "y"}}
    assert unknown_fields(kind("", "v1", "Secret"), secret) == []


def test_pruning_changes_nothing_in_place() -> None:
    bad = pod()
    bad["spec"]["zone"] = "a"
    before = copy.deepcopy(bad)
    assert prune(pod_type(), bad) == POD
    assert bad == before
    assert prune(pod_type(), freeze(bad)) == POD


def test_what_is_of_the_wrong_type_is_left_alone() -> None:
    assert unknown_fields(pod_type(), {"spec": [], "metadata": "x"}) == []
    assert prune(pod_type(), {"spec": ["x"], "z": 1}) == {"spec": ["x"]}


def test_a_schema_may_keep_what_it_does_not_know() -> None:
    free = widget(free={"any": {"thing": 1}, "known": {"gone": 1}}, inner={"spec": {"x": 1}})
    assert unknown_fields(widget_type(), free) == ["spec.free.known.gone"]
    kept = prune(widget_type(), free)["spec"]
    assert kept["free"] == {"any": {"thing": 1}, "known": {}}
    assert kept["inner"] == {"spec": {"x": 1}}


def test_metadata_of_a_custom_object_is_every_objects_metadata() -> None:
    bad = widget(inner={"metadata": {"nam": "x"}})
    bad["metadata"]["lables"] = {}
    assert unknown_fields(widget_type(), bad) == ["metadata.lables", "spec.inner.metadata.nam"]


def test_fields_of_managers_and_raw_extensions_are_not_looked_into() -> None:
    managed = {"metadata": {"managedFields": [{"fieldsV1": {"f:spec": {"f:x": {}}}}]}}
    assert unknown_fields(pod_type(), managed) == []
    revision = {"data": {"spec": {"x": 1}}, "revision": 1}
    assert unknown_fields(kind("apps", "v1", "ControllerRevision"), revision) == []


def without(value: Any, path: str) -> None:
    """Deletes what is at a path."""
    steps = [int(index) if index else name for index, name in STEP.findall(path)]
    for step in steps[:-1]:
        value = value[step]
    del value[steps[-1]]


@settings(max_examples=150)
@given(
    st.sampled_from([pod_type(), widget_type()]).flatmap(
        lambda t: st.tuples(st.just(t), spoiled(t))
    )
)
def test_prune_removes_exactly_what_unknown_fields_names(case: Any) -> None:
    type_, value = case
    expected = copy.deepcopy(value)
    for path in unknown_fields(type_, value):
        without(expected, path)
    pruned = prune(type_, value)
    assert pruned == expected
    assert unknown_fields(type_, pruned) == []
