"""The tables of what keeps pods running: deployments, sets, and what belongs to them."""

from __future__ import annotations

from datetime import datetime

from ...selectors import BadSelector, from_label_selector
from .table import AGE, NAME, Cell, Column, Object, Table, age_of, name_of
from .text import (
    CONTAINERS,
    IMAGES,
    NONE,
    format_label_selector,
    format_labels,
    names_and_images,
    selector_column,
    spec_and_status,
)

READY = Column("Ready", description="How many of the wanted pods are ready.")


def _deployment(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    try:
        selector = str(from_label_selector(spec.get("selector")))
    except BadSelector:
        selector = "<invalid>"
    return [
        name_of(object),
        f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
        status.get("updatedReplicas") or 0,
        status.get("availableReplicas") or 0,
        age_of(object, now),
        *names_and_images(spec.get("template")),
        selector,
    ]


def _replicas(object: Object, now: datetime) -> list[Cell]:
    """What a ReplicaSet and a ReplicationController have in common."""
    spec, status = spec_and_status(object)
    return [
        name_of(object),
        spec.get("replicas") or 0,
        status.get("replicas") or 0,
        status.get("readyReplicas") or 0,
        age_of(object, now),
        *names_and_images(spec.get("template")),
    ]


def _replica_set(object: Object, now: datetime) -> list[Cell]:
    selector = (object.get("spec") or {}).get("selector")
    return [*_replicas(object, now), format_label_selector(selector)]


def _replication_controller(object: Object, now: datetime) -> list[Cell]:
    return [*_replicas(object, now), format_labels((object.get("spec") or {}).get("selector"))]


def _stateful_set(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    return [
        name_of(object),
        f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}",
        age_of(object, now),
        *names_and_images(spec.get("template")),
    ]


_SCHEDULED = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def _daemon_set(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    template = spec.get("template") or {}
    return [
        name_of(object),
        *(status.get(number) or 0 for number in _SCHEDULED),
        format_labels((template.get("spec") or {}).get("nodeSelector")),
        age_of(object, now),
        *names_and_images(template),
        format_label_selector(spec.get("selector")),
    ]


def _pod_template(object: Object, _: datetime) -> list[Cell]:
    template = object.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    return [name_of(object), *names_and_images(template), format_labels(labels)]


def _controller_revision(object: Object, now: datetime) -> list[Cell]:
    owners = (object.get("metadata") or {}).get("ownerReferences") or ()
    owner = next((each for each in owners if each.get("controller")), None)
    controller = _kind_and_name(owner) if owner else NONE
    return [name_of(object), controller, object.get("revision") or 0, age_of(object, now)]


def _kind_and_name(owner: Object) -> str:
    group = owner.get("apiVersion", "").rpartition("/")[0]
    kind = ".".join(part for part in (owner.get("kind"), group) if part).lower()
    return f"{kind}/{owner.get('name')}" if kind else str(owner.get("name"))


def _scale(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    replicas = (spec.get("replicas") or 0, status.get("replicas") or 0)
    return [name_of(object), *replicas, age_of(object, now)]


def _replica_columns(group: str, kind: str) -> tuple[Column, ...]:
    return (
        NAME,
        Column("Desired", "integer", field=f"{group}.{kind}Spec.replicas"),
        Column("Current", "integer", field=f"{group}.{kind}Status.replicas"),
        Column("Ready", "integer", field=f"{group}.{kind}Status.readyReplicas"),
        AGE,
        CONTAINERS,
        IMAGES,
        selector_column(f"{group}.{kind}Spec.selector"),
    )


TABLES = {
    "deployments.apps": Table(
        (
            NAME,
            READY,
            Column("Up-to-date", field="apps.v1.DeploymentStatus.updatedReplicas"),
            Column("Available", field="apps.v1.DeploymentStatus.availableReplicas"),
            AGE,
            CONTAINERS,
            IMAGES,
            selector_column("apps.v1.DeploymentSpec.selector"),
        ),
        _deployment,
    ),
    "replicasets.apps": Table(_replica_columns("apps.v1", "ReplicaSet"), _replica_set),
    "replicationcontrollers": Table(
        _replica_columns("core.v1", "ReplicationController"), _replication_controller
    ),
    "statefulsets.apps": Table((NAME, READY, AGE, CONTAINERS, IMAGES), _stateful_set),
    "daemonsets.apps": Table(
        (
            NAME,
            Column("Desired", "integer", field="apps.v1.DaemonSetStatus.desiredNumberScheduled"),
            Column("Current", "integer", field="apps.v1.DaemonSetStatus.currentNumberScheduled"),
            Column("Ready", "integer", field="apps.v1.DaemonSetStatus.numberReady"),
            Column("Up-to-date", "integer", field="apps.v1.DaemonSetStatus.updatedNumberScheduled"),
            Column("Available", "integer", field="apps.v1.DaemonSetStatus.numberAvailable"),
            Column("Node Selector", field="core.v1.PodSpec.nodeSelector"),
            AGE,
            CONTAINERS,
            IMAGES,
            selector_column("apps.v1.DaemonSetSpec.selector"),
        ),
        _daemon_set,
    ),
    "podtemplates": Table(
        (
            NAME,
            Column("Containers", description="The names of the template's containers."),
            Column("Images", description="The images of the template's containers."),
            Column("Pod Labels", description="The labels that the template gives its pods."),
        ),
        _pod_template,
    ),
    "controllerrevisions.apps": Table(
        (
            NAME,
            Column("Controller", description="The object that this is a revision of."),
            Column("Revision", field="apps.v1.ControllerRevision.revision"),
            AGE,
        ),
        _controller_revision,
    ),
    "scales.autoscaling": Table(
        (
            Column("Name", field="meta.v1.ObjectMeta.name"),
            Column("Desired", "integer", field="autoscaling.v1.ScaleSpec.replicas"),
            Column("Available", "integer", field="autoscaling.v1.ScaleStatus.replicas"),
            AGE,
        ),
        _scale,
    ),
}
