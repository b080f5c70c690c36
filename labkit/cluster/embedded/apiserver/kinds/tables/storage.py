"""The tables of storage: volumes, claims, classes, and what their drivers say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from .quantities import canonical_quantity
from .table import AGE, NAME, WIDE, Cell, Column, Object, Table, age_of, name_of
from .text import NONE, UNSET, is_going, spec_and_status

ACCESS_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def _persistent_volume(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    claim = spec.get("claimRef")
    return [
        name_of(object),
        canonical_quantity((spec.get("capacity") or {}).get("storage")),
        _access_modes(spec.get("accessModes") or ()),
        spec.get("persistentVolumeReclaimPolicy") or "",
        "Terminating" if is_going(object) else status.get("phase") or "",
        f"{claim.get('namespace') or ''}/{claim.get('name') or ''}" if claim else "",
        _class_of(object, spec),
        _or_unset(spec.get("volumeAttributesClassName")),
        status.get("reason") or "",
        age_of(object, now),
        _or_unset(spec.get("volumeMode")),
    ]


def _claim(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    volume = spec.get("volumeName") or ""
    storage = (status.get("capacity") or {}).get("storage")
    return [
        name_of(object),
        "Terminating" if is_going(object) else status.get("phase") or "",
        volume,
        canonical_quantity(storage) if volume else "",
        _access_modes(status.get("accessModes") or ()) if volume else "",
        _class_of(object, spec),
        _or_unset(spec.get("volumeAttributesClassName")),
        age_of(object, now),
        _or_unset(spec.get("volumeMode")),
    ]


def _access_modes(modes: Collection[str]) -> str:
    return ",".join(short for mode, short in ACCESS_MODES.items() if mode in modes)


def _class_of(object: Object, spec: Object) -> str:
    annotations = (object.get("metadata") or {}).get("annotations") or {}
    named: str = annotations.get(CLASS_ANNOTATION, spec.get("storageClassName")) or ""
    return named


def _or_unset(value: str | None) -> str:
    return UNSET if value is None else value


def _storage_class(object: Object, now: datetime) -> list[Cell]:
    annotations = (object.get("metadata") or {}).get("annotations") or {}
    is_default = any(annotations.get(each) == "true" for each in DEFAULT_CLASS)
    return [
        f"{name_of(object)} (default)" if is_default else name_of(object),
        object.get("provisioner") or "",
        object.get("reclaimPolicy") or "Delete",
        object.get("volumeBindingMode") or "Immediate",
        bool(object.get("allowVolumeExpansion")),
        age_of(object, now),
    ]


def _attributes_class(object: Object, now: datetime) -> list[Cell]:
    return [name_of(object), object.get("driverName") or "", age_of(object, now)]


def _attachment(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    return [
        name_of(object),
        spec.get("attacher") or "",
        (spec.get("source") or {}).get("persistentVolumeName") or "",
        spec.get("nodeName") or "",
        bool(status.get("attached")),
        age_of(object, now),
    ]


def _csi_node(object: Object, now: datetime) -> list[Cell]:
    drivers = (object.get("spec") or {}).get("drivers") or ()
    return [name_of(object), len(drivers), age_of(object, now)]


def _csi_driver(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    attach, requests = spec.get("attachRequired"), spec.get("tokenRequests")
    return [
        name_of(object),
        True if attach is None else attach,
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        UNSET if requests is None else ",".join(each.get("audience") or "" for each in requests),
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        age_of(object, now),
    ]


def _capacity(object: Object, _: datetime) -> list[Cell]:
    capacity = object.get("capacity")
    amount = UNSET if capacity is None else canonical_quantity(capacity)
    return [name_of(object), object.get("storageClassName") or "", amount]


_PV = "core.v1.PersistentVolume"
_DRIVER = "storage.v1.CSIDriverSpec"

TABLES = {
    "persistentvolumes": Table(
        (
            NAME,
            Column("Capacity", field=f"{_PV}Spec.capacity"),
            Column("Access Modes", field=f"{_PV}Spec.accessModes"),
            Column("Reclaim Policy", field=f"{_PV}Spec.persistentVolumeReclaimPolicy"),
            Column("Status", field=f"{_PV}Status.phase"),
            Column("Claim", field=f"{_PV}Spec.claimRef"),
            Column("StorageClass", description="The class of the volume."),
            Column("VolumeAttributesClass", description="The class of its attributes."),
            Column("Reason", field=f"{_PV}Status.reason"),
            AGE,
            Column("VolumeMode", field=f"{_PV}Spec.volumeMode", priority=WIDE),
        ),
        _persistent_volume,
    ),
    "persistentvolumeclaims": Table(
        (
            NAME,
            Column("Status", field=f"{_PV}ClaimStatus.phase"),
            Column("Volume", field=f"{_PV}ClaimSpec.volumeName"),
            Column("Capacity", field=f"{_PV}ClaimStatus.capacity"),
            Column("Access Modes", field=f"{_PV}ClaimStatus.accessModes"),
            Column("StorageClass", description="The class that the claim asks for."),
            Column("VolumeAttributesClass", description="The class of attributes it asks for."),
            AGE,
            Column("VolumeMode", field=f"{_PV}ClaimSpec.volumeMode", priority=WIDE),
        ),
        _claim,
    ),
    "storageclasses.storage.k8s.io": Table(
        (
            NAME,
            Column("Provisioner", field="storage.v1.StorageClass.provisioner"),
            Column("ReclaimPolicy", field="storage.v1.StorageClass.reclaimPolicy"),
            Column("VolumeBindingMode", field="storage.v1.StorageClass.volumeBindingMode"),
            Column("AllowVolumeExpansion", field="storage.v1.StorageClass.allowVolumeExpansion"),
            AGE,
        ),
        _storage_class,
    ),
    "volumeattributesclasses.storage.k8s.io": Table(
        (NAME, Column("DriverName", field="storage.v1.VolumeAttributesClass.driverName"), AGE),
        _attributes_class,
    ),
    "volumeattachments.storage.k8s.io": Table(
        (
            NAME,
            Column("Attacher", format="name", field="storage.v1.VolumeAttachmentSpec.attacher"),
            Column("PV", field="storage.v1.VolumeAttachmentSource.persistentVolumeName"),
            Column("Node", field="storage.v1.VolumeAttachmentSpec.nodeName"),
            Column("Attached", "boolean", field="storage.v1.VolumeAttachmentStatus.attached"),
            AGE,
        ),
        _attachment,
    ),
    "csinodes.storage.k8s.io": Table(
        (NAME, Column("Drivers", "integer", description="How many drivers the node has."), AGE),
        _csi_node,
    ),
    "csidrivers.storage.k8s.io": Table(
        (
            NAME,
            Column("AttachRequired", "boolean", field=f"{_DRIVER}.attachRequired"),
            Column("PodInfoOnMount", "boolean", field=f"{_DRIVER}.podInfoOnMount"),
            Column("StorageCapacity", "boolean", field=f"{_DRIVER}.storageCapacity"),
            Column("TokenRequests", field=f"{_DRIVER}.tokenRequests"),
            Column("RequiresRepublish", "boolean", field=f"{_DRIVER}.requiresRepublish"),
            Column("Modes", field=f"{_DRIVER}.volumeLifecycleModes"),
            AGE,
        ),
        _csi_driver,
    ),
    "csistoragecapacities.storage.k8s.io": Table(
        (
            NAME,
            Column("StorageClassName", field="storage.v1.CSIStorageCapacity.storageClassName"),
            Column("Capacity", field="storage.v1.CSIStorageCapacity.capacity"),
        ),
        _capacity,
    ),
}
