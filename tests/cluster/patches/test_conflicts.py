"""Server-side apply where others have their say: conflicts, force, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from labkit.cluster.embedded.apiserver.patches import BadPatch, Conflicts
from labkit.cluster.embedded.apiserver.patches.comparing import applied_fields
from labkit.cluster.embedded.apiserver.patches.errors import Cause
from labkit.cluster.embedded.apiserver.patches.fieldsets import difference
from labkit.cluster.embedded.apiserver.patches.managers import without_nobodys
from labkit.cluster.embedded.store.frozen import freeze, thaw
from tests.cluster.patches.generating import THING, configurations
from tests.cluster.patches.types import CONFIG_MAP, DEPLOYMENT, POD
from tests.cluster.patches.writing import applied, bare, config, deployment, pod, sets, updated

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


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
    assert json.loads(written) == deployment(replicas=3)


def test_what_is_written_down_has_the_other_annotations() -> None:
    configured = deployment(replicas=3)
    configured["metadata"]["annotations"] = {"a": "1"}
    live = applied(DEPLOYMENT, client_side(replicas=1), configured, "kubectl")
    written = json.loads(live["metadata"]["annotations"][LAST_APPLIED])
    assert written["metadata"]["annotations"] == {"a": "1"}


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
        'all key fields ["name"] '
        "(and doesn't have default values for any key fields)"
    )


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
