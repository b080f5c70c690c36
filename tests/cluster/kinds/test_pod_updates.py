"""What of a pod may change once it is there."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import (
    KINDS,
    POD_EPHEMERAL_CONTAINERS,
    POD_RESIZE,
)
from tests.cluster.kinds.asking import GONE, changed, stored, update_faults

C = "spec/containers/0/"
ONE = {"name": "one", "image": "one"}

ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions "
    "to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it "
    "was previously negative)"
)


@pytest.mark.parametrize(
    "changes",
    [
        {C + "image": "nginx:1.28"},
        {"spec/activeDeadlineSeconds": 60},
        {"spec/tolerations": [
            {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, {"operator": "Exists"}]},
        {"metadata/labels": {"a": "b"}},
    ],
)  # fmt: skip
def test_what_of_a_pod_may_change(changes: dict[str, Any]) -> None:
    assert update_faults("pods", changes) == []


def test_a_change_that_a_pod_may_not_have_is_shown() -> None:
    [line] = update_faults("pods", {C + "env/0/value": "off"})
    assert line.startswith(f"spec: Forbidden: {ONLY}\n")
    assert '\n-          "value": "on"\n+          "value": "off"\n' in line


@pytest.mark.parametrize(
    ("changes", "before", "lines"),
    [
        ({"spec/containers": [ONE, {**ONE, "name": "b"}]}, {}, [
            "spec.containers: Forbidden: pod updates may not add or remove containers"]),
        ({"spec/activeDeadlineSeconds": 90}, {"spec/activeDeadlineSeconds": 60}, [
            "spec.activeDeadlineSeconds: Invalid value: 90: must be less than or equal to previous "
            "value"]),
        ({"spec/activeDeadlineSeconds": GONE}, {"spec/activeDeadlineSeconds": 60}, [
            "spec.activeDeadlineSeconds: Invalid value: \"null\": must not update from a positive "
            "integer to nil value"]),
        ({"spec/tolerations": []}, {}, [
            "spec.tolerations: Forbidden: existing toleration can not be modified except its "
            "tolerationSeconds"]),
        ({"spec/schedulingGates": [{"name": "a"}, {"name": "b"}]},
         {"spec/schedulingGates": [{"name": "a"}]}, [
            "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling "
            "gate 'b'"]),
        ({"spec/schedulingGates": [], "spec/nodeSelector": {"disk": "ssd", "zone": "a"}},
         {"spec/schedulingGates": [{"name": "a"}]}, []),
    ],
)  # fmt: skip
def test_an_update_of_a_pod_that_is_refused(
    changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    said = update_faults("pods", changes, before)
    assert [line for line in said if not line.startswith("spec.containers[")] == lines


def test_what_has_ended_does_not_run_again() -> None:
    ended = {"name": "one", "state": {"terminated": {"exitCode": 0}}}
    before = {"spec/restartPolicy": "OnFailure"}
    old = changed(stored("pods", before), {"status/containerStatuses": [ended]})
    new = changed(old, {"status/containerStatuses": [{"name": "one", "state": {"running": {}}}]})
    assert list(map(str, KINDS["pods"].validate_status_update(new, old))) == [
        "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"
    ]


def test_a_debugging_container_is_added_and_never_changed() -> None:
    check, path = POD_EPHEMERAL_CONTAINERS.validate_update, "spec/ephemeralContainers"
    old = stored("pods")
    new = stored("pods", {path: [{"name": "d", "image": "busybox"}]})
    later = stored("pods", {path: [{"name": "d", "image": "other"}]})
    assert check(new, old) == []
    assert [str(one).splitlines()[0] for one in [*check(later, new), *check(old, new)]] == [
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be changed',
        'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed',
    ]
    other = stored("pods", {C + "image": "other"})
    assert list(map(str, check(other, old))) == ["spec: Forbidden: field is immutable"]


def test_a_resize_changes_cpu_and_memory_only() -> None:
    check, old = POD_RESIZE.validate_update, stored("pods")
    assert check(changed(old, {C + "resources/requests/cpu": "700m"}), old) == []
    assert list(map(str, check(changed(old, {C + "image": "other"}), old))) == [
        "spec: Forbidden: only cpu and memory resources are mutable"
    ]
    removed = changed(old, {C + "resources/limits": {"cpu": "1"}})
    assert list(map(str, check(removed, old))) == [
        "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"
    ]
    assert list(map(str, check(changed(old, {C + "resources/requests/cpu": "2"}), old))) == [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'
    ]


def test_a_mirror_of_a_static_pod_stays_one() -> None:
    mirror = "metadata/annotations"
    pod = {"spec/nodeName": "one", mirror: {"kubernetes.io/config.mirror": "a"}}
    path = "metadata.annotations[kubernetes.io/config.mirror]"
    assert update_faults("pods", {mirror: {}}, pod) == [
        f"{path}: Forbidden: may not remove or update mirror pod annotation"
    ]
    added = {mirror: {"kubernetes.io/config.mirror": "a"}}
    assert update_faults("pods", added, {"spec/nodeName": "one"}) == [
        f"{path}: Forbidden: may not add mirror pod annotation"
    ]
