"""The tables of what few people look at: flow control, stored versions, devices, pod groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .table import AGE, NAME, Cell, Column, Object, Table, age_of, name_of
from .text import NONE, UNSET, condition, first_of, is_going, is_true, spec_and_status
from .times import translate_timestamp


def _flow_schema(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    method = spec.get("distinguisherMethod")
    dangling = condition(status.get("conditions"), "Dangling")
    return [
        name_of(object),
        (spec.get("priorityLevelConfiguration") or {}).get("name") or "",
        spec.get("matchingPrecedence") or 0,
        method.get("type") or "" if method else NONE,
        age_of(object, now),
        "?" if dangling is None else dangling.get("status") or "",
    ]


def _precedence(object: Object) -> tuple[int, str]:
    """The order in which flow schemas are tried."""
    return (object.get("spec") or {}).get("matchingPrecedence") or 0, name_of(object)


def _priority_level(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    limited = spec.get("limited")
    queuing = ((limited or {}).get("limitResponse") or {}).get("queuing")
    parts = ("queues", "handSize", "queueLengthLimit")
    return [
        name_of(object),
        spec.get("type") or "",
        NONE if limited is None else limited.get("nominalConcurrencyShares") or 0,
        *(NONE if queuing is None else queuing.get(part) or 0 for part in parts),
        age_of(object, now),
    ]


def _storage_version(object: Object, now: datetime) -> list[Cell]:
    _, status = spec_and_status(object)
    common = status.get("commonEncodingVersion")
    servers = [
        f"{each.get('apiServerID')}={each.get('encodingVersion')}"
        for each in status.get("storageVersions") or ()
    ]
    return [
        name_of(object),
        UNSET if common is None else common,
        first_of(servers) or UNSET,
        age_of(object, now),
    ]


def _migration(object: Object, _: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    resource = spec.get("resource") or {}
    states = [
        each["type"]
        for each in status.get("conditions") or ()
        if each.get("status") == "True" and each.get("type") in ("Running", "Failed", "Succeeded")
    ]
    full = ".".join(filter(None, (resource.get("resource"), resource.get("group"))))
    return [name_of(object), full, states[-1] if states else "Unknown"]


def _named(object: Object, now: datetime) -> list[Cell]:
    return [name_of(object), age_of(object, now)]


def _resource_claim(object: Object, now: datetime) -> list[Cell]:
    _, status = spec_and_status(object)
    states = ["deleted"] if is_going(object) else []
    if status.get("allocation") is not None:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    return [name_of(object), ",".join(states) or "pending", age_of(object, now)]


def _resource_slice(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    pool = (spec.get("pool") or {}).get("name") or ""
    node, driver = spec.get("nodeName") or "", spec.get("driver") or ""
    return [name_of(object), node, driver, pool, age_of(object, now)]


def _device_taint(object: Object, now: datetime) -> list[Cell]:
    taint = (object.get("spec") or {}).get("taint") or {}
    added = taint.get("timeAdded")
    return [
        name_of(object),
        *(taint.get(part) or "" for part in ("key", "value", "effect")),
        translate_timestamp(added, now) if added else "",
        age_of(object, now),
    ]


_DEVICES = ("totalDevices", "availableDevices", "allocatedDevices", "unavailableDevices")


def _pool_status(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    conditions, pools = status.get("conditions"), status.get("pools") or ()
    state = next((word for word in ("Complete", "Failed") if is_true(conditions, word)), "Pending")
    count = status.get("poolCount") or 0
    completed = condition(conditions, "Complete") if state == "Complete" else None
    is_counted = bool(object.get("status")) and state != "Failed"
    return [
        name_of(object),
        spec.get("driver") or "",
        *(_devices(pools) if is_counted else ["-"] * (len(_DEVICES) + 1)),
        count,
        f"Complete ({len(pools)}/{count} pools)" if completed and count > len(pools) else state,
        translate_timestamp(completed.get("lastTransitionTime"), now) if completed else NONE,
    ]


def _devices(pools: Sequence[Object]) -> list[int]:
    """The devices of all pools, and how many pools have errors."""
    sums = [sum(each.get(part) or 0 for each in pools) for part in _DEVICES]
    return [*sums, sum(each.get("validationError") is not None for each in pools)]


def _pod_group(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    gang = (spec.get("schedulingPolicy") or {}).get("gang")
    template = spec.get("podGroupTemplateRef")
    return [
        name_of(object),
        "Basic" if gang is None else "Gang",
        (template.get("workload") or {}).get("workloadName") or "" if template else NONE,
        _group_status(status),
        age_of(object, now),
    ]


def _group_status(status: Object) -> str:
    conditions = status.get("conditions")
    if disrupted := condition(conditions, "DisruptionTarget"):
        return disrupted.get("reason") or ""
    if condition(conditions, "PodGroupScheduled") is None:
        return "Pending"
    return "Scheduled" if is_true(conditions, "PodGroupScheduled") else "Unschedulable"


_NAMED = Table((NAME, AGE), _named)
_QUEUING = "flowcontrol.v1.QueuingConfiguration"
_TAINT = "resource.v1beta2.DeviceTaint"

TABLES = {
    "flowschemas.flowcontrol.apiserver.k8s.io": Table(
        (
            NAME,
            Column(
                "PriorityLevel", field="flowcontrol.v1.PriorityLevelConfigurationReference.name"
            ),
            Column("MatchingPrecedence", field="flowcontrol.v1.FlowSchemaSpec.matchingPrecedence"),
            Column(
                "DistinguisherMethod", field="flowcontrol.v1.FlowSchemaSpec.distinguisherMethod"
            ),
            AGE,
            Column("MissingPL", description="Whether its priority level does not exist."),
        ),
        _flow_schema,
        order=_precedence,
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Table(
        (
            NAME,
            Column("Type", field="flowcontrol.v1.PriorityLevelConfigurationSpec.type"),
            Column(
                "NominalConcurrencyShares",
                field="flowcontrol.v1.LimitedPriorityLevelConfiguration.nominalConcurrencyShares",
            ),
            Column("Queues", field=f"{_QUEUING}.queues"),
            Column("HandSize", field=f"{_QUEUING}.handSize"),
            Column("QueueLengthLimit", field=f"{_QUEUING}.queueLengthLimit"),
            AGE,
        ),
        _priority_level,
    ),
    "storageversions.internal.apiserver.k8s.io": Table(
        (
            NAME,
            Column("CommonEncodingVersion", description="The version that all servers write."),
            Column("StorageVersions", description="The version that each server writes."),
            AGE,
        ),
        _storage_version,
    ),
    "storageversionmigrations.storagemigration.k8s.io": Table(
        (
            Column("Name", field="meta.v1.ObjectMeta.name"),
            Column("Resource", description="The resource that is written anew."),
            Column("Status", description="How the migration stands."),
        ),
        _migration,
    ),
    "deviceclasses.resource.k8s.io": _NAMED,
    "resourceclaims.resource.k8s.io": Table(
        (NAME, Column("State", description="Pending, allocated, reserved, deleted."), AGE),
        _resource_claim,
    ),
    "resourceclaimtemplates.resource.k8s.io": _NAMED,
    "resourceslices.resource.k8s.io": Table(
        (
            NAME,
            Column("Node", field="resource.v1.ResourceSliceSpec.nodeName"),
            Column("Driver", field="resource.v1.ResourceSliceSpec.driver"),
            Column("Pool", field="resource.v1.ResourcePool.name"),
            AGE,
        ),
        _resource_slice,
    ),
    "devicetaintrules.resource.k8s.io": Table(
        (
            NAME,
            Column("Key", field=f"{_TAINT}.key"),
            Column("Value", field=f"{_TAINT}.value"),
            Column("Effect", field=f"{_TAINT}.effect"),
            Column("TimeAdded", field=f"{_TAINT}.timeAdded"),
            AGE,
        ),
        _device_taint,
    ),
    "resourcepoolstatusrequests.resource.k8s.io": Table(
        (
            NAME,
            Column("Driver", description="The driver whose pools are asked for."),
            Column("Total", description="How many devices its pools have."),
            Column("Available", description="How many of them are free."),
            Column("Allocated", description="How many of them are taken."),
            Column("Unavailable", description="How many of them cannot be had."),
            Column("Errors", description="How many pools are not valid."),
            Column("Pools", "integer", description="How many pools there are."),
            Column("Status", description="How the request stands."),
            Column("Completed", description="How long ago it was answered."),
        ),
        _pool_status,
    ),
    "workloads.scheduling.k8s.io": _NAMED,
    "podgroups.scheduling.k8s.io": Table(
        (
            NAME,
            Column("Policy", description="Basic, or Gang: all pods or none."),
            Column("Workload", description="The workload that it belongs to."),
            Column("Status", description="Whether the group is scheduled."),
            AGE,
        ),
        _pod_group,
    ),
}
