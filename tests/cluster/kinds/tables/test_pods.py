from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds.tables import table_of

from .printing import ago, meta, printed, shown

COLUMNS = ("Ready", "Status", "Restarts")


def status_of(name: str = "c", **parts: Any) -> dict[str, Any]:
    return {"name": name, "restartCount": 0, "ready": False, "state": {}, **parts}


def running(name: str = "c", *, ready: bool = True, **parts: Any) -> dict[str, Any]:
    return status_of(name, ready=ready, state={"running": {"startedAt": ago(minutes=1)}}, **parts)


def waiting(reason: str, name: str = "c", **parts: Any) -> dict[str, Any]:
    return status_of(name, state={"waiting": {"reason": reason}}, **parts)


def ended(name: str = "c", code: int = 0, restarts: int = 0, **parts: Any) -> dict[str, Any]:
    terminated = {"exitCode": code, "finishedAt": ago(minutes=1), **parts}
    return status_of(name, restartCount=restarts, state={"terminated": terminated})


def last_ended(**parts: float) -> dict[str, Any]:
    return {"lastState": {"terminated": {"exitCode": 1, "finishedAt": ago(**parts)}}}


def condition(type_: str, status: str = "True", **parts: str) -> dict[str, str]:
    return {"type": type_, "status": status, **parts}


def pod(
    phase: str = "Running",
    *statuses: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    sidecars: tuple[str, ...] = (),
    containers: int = 1,
    **status: Any,
) -> dict[str, Any]:
    """The parts of a pod: as many containers as are said, and what is known of them."""
    inits = [
        {"name": each["name"]} | ({"restartPolicy": "Always"} if each["name"] in sidecars else {})
        for each in init
    ]
    return {
        "spec": {
            "containers": [{"name": f"c{n}"} for n in range(containers)],
            "initContainers": inits,
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init),
            **status,
        },
    }


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (pod("Pending"), ["0/1", "Pending", "0"]),
        (pod("Running", running()), ["1/1", "Running", "0"]),
        (pod("Running", running(ready=False)), ["0/1", "Running", "0"]),
        (pod("Running", running(), containers=2), ["1/2", "Running", "0"]),
        (pod("Pending", waiting("ContainerCreating")), ["0/1", "ContainerCreating", "0"]),
        (
            pod("Running", waiting("CrashLoopBackOff", restartCount=3, **last_ended(seconds=5))),
            ["0/1", "CrashLoopBackOff", "3 (5s ago)"],
        ),
        (pod("Running", running(restartCount=3)), ["1/1", "Running", "3"]),
        (
            pod(
                "Running",
                running("a", restartCount=1, **last_ended(hours=4)),
                running("b", restartCount=2, **last_ended(minutes=3)),
                containers=2,
            ),
            ["2/2", "Running", "3 (3m ago)"],
        ),
        (pod("Failed", ended(code=1, reason="Error")), ["0/1", "Error", "0"]),
        (pod("Failed", ended(code=137, reason="OOMKilled")), ["0/1", "OOMKilled", "0"]),
        (pod("Failed", ended(code=3)), ["0/1", "ExitCode:3", "0"]),
        (pod("Failed", ended(code=137, signal=9)), ["0/1", "Signal:9", "0"]),
        (pod("Succeeded", ended(reason="Completed")), ["0/1", "Completed", "0"]),
        (pod("Failed", reason="Evicted"), ["0/1", "Evicted", "0"]),
        (
            # The first container of the list has the last word.
            pod("Running", waiting("ErrImagePull", "a"), waiting("Other", "b"), containers=2),
            ["0/2", "ErrImagePull", "0"],
        ),
        (
            pod("Running", ended("a", reason="Completed"), running("b"), containers=2),
            ["1/2", "NotReady", "0"],
        ),
        (
            pod(
                "Running",
                ended("a", reason="Completed"),
                running("b"),
                containers=2,
                conditions=[condition("Ready")],
            ),
            ["1/2", "Running", "0"],
        ),
        (
            pod(
                "Pending",
                conditions=[condition("PodScheduled", "False", reason="SchedulingGated")],
            ),
            ["0/1", "SchedulingGated", "0"],
        ),
        (
            pod("Pending", conditions=[condition("PodScheduled", "False", reason="Unschedulable")]),
            ["0/1", "Pending", "0"],
        ),
    ],
)
def test_a_pod_says_what_its_containers_do(what: dict[str, Any], expected: list[str]) -> None:
    assert shown("pods", *COLUMNS, **what) == expected


