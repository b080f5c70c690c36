"""Server-side apply: what is merged, what is owned, and what is removed."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from labkit.cluster.embedded.apiserver.patches import is_unchanged
from labkit.cluster.embedded.apiserver.patches.comparing import applied_fields
from labkit.cluster.embedded.store.frozen import freeze, thaw
from tests.cluster.patches.generating import THING, configurations
from tests.cluster.patches.types import CONFIG_MAP, DEPLOYMENT, POD, WIDGET
from tests.cluster.patches.writing import (
    T1,
    T2,
    T3,
    applied,
    bare,
    config,
    deployment,
    pod,
    sets,
    updated,
    widget,
)


def test_the_first_apply_creates_and_its_manager_has_what_it_said() -> None:
    live = applied(POD, None, pod({"name": "a", "image": "a:1", "command": ["x"]}))
    assert bare(live) == pod({"name": "a", "image": "a:1", "command": ["x"]})
    assert live["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"a"}': {".": {}, "f:command": {}, "f:image": {}, "f:name": {}}
                    }
                }
            },
        }
    ]


def test_maps_are_owned_by_key_and_fields_that_hold_others_are_not_owned() -> None:
    object = config(a="1")
    object["metadata"]["labels"] = {"x": "y"}
    object["metadata"]["annotations"] = {}
    assert sets(applied(CONFIG_MAP, None, object))["one"] == {
        "f:data": {"f:a": {}},
        "f:metadata": {"f:annotations": {}, "f:labels": {"f:x": {}}},
    }


def test_an_apply_leaves_alone_what_it_does_not_mention() -> None:
    live = applied(CONFIG_MAP, None, config(a="1"), "one")
    live = applied(CONFIG_MAP, live, config(b="2"), "two", now=T2)
    assert live["data"] == {"a": "1", "b": "2"}
    assert sets(live) == {"one": {"f:data": {"f:a": {}}}, "two": {"f:data": {"f:b": {}}}}


def test_what_is_not_applied_any_more_is_removed() -> None:
    live = applied(CONFIG_MAP, None, config(a="1", b="2"))
    live = applied(CONFIG_MAP, live, config(b="2"), now=T2)
    assert live["data"] == {"b": "2"}
    assert sets(live) == {"one": {"f:data": {"f:b": {}}}}
    assert live["metadata"]["managedFields"][0]["time"] == T2


def test_the_last_key_of_a_map_takes_the_map_with_it() -> None:
    live = applied(CONFIG_MAP, None, config(a="1"))
    empty = config()
    del empty["data"]
    live = applied(CONFIG_MAP, live, empty, now=T2)
    assert "data" not in live
    assert "managedFields" not in live["metadata"]


def test_what_another_applier_has_as_well_stays() -> None:
    live = applied(CONFIG_MAP, None, config(a="1", b="2"), "one")
    live = applied(CONFIG_MAP, live, config(a="1"), "two", now=T2)
    assert sets(live)["two"] == {"f:data": {"f:a": {}}}
    live = applied(CONFIG_MAP, live, config(b="2"), "one", now=T3)
    assert live["data"] == {"a": "1", "b": "2"}
    assert sets(live) == {"one": {"f:data": {"f:b": {}}}, "two": {"f:data": {"f:a": {}}}}


def test_what_nobody_applied_stays_when_its_neighbours_are_removed() -> None:
    live = applied(POD, None, pod({"name": "a", "image": "1", "command": ["x"]}))
    with_default = thaw(live)
    with_default["spec"]["containers"][0]["imagePullPolicy"] = "Always"
    live = applied(POD, freeze(with_default), pod({"name": "a", "image": "1"}))
    assert live["spec"]["containers"] == [{"name": "a", "image": "1", "imagePullPolicy": "Always"}]


def test_an_element_that_is_not_applied_any_more_goes_as_a_whole() -> None:
    live = applied(POD, None, pod({"name": "a"}, {"name": "b", "image": "1"}))
    with_default = thaw(live)
    with_default["spec"]["containers"][1]["imagePullPolicy"] = "Always"
    live = applied(POD, freeze(with_default), pod({"name": "a"}))
    assert live["spec"]["containers"] == [{"name": "a"}]


def test_a_struct_goes_with_its_last_field_even_if_it_has_defaults() -> None:
    live = applied(POD, None, pod({"name": "a"}, securityContext={"runAsUser": 1}))
    with_default = thaw(live)
    with_default["spec"]["securityContext"]["privileged"] = False
    live = applied(POD, freeze(with_default), pod({"name": "a"}))
    assert live["spec"] == {"containers": [{"name": "a"}]}


def test_an_element_that_another_has_stays_without_ones_own_fields() -> None:
    live = applied(POD, None, pod({"name": "a", "image": "1", "command": ["x"]}), "one")
    live = applied(POD, live, pod({"name": "a", "image": "1"}), "two")
    live = applied(POD, live, pod(), "one")
    assert live["spec"]["containers"] == [{"name": "a", "image": "1"}]
    assert sets(live).keys() == {"two"}


def test_values_of_a_set_are_owned_each() -> None:
    live = applied(WIDGET, None, widget(tags=["a", "b"]), "one")
    live = applied(WIDGET, live, widget(tags=["b", "c"]), "two")
    assert live["spec"]["tags"] == ["a", "b", "c"]
    live = applied(WIDGET, live, widget(tags=[]), "one")
    assert live["spec"]["tags"] == ["b", "c"]


def test_elements_stand_as_applied_and_others_stay_where_they_were() -> None:
    live = applied(WIDGET, None, widget(parts=[{"id": name} for name in "abcd"]), "one")
    live = applied(WIDGET, live, widget(parts=[{"id": name} for name in "dxb"]), "two")
    assert [part["id"] for part in live["spec"]["parts"]] == ["a", "c", "d", "x", "b"]


def test_atomic_parts_are_replaced_as_a_whole() -> None:
    live = applied(DEPLOYMENT, None, deployment(selector={"matchLabels": {"a": "b"}}))
    live = applied(DEPLOYMENT, live, deployment(selector={"matchLabels": {"c": "d"}}))
    assert live["spec"] == {"selector": {"matchLabels": {"c": "d"}}}
    assert sets(live)["one"] == {"f:spec": {"f:selector": {}}}


def test_null_is_owned_and_unsets() -> None:
    live = applied(DEPLOYMENT, None, deployment(replicas=3, paused=True))
    live = applied(DEPLOYMENT, live, deployment(replicas=None, paused=True))
    assert live["spec"] == {"paused": True}
    assert sets(live)["one"] == {"f:spec": {"f:paused": {}, "f:replicas": {}}}


def test_the_same_apply_again_changes_nothing_not_even_a_time() -> None:
    live = applied(CONFIG_MAP, None, config(a="1"), "one")
    assert applied(CONFIG_MAP, live, config(a="1"), "one", now=T3) == live


def test_an_apply_of_another_version_is_the_same_entry() -> None:
    live = applied(WIDGET, None, widget(size=1))
    later = {**widget(size=1), "apiVersion": "lab.example/v2"}
    live = applied(WIDGET, live, later, api_version="lab.example/v2", now=T2)
    assert [(e["apiVersion"], e["time"]) for e in live["metadata"]["managedFields"]] == [
        ("lab.example/v2", T2)
    ]


def test_a_subresource_has_an_entry_of_its_own_and_cannot_set_the_rest() -> None:
    live = applied(WIDGET, None, widget(size=1), not_settable=("status",))
    status = {**widget(size=9), "status": {"phase": "x"}}
    live = applied(WIDGET, live, status, subresource="status", not_settable=("spec",))
    assert (live["spec"], live["status"]) == ({"size": 1}, {"phase": "x"})
    assert [(e.get("subresource"), e["fieldsV1"]) for e in live["metadata"]["managedFields"]] == [
        (None, {"f:spec": {"f:size": {}}}),
        ("status", {"f:status": {"f:phase": {}}}),
    ]


def test_elements_of_one_name_in_the_live_list_give_way_to_an_applied_one() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]
    live = updated(POD, None, pod({"name": "a", "env": twice}), "create")
    config = pod({"name": "a", "env": [{"name": "A", "value": "3"}]})
    live = applied(POD, live, config, force=True)
    assert live["spec"]["containers"][0]["env"] == [{"name": "A", "value": "3"}, {"name": "B"}]


def test_elements_of_one_name_stay_where_another_one_is_applied() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    live = updated(POD, None, pod({"name": "a", "env": twice}), "create")
    live = applied(POD, live, pod({"name": "a", "env": [{"name": "B"}]}))
    assert live["spec"]["containers"][0]["env"] == [*twice, {"name": "B"}]


def test_a_map_that_another_has_but_nothing_is_left_of_is_not_shown() -> None:
    labelled, empty = config(a="1"), config(a="1")
    labelled["metadata"]["labels"] = {"x": "y"}
    empty["metadata"]["labels"] = {}
    live = applied(CONFIG_MAP, None, labelled, "one")
    live = applied(CONFIG_MAP, live, empty, "two")
    live = applied(CONFIG_MAP, live, config(a="1"), "one")
    assert "labels" not in live["metadata"]


def test_a_write_that_only_changes_times_need_not_be_written() -> None:
    live = applied(CONFIG_MAP, None, config(a="1"))
    again = thaw(live)
    again["metadata"]["managedFields"][0]["time"] = T3
    assert is_unchanged(live, again)
    again["metadata"]["managedFields"][0]["manager"] = "other"
    assert not is_unchanged(live, again)


@given(configurations())
def test_any_object_can_be_applied_and_again_without_a_change(object: Any) -> None:
    live = applied(THING, None, object)
    assert applied(THING, live, object, now=T3) == live


@given(configurations(), configurations())
def test_what_was_applied_and_is_no_more_is_gone(first: Any, second: Any) -> None:
    live = applied(THING, None, first, "one")
    result = applied(THING, live, second, "one")
    assert applied_fields(THING, bare(result)) == applied_fields(THING, second)
