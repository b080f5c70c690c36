"""What holds for each kind in the table."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.kinds import KINDS, custom, kind_of
from labkit.cluster.embedded.store.frozen import freeze
from tests.cluster.kinds.asking import changed, created, stored, update_faults
from tests.cluster.kinds.samples import BODIES, CLUSTER_SCOPED, sample

Object = dict[str, Any]
ALL = sorted(KINDS)


def test_there_is_a_sample_of_each_kind() -> None:
    assert BODIES.keys() == KINDS.keys()


@pytest.mark.parametrize("resource", ALL)
def test_a_sample_keeps_all_rules(resource: str) -> None:
    assert list(map(str, KINDS[resource].validate(created(resource)))) == []


@pytest.mark.parametrize("resource", ALL)
def test_defaults_twice_are_as_defaults_once(resource: str) -> None:
    new = sample(resource)
    KINDS[resource].set_defaults(new)
    once = copy.deepcopy(new)
    KINDS[resource].set_defaults(new)
    assert new == once


@pytest.mark.parametrize("resource", ALL)
def test_where_nothing_is_missing_nothing_is_written(resource: str) -> None:
    """So parts of a stored object, which nobody may change, can be parts of a new one."""
    KINDS[resource].set_defaults(freeze(stored(resource)))


@pytest.mark.parametrize("resource", ALL)
def test_an_update_that_changes_nothing_is_fine_and_changes_nothing(resource: str) -> None:
    kind, old = KINDS[resource], stored(resource)
    new = copy.deepcopy(old)
    kind.set_defaults(new)
    kind.before_update(new, old)
    assert new == old
    assert list(map(str, kind.validate_update(new, old))) == []


@pytest.mark.parametrize("resource", ALL)
def test_a_name_is_needed_and_a_namespace_only_where_it_belongs(resource: str) -> None:
    said = update = list(map(str, KINDS[resource].validate(created_without(resource, "namespace"))))
    assert ("metadata.namespace: Required value" in said) == (resource not in CLUSTER_SCOPED)
    said = list(map(str, KINDS[resource].validate(created_without(resource, "name"))))
    assert "metadata.name: Required value: name or generateName is required" in said
    update = update_faults(resource, {"metadata/name": "other"})
    assert 'metadata.name: Invalid value: "other": field is immutable' in update


def created_without(resource: str, name: str) -> Object:
    new = created(resource)
    new["metadata"].pop(name, None)
    return new


@pytest.mark.parametrize("resource", ALL)
def test_generation_counts_changes_of_what_is_wanted(resource: str) -> None:
    kind, old = KINDS[resource], stored(resource)
    if not kind.generation_of:
        assert old["metadata"].get("generation") in (None, 1)
        return
    assert old["metadata"]["generation"] == 1
    new = changed(old, {kind.generation_of[0]: {"other": True}, "metadata/generation": 9})
    kind.before_update(new, old)
    assert new["metadata"]["generation"] == 2


@pytest.mark.parametrize("resource", ALL)
def test_a_status_changes_only_by_itself(resource: str) -> None:
    kind, old = KINDS[resource], stored(resource)
    if kind.status is None:
        return
    new = changed(old, {"status/phase": "Dreaming", "metadata/labels": {"a": "b"}})
    kind.before_update(new, old)
    assert new.get("status") == old.get("status")
    new = changed(old, {"status/phase": "Dreaming", "spec/other": True})
    kind.before_status_update(new, old)
    assert new["status"]["phase"] == "Dreaming"
    assert new["spec"] == old["spec"]


@pytest.mark.parametrize("resource", ALL)
def test_no_client_changes_what_the_system_says(resource: str) -> None:
    kind = KINDS[resource]
    old = changed(stored(resource), {"metadata/creationTimestamp": "2026-11-01T00:00:00Z"})
    new = changed(old, {"metadata/creationTimestamp": "2020-01-01T00:00:00Z"})
    del new["metadata"]["uid"]
    kind.before_update(new, old)
    assert new["metadata"]["creationTimestamp"] == "2026-11-01T00:00:00Z"
    assert new["metadata"]["uid"] == old["metadata"]["uid"]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else ()
    parts = enumerate(value) if isinstance(value, list) else parts
    for name, part in parts:
        found += places(part, (*path, name))
    return found


@pytest.mark.parametrize("resource", ALL)
@given(data=st.data())
@settings(max_examples=20)
def test_whatever_is_missing_or_null_is_no_crash(resource: str, data: st.DataObject) -> None:
    new = sample(resource)
    for path in data.draw(st.lists(st.sampled_from(places(new)), max_size=3)):
        at: Any = new
        for name in path[:-1]:
            at = at[name] if not isinstance(at, dict) else at.get(name)
            if not isinstance(at, dict | list):
                break
        else:
            if path[0] == "metadata" and len(path) == 1:
                continue  # there is always metadata
            if isinstance(at, dict) and path[-1] in at:
                if data.draw(st.booleans()):
                    del at[path[-1]]
                else:
                    at[path[-1]] = None
    kind = KINDS[resource]
    kind.set_defaults(new)
    kind.before_create(new)
    kind.validate(new)
    old = changed(new, {})
    kind.before_update(new, old)
    kind.validate_update(new, old)


def test_a_resource_without_particulars_has_a_plain_kind() -> None:
    kind = kind_of("widgets.example.com", is_namespaced=False)
    new = {"metadata": {"name": "a", "namespace": "b"}, "spec": {"x": 1}}
    kind.set_defaults(new)
    assert list(map(str, kind.validate(new))) == [
        "metadata.namespace: Forbidden: not allowed on this type"
    ]
    assert kind_of("pods", is_namespaced=True) is KINDS["pods"]


def test_a_custom_resource_counts_every_change_but_of_metadata_and_status() -> None:
    kind = custom(is_namespaced=True, has_status=True)
    meta = {"name": "a", "namespace": "b", "resourceVersion": "1"}
    old: Object = {"metadata": meta, "color": "red", "status": {"seen": True}}
    kind.before_create(old)
    assert "status" not in old
    assert old["metadata"]["generation"] == 1
    assert kind.validate(old) == []
    new = changed(old, {"status": {"seen": True}, "metadata/labels": {"a": "b"}})
    kind.before_update(new, old)
    assert new["metadata"]["generation"] == 1
    assert "status" not in new
    new = changed(old, {"color": "blue"})
    kind.before_update(new, old)
    assert new["metadata"]["generation"] == 2
    new = changed(old, {"status": {"seen": True}, "color": "blue", "metadata/labels": {"a": "b"}})
    kind.before_status_update(new, old)
    assert new["color"] == "red"
    assert new["status"] == {"seen": True}
    assert "labels" not in new["metadata"]