LATER = waiting("PodInitializing")


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            pod("Pending", LATER, init=(running("i"), waiting("PodInitializing", "j"))),
            ["0/1", "Init:0/2", "0"],
        ),
        (pod("Pending", LATER, init=(ended("i"), running("j"))), ["0/1", "Init:1/2", "0"]),
        (
            pod("Pending", LATER, init=(waiting("ErrImagePull", "i"),)),
            ["0/1", "Init:ErrImagePull", "0"],
        ),
        (pod("Pending", LATER, init=(ended("i", 1, reason="Error"),)), ["0/1", "Init:Error", "0"]),
        (pod("Pending", LATER, init=(ended("i", 2),)), ["0/1", "Init:ExitCode:2", "0"]),
        (pod("Pending", LATER, init=(ended("i", 2, signal=9),)), ["0/1", "Init:Signal:9", "0"]),
        (
            pod(
                "Pending",
                LATER,
                init=(waiting("CrashLoopBackOff", "i", restartCount=4, **last_ended(seconds=9)),),
            ),
            ["0/1", "Init:CrashLoopBackOff", "4 (9s ago)"],
        ),
        (
            # Once a pod has been initialized, the restarts of its init containers count no more.
            pod("Running", running(restartCount=1), init=(ended("i", restarts=7),)),
            ["1/1", "Running", "1"],
        ),
        (
            # A pod that was initialized shows its containers, whatever runs again.
            pod(
                "Running",
                running(),
                init=(running("i"),),
                conditions=[condition("Initialized")],
            ),
            ["1/1", "Init:0/1", "0"],
        ),
    ],
)
def test_a_pod_that_initializes_says_how_far_it_is(
    what: dict[str, Any], expected: list[str]
) -> None:
    assert shown("pods", *COLUMNS, **what) == expected


SIDECAR = {"started": True}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (
            pod("Running", running(), init=(running("s", **SIDECAR),), sidecars=("s",)),
            ["2/2", "Running", "0"],
        ),
        (
            pod(
                "Running",
                running(),
                init=(running("s", ready=False, **SIDECAR),),
                sidecars=("s",),
            ),
            ["1/2", "Running", "0"],
        ),
        (
            pod("Pending", LATER, init=(running("s", ready=False),), sidecars=("s",)),
            ["0/2", "Init:0/1", "0"],
        ),
        (
            # A sidecar that is up lets the next init container go on.
            pod(
                "Pending",
                LATER,
                init=(running("s", **SIDECAR), running("i")),
                sidecars=("s",),
            ),
            ["1/2", "Init:1/2", "0"],
        ),
        (
            pod(
                "Running",
                running(restartCount=1),
                init=(
                    ended("i", restarts=5),
                    running("s", restartCount=2, **SIDECAR, **last_ended(seconds=8)),
                ),
                sidecars=("s",),
            ),
            ["2/2", "Running", "3 (8s ago)"],
        ),
    ],
)
def test_a_sidecar_counts_as_a_container(what: dict[str, Any], expected: list[str]) -> None:
    assert shown("pods", *COLUMNS, **what) == expected


GOING = meta(deletionTimestamp=ago(seconds=1))


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (pod("Running", running()), "Terminating"),
        (pod("Pending", init=(running("i"),)), "Terminating"),
        (pod("Succeeded", ended(reason="Completed")), "Completed"),
        (pod("Failed", ended(code=1, reason="Error")), "Error"),
        (pod("Running", running(), reason="NodeLost"), "Unknown"),
    ],
)
def test_a_pod_that_is_deleted_terminates_unless_it_has_ended(
    what: dict[str, Any], word: str
) -> None:
    assert printed("pods", metadata=GOING, **what)["Status"] == word


def test_the_wide_columns_say_where_a_pod_is() -> None:
    wide = ("IP", "Node", "Nominated Node", "Readiness Gates")
    assert shown("pods", *wide) == ["<none>"] * 4
    spec = {
        "nodeName": "worker-1",
        "readinessGates": [{"conditionType": "a/ok"}, {"conditionType": "a/not"}],
    }
    status = {
        "podIPs": [{"ip": "10.0.0.7"}, {"ip": "fd00::7"}],
        "nominatedNodeName": "worker-2",
        "conditions": [condition("a/ok"), condition("a/not", "False")],
    }
    assert shown("pods", *wide, spec=spec, status=status) == [
        "10.0.0.7",
        "worker-1",
        "worker-2",
        "1/2",
    ]


@pytest.mark.parametrize(("phase", "reasons"), [("Succeeded", ["Succeeded"]), ("Running", [])])
def test_a_row_says_that_its_pod_is_completed(phase: str, reasons: list[str]) -> None:
    conditions = table_of("pods").conditions({"status": {"phase": phase}})
    assert [each["reason"] for each in conditions] == reasons
    assert all(each["type"] == "Completed" for each in conditions)
