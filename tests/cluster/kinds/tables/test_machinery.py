from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds.tables import table_of, to_table

from .printing import NOW, ago, meta, printed

FLOW = "flowcontrol.apiserver.k8s.io"
DEVICES = "resource.k8s.io"


def row(resource: str, **parts: Any) -> list[Any]:
    return list(printed(resource, **parts).values())


def test_flow_schemas_are_listed_as_they_are_tried() -> None:
    def schema(name: str, precedence: int) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"matchingPrecedence": precedence}}

    listed = [schema("c", 1000), schema("b", 1000), schema("a", 9000), schema("d", 1)]
    rows = to_table(table_of(f"flowschemas.{FLOW}"), listed, NOW)["rows"]
    assert [each["cells"][0] for each in rows] == ["d", "b", "c", "a"]


def test_a_flow_schema_says_whether_its_level_is_missing() -> None:
    spec = {
        "priorityLevelConfiguration": {"name": "exempt"},
        "matchingPrecedence": 1,
        "distinguisherMethod": {"type": "ByUser"},
    }
    dangling = {"conditions": [{"type": "Dangling", "status": "False"}]}
    assert row(f"flowschemas.{FLOW}", spec=spec, status=dangling) == [
        *("x", "exempt", 1, "ByUser", "5m", "False")
    ]
    assert row(f"flowschemas.{FLOW}") == ["x", "", 0, "<none>", "5m", "?"]


def test_a_priority_level_shows_its_queues() -> None:
    resource = f"prioritylevelconfigurations.{FLOW}"
    assert row(resource, spec={"type": "Exempt"}) == ["x", "Exempt", *["<none>"] * 4, "5m"]
    queuing = {"queues": 64, "handSize": 6, "queueLengthLimit": 50}
    limited = {"nominalConcurrencyShares": 30, "limitResponse": {"queuing": queuing}}
    assert row(resource, spec={"type": "Limited", "limited": limited}) == [
        *("x", "Limited", 30, 64, 6, 50, "5m")
    ]


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ({}, "pending"),
        ({"status": {"allocation": {}}}, "allocated"),
        ({"status": {"allocation": {}, "reservedFor": [{}]}}, "allocated,reserved"),
        (
            {"metadata": meta(deletionTimestamp=ago()), "status": {"allocation": {}}},
            "deleted,allocated",
        ),
        ({"metadata": meta(deletionTimestamp=ago())}, "deleted"),
    ],
)
def test_a_resource_claim_says_how_it_stands(parts: dict[str, Any], state: str) -> None:
    assert row(f"resourceclaims.{DEVICES}", **parts) == ["x", state, "5m"]


def test_devices_and_their_taints() -> None:
    spec = {"nodeName": "n", "driver": "d", "pool": {"name": "p"}}
    assert row(f"resourceslices.{DEVICES}", spec=spec) == ["x", "n", "d", "p", "5m"]
    taint = {"key": "k", "value": "v", "effect": "NoExecute", "timeAdded": ago(seconds=7)}
    assert row(f"devicetaintrules.{DEVICES}", spec={"taint": taint}) == [
        *("x", "k", "v", "NoExecute", "7s", "5m")
    ]
    assert row(f"deviceclasses.{DEVICES}") == ["x", "5m"]


def test_the_status_of_pools_is_summed_up() -> None:
    resource = f"resourcepoolstatusrequests.{DEVICES}"
    assert row(resource) == ["x", "", *["-"] * 5, 0, "Pending", "<none>"]
    done = {"type": "Complete", "status": "True", "lastTransitionTime": ago(seconds=9)}
    pools = [{"totalDevices": 4, "allocatedDevices": 1}, {"totalDevices": 2, "validationError": ""}]
    status = {"conditions": [done], "poolCount": 3, "pools": pools}
    assert row(resource, spec={"driver": "d"}, status=status) == [
        *("x", "d", 6, 0, 1, 0, 1, 3, "Complete (2/3 pools)", "9s")
    ]
    failed = {"conditions": [{"type": "Failed", "status": "True"}]}
    assert row(resource, status=failed)[2:] == [*["-"] * 5, 0, "Failed", "<none>"]


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ([], "Pending"),
        ([{"type": "PodGroupScheduled", "status": "True"}], "Scheduled"),
        ([{"type": "PodGroupScheduled", "status": "False"}], "Unschedulable"),
        (
            [
                {"type": "PodGroupScheduled", "status": "True"},
                {"type": "DisruptionTarget", "status": "True", "reason": "Preempted"},
            ],
            "Preempted",
        ),
    ],
)
def test_a_pod_group_says_whether_it_is_scheduled(
    conditions: list[dict[str, str]], word: str
) -> None:
    spec = {
        "schedulingPolicy": {"gang": {"minCount": 2}},
        "podGroupTemplateRef": {"workload": {"workloadName": "w"}},
    }
    cells = row("podgroups.scheduling.k8s.io", spec=spec, status={"conditions": conditions})
    assert cells == ["x", "Gang", "w", word, "5m"]


def test_stored_versions_and_their_migration() -> None:
    versions = [{"apiServerID": f"s{n}", "encodingVersion": "v1"} for n in range(4)]
    status = {"commonEncodingVersion": "v1", "storageVersions": versions}
    assert row("storageversions.internal.apiserver.k8s.io", status=status) == [
        *("x", "v1", "s0=v1,s1=v1,s2=v1 + 1 more...", "5m")
    ]
    resource = "storageversionmigrations.storagemigration.k8s.io"
    spec = {"resource": {"group": "apps", "resource": "deployments"}}
    assert row(resource, spec=spec) == ["x", "deployments.apps", "Unknown"]
    running = {"conditions": [{"type": "Running", "status": "True"}]}
    assert row(resource, spec=spec, status=running)[2] == "Running"
