"""Who manages which field after creates and updates."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from labkit.cluster.embedded.apiserver.patches import managed_fields
from labkit.cluster.embedded.apiserver.patches.fieldsets import intersection, union
from labkit.cluster.embedded.apiserver.patches.managers import changes
from labkit.cluster.embedded.store.frozen import freeze, thaw
from tests.cluster.patches.generating import THING, objects
from tests.cluster.patches.types import CONFIG_MAP, DEPLOYMENT, POD, SERVICE, WIDGET, Node

T1, T2, T3 = "2026-11-01T10:00:00Z", "2026-11-01T10:00:01Z", "2026-11-01T10:00:02Z"


def written(
    type: Node, before: Any, after: Any, manager: str = "kubectl-create", **options: Any
) -> list[dict[str, Any]]:
    assert type.gvk is not None
    api_version = f"{type.gvk[0]}/{type.gvk[1]}".lstrip("/")
    return managed_fields(
        type, before, after, manager, **{"api_version": api_version, "now": T1, **options}
    )


def stored(type: Node, object: Any, manager: str = "kubectl-create", **options: Any) -> Any:
    """The object as it is after its create, frozen."""
    entries = written(type, None, object, manager, **options)
    metadata = {**object.get("metadata", {}), "managedFields": entries}
    return freeze({**object, "metadata": metadata})


def sets(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["manager"]: entry["fieldsV1"] for entry in entries}


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def config(**data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default"},
        "data": data,
    }


def test_who_creates_manages_everything_but_names() -> None:
    container = {
        "name": "web",
        "image": "nginx",
        "args": ["a", "b"],
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1"}},
        "securityContext": {},
    }
    object = pod(containers=[container], nodeSelector={"a": "b"}, restartPolicy="Always")
    object["metadata"] |= {
        "labels": {"app": "web"},
        "finalizers": ["x/a"],
        "uid": "1",
        "resourceVersion": "7",
        "creationTimestamp": T1,
    }
    assert written(POD, None, object) == [
        {
            "manager": "kubectl-create",
            "operation": "Update",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {
                    "f:finalizers": {".": {}, 'v:"x/a"': {}},
                    "f:labels": {".": {}, "f:app": {}},
                },
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"web"}': {
                            ".": {},
                            "f:args": {},
                            "f:image": {},
                            "f:name": {},
                            "f:ports": {
                                ".": {},
                                'k:{"containerPort":80,"protocol":"TCP"}': {
                                    ".": {},
                                    "f:containerPort": {},
                                    "f:protocol": {},
                                },
                            },
                            "f:resources": {".": {}, "f:limits": {".": {}, "f:cpu": {}}},
                            "f:securityContext": {},
                        }
                    },
                    "f:nodeSelector": {},
                    "f:restartPolicy": {},
                },
            },
        }
    ]


def test_names_in_a_set_are_sorted() -> None:
    entries = written(CONFIG_MAP, None, config(b="1", a="2"))
    assert str(entries[0]["fieldsV1"]) == "{'f:data': {'.': {}, 'f:a': {}, 'f:b': {}}}"


def test_what_go_has_from_the_start_is_nobodys() -> None:
    object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1}, "type": "RollingUpdate"},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": []}},
        },
    }
    assert sets(written(DEPLOYMENT, None, object))["kubectl-create"] == {
        "f:spec": {
            "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
            "f:template": {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}},
        }
    }


def test_a_custom_resource_has_nothing_from_the_start() -> None:
    object = {
        "apiVersion": "lab.example/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "labels": {"a": "b"}},
        "spec": {"size": 1, "free": {"deep": {"a": 1}, "list": [{"b": 1}]}},
    }
    assert sets(written(WIDGET, None, object))["kubectl-create"] == {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            ".": {},
            "f:free": {".": {}, "f:deep": {".": {}, "f:a": {}}, "f:list": {}},
            "f:size": {},
        },
    }


def test_who_changes_a_field_takes_it() -> None:
    live = stored(CONFIG_MAP, config(a="1", b="2"))
    entries = written(CONFIG_MAP, live, config(a="9", b="2"), "kubectl-edit", now=T2)
    assert sets(entries) == {
        "kubectl-create": {"f:data": {".": {}, "f:b": {}}},
        "kubectl-edit": {"f:data": {"f:a": {}}},
    }
    assert {entry["manager"]: entry["time"] for entry in entries} == {
        "kubectl-create": T1,
        "kubectl-edit": T2,
    }


def test_who_only_removes_a_field_manages_nothing() -> None:
    live = stored(CONFIG_MAP, config(a="1", b="2"))
    entries = written(CONFIG_MAP, live, config(b="2"), "kubectl-edit", now=T2)
    assert sets(entries) == {"kubectl-create": {"f:data": {".": {}, "f:b": {}}}}
    assert entries[0]["time"] == T1


def test_a_manager_whose_last_field_is_taken_is_gone() -> None:
    object = {key: value for key, value in config().items() if key != "data"}
    live = stored(CONFIG_MAP, {**object, "immutable": False})
    entries = written(CONFIG_MAP, live, {**object, "immutable": True}, "other", now=T2)
    assert sets(entries) == {"other": {"f:immutable": {}}}


def test_a_manager_that_changes_its_own_field_again_gets_a_new_time() -> None:
    live = stored(CONFIG_MAP, config(a="1", b="2"))
    entries = written(CONFIG_MAP, live, config(a="9", b="2"), now=T2)
    assert sets(entries) == sets(live["metadata"]["managedFields"])
    assert entries[0]["time"] == T2


def test_a_manager_that_only_removes_its_own_field_keeps_its_time() -> None:
    live = stored(CONFIG_MAP, config(a="1", b="2"))
    entries = written(CONFIG_MAP, live, config(b="2"), now=T2)
    assert [(e["fieldsV1"], e["time"]) for e in entries] == [({"f:data": {".": {}, "f:b": {}}}, T1)]


def test_a_write_that_changes_nothing_changes_no_entry() -> None:
    live = stored(CONFIG_MAP, config(a="1"))
    entries = written(CONFIG_MAP, live, thaw(live), "other", now=T2)
    assert entries == live["metadata"]["managedFields"]


def test_entries_of_others_are_passed_on_and_not_copied() -> None:
    live = stored(CONFIG_MAP, config(a="1"))
    entries = written(CONFIG_MAP, live, config(a="1", b="2"), "other", now=T2)
    assert entries[0] is live["metadata"]["managedFields"][0]


def test_each_version_and_subresource_has_an_entry_of_its_own() -> None:
    live = stored(POD, pod(restartPolicy="Always"), "kubelet")
    after = {**thaw(live), "status": {"phase": "Running"}}
    entries = written(POD, live, after, "kubelet", subresource="status", now=T2)
    assert [(e["manager"], e.get("subresource")) for e in entries] == [
        ("kubelet", None),
        ("kubelet", "status"),
    ]
    assert entries[1]["fieldsV1"] == {"f:status": {"f:phase": {}}}
    changed = thaw({**live, "spec": {"restartPolicy": "Never"}})
    entries = written(POD, live, changed, "kubelet", api_version="v2", now=T2)
    assert [e["apiVersion"] for e in entries] == ["v2"]


def test_fields_that_a_request_cannot_set_are_not_managed_by_it() -> None:
    object = {**pod(restartPolicy="Always"), "status": {"phase": "Pending"}}
    entries = written(POD, None, object, not_settable=("status",))
    assert sets(entries)["kubectl-create"] == {"f:spec": {"f:restartPolicy": {}}}


def test_status_is_there_from_the_start_even_if_it_is_not_shown() -> None:
    live = stored(SERVICE, {**pod(), "kind": "Service", "spec": {"type": "ClusterIP"}})
    after = {**thaw(live), "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}}
    entries = written(SERVICE, live, after, "lb", subresource="status", now=T2)
    assert sets(entries)["lb"] == {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}
    back = written(SERVICE, freeze(after), thaw(live), "lb", subresource="status", now=T3)
    assert "lb" not in sets(back)


def test_elements_of_lists_have_managers_each() -> None:
    live = stored(POD, pod(containers=[{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]))
    after = pod(containers=[{"name": "b", "image": "2"}, {"name": "c"}])
    entries = written(POD, live, after, "other", now=T2)
    assert sets(entries) == {
        "kubectl-create": {"f:spec": {"f:containers": {'k:{"name":"b"}': {".": {}, "f:name": {}}}}},
        "other": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"b"}': {"f:image": {}},
                    'k:{"name":"c"}': {".": {}, "f:name": {}},
                }
            }
        },
    }


def test_elements_of_one_name_are_one_thing() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    object = pod(containers=[{"name": "a", "env": twice}])
    env = sets(written(POD, None, object))["kubectl-create"]["f:spec"]["f:containers"][
        'k:{"name":"a"}'
    ]["f:env"]
    assert env == {".": {}, 'k:{"name":"A"}': {}}
    live = stored(POD, object)
    after = thaw(live)
    after["spec"]["containers"][0]["env"].pop()
    entries = written(POD, live, after, "other", now=T2)
    assert sets(entries)["other"] == {
        "f:spec": {"f:containers": {'k:{"name":"a"}': {"f:env": {'k:{"name":"A"}': {}}}}}
    }


def test_a_change_to_the_second_of_two_elements_of_one_name_is_seen() -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    live = stored(POD, pod(containers=[{"name": "a", "env": twice}]))
    after = thaw(live)
    after["spec"]["containers"][0]["env"][1]["value"] = "3"
    entries = written(POD, live, after, "other", now=T2)
    assert sets(entries)["other"] == {
        "f:spec": {"f:containers": {'k:{"name":"a"}': {"f:env": {'k:{"name":"A"}': {}}}}}
    }


def test_keys_of_an_element_are_named_in_the_order_of_the_alphabet() -> None:
    object = {"apiVersion": "lab.example/v1", "kind": "Thing", "metadata": {"name": "x"}}
    entries = written(THING, None, {**object, "spec": {"ports": [{"n": 1, "id": "a"}]}})
    assert entries[0]["fieldsV1"]["f:spec"]["f:ports"].keys() == {".", 'k:{"id":"a","n":1}'}


def test_a_port_without_a_protocol_is_a_tcp_port() -> None:
    object = pod(containers=[{"name": "a", "ports": [{"containerPort": 80}]}])
    text = str(written(POD, None, object))
    assert '{"containerPort":80,"protocol":"TCP"}' in text


@pytest.mark.parametrize("cleared", [[{}], freeze([{}])])
def test_one_empty_entry_clears_them_and_nobody_is_noted_from_then_on(cleared: Any) -> None:
    live = stored(CONFIG_MAP, config(a="1"))
    after = config(a="1")
    after["metadata"]["managedFields"] = cleared
    assert written(CONFIG_MAP, live, after) == []
    without = freeze(config(a="1"))
    assert written(CONFIG_MAP, without, config(a="2")) == []


@pytest.mark.parametrize("given", [None, [], "nonsense", [{"manager": "x", "operation": "Frob"}]])
def test_a_client_that_sends_none_or_nonsense_does_not_lose_them(given: Any) -> None:
    live = stored(CONFIG_MAP, config(a="1"))
    after = config(a="1")
    if given is not None:
        after["metadata"]["managedFields"] = given
    assert written(CONFIG_MAP, live, after) == live["metadata"]["managedFields"]


def test_a_client_may_change_the_entries() -> None:
    live = stored(CONFIG_MAP, config(a="1"))
    after = thaw(live)
    after["metadata"]["managedFields"][0]["manager"] = "renamed"
    assert sets(written(CONFIG_MAP, live, after)).keys() == {"renamed"}
    # Not by a subresource, though.
    entries = written(CONFIG_MAP, live, after, subresource="status")
    assert sets(entries).keys() == {"kubectl-create"}


def test_the_oldest_of_too_many_managers_become_one() -> None:
    live = stored(CONFIG_MAP, config(a="1", z="0"))
    for number in range(12):
        after = thaw(live)
        after["data"][f"k{number}"] = "1"
        now = f"2026-11-01T11:00:{number:02}Z"
        after["metadata"]["managedFields"] = written(
            CONFIG_MAP, live, after, f"m{number:02}", now=now
        )
        live = freeze(after)
    entries = live["metadata"]["managedFields"]
    assert [entry["manager"] for entry in entries] == [
        "ancient-changes",
        *(f"m{number:02}" for number in range(3, 12)),
    ]
    assert entries[0]["fieldsV1"]["f:data"].keys() == {".", "f:a", "f:z", "f:k0", "f:k1", "f:k2"}
    assert entries[0]["time"] == "2026-11-01T11:00:02Z"


def test_appliers_are_listed_first_then_by_time() -> None:
    live = thaw(stored(CONFIG_MAP, config(a="1", b="1")))
    applier = {**live["metadata"]["managedFields"][0], "operation": "Apply", "time": T3}
    live["metadata"]["managedFields"].append({**applier, "fieldsV1": {"f:data": {"f:b": {}}}})
    entries = written(CONFIG_MAP, live, {**live, "data": {"a": "2", "b": "1"}}, "x", now=T2)
    assert [entry["operation"] for entry in entries] == ["Apply", "Update", "Update"]


@given(objects(), objects(), objects())
def test_all_managers_together_have_what_was_written_and_nobody_has_it_twice(
    first: Any, second: Any, third: Any
) -> None:
    live = stored(THING, first, "one")
    for number, after in enumerate((second, third)):
        before = thaw((live, after))
        entries = written(THING, live, after, f"m{number}", now=T2)
        if not live["metadata"]["managedFields"]:
            # Where nobody is noted, nobody will be.
            assert entries == []
            return
        assert [live, after] == before
        everything: dict[str, Any] = {}
        for entry in entries:
            assert entry["fieldsV1"]
            assert intersection(everything, entry["fieldsV1"]) == {}
            everything = union(everything, entry["fieldsV1"])
        assert everything == changes(THING, None, after).changed
        live = freeze({**after, "metadata": {**after["metadata"], "managedFields": entries}})


@given(objects(), objects())
def test_what_an_update_changes_is_the_writers(first: Any, second: Any) -> None:
    live = stored(THING, first, "one")
    entries = written(THING, live, second, "two", now=T2)
    if live["metadata"]["managedFields"]:
        changed = changes(THING, live, second).changed
        assert sets(entries).get("two", {}) == changed
