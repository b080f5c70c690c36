"""Server-side apply: merging, ownership, conflicts, and what is removed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from labkit.cluster.embedded.apiserver.patches import (
    BadPatch,
    Conflicts,
    apply,
    is_unchanged,
    managed_fields,
)
from labkit.cluster.embedded.apiserver.patches.comparing import applied_fields
from labkit.cluster.embedded.apiserver.patches.errors import Cause
from labkit.cluster.embedded.apiserver.patches.fieldsets import difference
from labkit.cluster.embedded.apiserver.patches.managers import without_nobodys
from labkit.cluster.embedded.store.frozen import freeze, thaw
from tests.cluster.patches.generating import THING, configurations
from tests.cluster.patches.types import CONFIG_MAP, DEPLOYMENT, POD, WIDGET, Node

T1, T2, T3 = "2026-11-01T10:00:00Z", "2026-11-01T10:00:01Z", "2026-11-01T10:00:02Z"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def version(type: Node) -> str:
    assert type.gvk is not None
    return f"{type.gvk[0]}/{type.gvk[1]}".lstrip("/")


def applied(
    type: Node, live: Any, config: Any, manager: str = "one", force: bool = False, **options: Any
) -> Any:
    """The stored object after an apply, frozen."""
    options = {"api_version": version(type), "now": T1, **options}
    return freeze(apply(type, live, config, manager, force=force, **options))


def updated(type: Node, live: Any, after: Any, manager: str, **options: Any) -> Any:
    """The stored object after an update, frozen."""
    options = {"api_version": version(type), "now": T1, **options}
    entries = managed_fields(type, live, after, manager, **options)
    return freeze({**after, "metadata": {**after["metadata"], "managedFields": entries}})


def sets(object: Any) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in object["metadata"].get("managedFields", [])}


def bare(object: Any) -> Any:
    """An object without its managedFields."""
    object = thaw(object)
    object["metadata"].pop("managedFields", None)
    return object


def config(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def pod(*containers: Any, **spec: Any) -> dict[str, Any]:
    spec = {"containers": list(containers), **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def deployment(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def widget(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lab.example/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": spec,
    }


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


def test_one_conflict_is_told_in_kubernetes_words() -> None:
    live = updated(DEPLOYMENT, None, deployment(replicas=1), "kubectl-client-side-apply")
    with pytest.raises(Conflicts) as caught:
        applied(DEPLOYMENT, live, deployment(replicas=3), "kubectl")
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: '
        ".spec.replicas"
    )
    assert caught.value.causes == (
        Cause(".spec.replicas", 'conflict with "kubectl-client-side-apply" using apps/v1'),
    )


def test_many_conflicts_are_told_by_manager() -> None:
    live = applied(POD, None, pod({"name": "a", "image": "1"}), "one")
    live = applied(POD, live, pod({"name": "b", "image": "1", "command": ["x"]}), "two")
    live = updated(POD, live, {**bare(live), "status": {"phase": "x"}}, "k", subresource="status")
    changed = pod({"name": "a", "image": "2"}, {"name": "b", "image": "2", "command": ["y"]})
    with pytest.raises(Conflicts) as caught:
        applied(POD, live, {**changed, "status": {"phase": "y"}}, "three")
    assert caught.value.message == (
        'Apply failed with 4 conflicts: conflicts with "k" with subresource "status" using v1:\n'
        "- .status.phase\n"
        'conflicts with "one":\n'
        '- .spec.containers[name="a"].image\n'
        'conflicts with "two":\n'
        '- .spec.containers[name="b"].command\n'
        '- .spec.containers[name="b"].image'
    )


def test_an_equal_value_is_no_conflict_but_shared() -> None:
    live = updated(DEPLOYMENT, None, deployment(replicas=1), "kubectl-create")
    live = applied(DEPLOYMENT, live, deployment(replicas=1), "one")
    assert sets(live) == {
        "one": {"f:spec": {"f:replicas": {}}},
        "kubectl-create": {"f:spec": {"f:replicas": {}}},
    }


def test_force_takes_the_field() -> None:
    live = updated(DEPLOYMENT, None, deployment(replicas=1, paused=True), "kubectl-create")
    live = applied(DEPLOYMENT, live, deployment(replicas=3), "one", force=True)
    assert live["spec"] == {"replicas": 3, "paused": True}
    assert sets(live) == {
        "one": {"f:spec": {"f:replicas": {}}},
        "kubectl-create": {"f:spec": {"f:paused": {}}},
    }


def test_an_update_by_an_applier_is_another_entry_and_may_conflict_with_it() -> None:
    live = applied(DEPLOYMENT, None, deployment(replicas=1), "one")
    live = updated(DEPLOYMENT, live, {**bare(live), "spec": {"replicas": 5}}, "one")
    assert [e["operation"] for e in live["metadata"]["managedFields"]] == ["Update"]
    with pytest.raises(Conflicts, match='conflict with "one" using apps/v1: '):
        applied(DEPLOYMENT, live, deployment(replicas=1), "one")


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


def test_what_was_there_before_the_first_apply_has_a_manager_of_that_name() -> None:
    live = freeze(deployment(replicas=1, paused=True))
    with pytest.raises(Conflicts, match='conflict with "before-first-apply" using apps/v1'):
        applied(DEPLOYMENT, live, deployment(replicas=3))
    live = applied(DEPLOYMENT, live, deployment(replicas=1))
    assert sets(live) == {
        "one": {"f:spec": {"f:replicas": {}}},
        "before-first-apply": {"f:spec": {"f:paused": {}, "f:replicas": {}}},
    }


def client_side(**spec: Any) -> Any:
    """A deployment as `kubectl apply` without `--server-side` leaves it."""
    object = deployment(**spec)
    object["metadata"]["annotations"] = {LAST_APPLIED: json.dumps(deployment(**spec))}
    return updated(DEPLOYMENT, None, object, "kubectl-client-side-apply")


def test_kubectl_takes_over_what_it_has_applied_from_the_clients_side() -> None:
    live = applied(DEPLOYMENT, client_side(replicas=1), deployment(replicas=3), "kubectl")
    assert live["spec"] == {"replicas": 3}
    assert sets(live)["kubectl"] == {"f:spec": {"f:replicas": {}}}
    written = live["metadata"]["annotations"][LAST_APPLIED]
    assert json.loads(written)["spec"] == {"replicas": 3}


def test_but_not_what_others_have_changed_since() -> None:
    live = client_side(replicas=1)
    live = updated(DEPLOYMENT, live, {**bare(live), "spec": {"replicas": 5}}, "hpa")
    with pytest.raises(Conflicts, match='conflict with "hpa" using apps/v1: '):
        applied(DEPLOYMENT, live, deployment(replicas=3), "kubectl")


def test_and_no_other_manager_does() -> None:
    with pytest.raises(Conflicts):
        applied(DEPLOYMENT, client_side(replicas=1), deployment(replicas=3), "helm")


@pytest.mark.parametrize(
    ("object", "code", "message"),
    [
        ("x", 400, "error decoding YAML: the patch is not an object"),
        (
            {**config(), "apiVersion": "v2"},
            400,
            "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1",
        ),
        (
            {**config(), "metadata": {"name": "c", "managedFields": [{}]}},
            400,
            "metadata.managedFields must be nil",
        ),
        (
            {**config(), "frob": 1},
            500,
            "failed to create typed patch object (/c; /v1, Kind=ConfigMap): "
            ".frob: field not declared in schema",
        ),
    ],
)
def test_what_cannot_be_applied_gets_the_servers_code_and_words(
    object: Any, code: int, message: str
) -> None:
    with pytest.raises(BadPatch) as caught:
        applied(CONFIG_MAP, None, object)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_elements_that_cannot_be_told_apart_cannot_be_applied() -> None:
    object = pod({"name": "a"}, {"name": "a"}, {"image": "x"})
    with pytest.raises(BadPatch) as caught:
        applied(POD, None, object)
    assert caught.value.message == (
        "failed to create typed patch object (/p; /v1, Kind=Pod): errors:\n"
        '  .spec.containers: duplicate entries for key [name="a"]\n'
        "  .spec.containers: element 2: associative list with keys has an element that omits "
        'all key fields ["name"] (default values: none)'
    )


def test_elements_of_one_name_in_the_live_list_give_way_to_an_applied_one() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "B"}, {"name": "A", "value": "2"}]
    live = updated(POD, None, pod({"name": "a", "env": twice}), "create")
    config = pod({"name": "a", "env": [{"name": "A", "value": "3"}]})
    live = applied(POD, live, config, force=True)
    assert live["spec"]["containers"][0]["env"] == [{"name": "A", "value": "3"}, {"name": "B"}]


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
def test_forced_everything_applied_is_there_and_is_the_appliers_own(
    first: Any, second: Any
) -> None:
    live = updated(THING, None, first, "other")
    before = thaw([live, second])
    result = applied(THING, live, freeze(second), "one", force=True)
    assert [live, second] == before
    wanted = without_nobodys(applied_fields(THING, second))
    assert sets(result).get("one", {}) == wanted
    assert difference(wanted, applied_fields(THING, bare(result))) == {}
    # All of it has the applied values: nothing would change if it were applied once more.
    assert bare(applied(THING, result, second, "two")) == bare(result)


@given(configurations(), configurations())
def test_what_was_applied_and_is_no_more_is_gone(first: Any, second: Any) -> None:
    live = applied(THING, None, first, "one")
    result = applied(THING, live, second, "one")
    assert applied_fields(THING, bare(result)) == applied_fields(THING, second)


@given(configurations(), configurations())
def test_without_force_either_nothing_of_others_changes_or_nothing_at_all(
    first: Any, second: Any
) -> None:
    live = updated(THING, None, first, "other")
    try:
        result = applied(THING, live, second, "one")
    except Conflicts as conflicts:
        assert all(conflict.entry["manager"] == "other" for conflict in conflicts.found)
    else:
        assert sets(result).get("other", {}) == sets(live).get("other", {})
