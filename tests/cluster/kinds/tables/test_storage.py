from __future__ import annotations

from typing import Any

import pytest

from .printing import ago, meta, printed, shown

GOING = meta(deletionTimestamp=ago(seconds=1))
RESOURCE = "persistentvolumeclaims"


def claim(phase: str, volume: str = "my-volume", **spec: Any) -> dict[str, Any]:
    modes = ["ReadWriteMany", "ReadOnlyMany", "ReadOnlyMany"]
    status = {"phase": phase, "accessModes": modes, "capacity": {"storage": "1024Mi"}}
    return {"spec": {"volumeName": volume, **spec}, "status": status}


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        (claim("Bound"), ["Bound", "my-volume", "1Gi", "ROX,RWX", "", "<unset>", "<unset>"]),
        (claim("Lost", ""), ["Lost", "", "", "", "", "<unset>", "<unset>"]),
        (
            claim(
                "Bound",
                storageClassName="fast",
                volumeAttributesClassName="gold",
                volumeMode="Filesystem",
            ),
            ["Bound", "my-volume", "1Gi", "ROX,RWX", "fast", "gold", "Filesystem"],
        ),
        (
            {"metadata": GOING} | claim("Bound"),
            ["Terminating", "my-volume", "1Gi", "ROX,RWX", "", "<unset>", "<unset>"],
        ),
    ],
)
def test_a_claim_shows_the_volume_it_has(parts: dict[str, Any], cells: list[str]) -> None:
    columns = (
        *("Status", "Volume", "Capacity", "Access Modes", "StorageClass"),
        *("VolumeAttributesClass", "VolumeMode"),
    )
    assert shown(RESOURCE, *columns, **parts) == cells


def test_an_old_annotation_names_the_class() -> None:
    metadata = meta(annotations={"volume.beta.kubernetes.io/storage-class": "slow"})
    row = printed(RESOURCE, metadata=metadata, spec={"storageClassName": "fast"})
    assert row["StorageClass"] == "slow"


def test_a_volume_shows_who_has_it() -> None:
    spec = {
        "capacity": {"storage": "4Gi"},
        "accessModes": ["ReadWriteOncePod", "ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": "default", "name": "data"},
        "storageClassName": "fast",
    }
    status = {"phase": "Bound", "reason": "why"}
    row = printed("persistentvolumes", spec=spec, status=status)
    assert list(row.values()) == [
        *("x", "4Gi", "RWO,RWOP", "Retain", "Bound", "default/data", "fast"),
        *("<unset>", "why", "5m", "<unset>"),
    ]
    assert printed("persistentvolumes", metadata=GOING)["Status"] == "Terminating"
    assert shown("persistentvolumes", "Capacity", "Claim") == ["0", ""]


def test_the_default_storage_class_says_so() -> None:
    resource = "storageclasses.storage.k8s.io"
    assert list(printed(resource, provisioner="p").values()) == [
        *("x", "p", "Delete", "Immediate", False, "5m")
    ]
    metadata = meta(annotations={"storageclass.kubernetes.io/is-default-class": "true"})
    parts = {
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }
    assert list(printed(resource, metadata=metadata, provisioner="p", **parts).values()) == [
        *("x (default)", "p", "Retain", "WaitForFirstConsumer", True, "5m")
    ]


@pytest.mark.parametrize(
    ("spec", "cells"),
    [
        ({}, [True, False, False, "<unset>", False, "<none>"]),
        (
            {
                "attachRequired": False,
                "podInfoOnMount": True,
                "storageCapacity": True,
                "tokenRequests": [{"audience": "a"}, {"audience": "b"}],
                "requiresRepublish": True,
                "volumeLifecycleModes": ["Persistent", "Ephemeral"],
            },
            [False, True, True, "a,b", True, "Persistent,Ephemeral"],
        ),
        ({"tokenRequests": []}, [True, False, False, "", False, "<none>"]),
    ],
)
def test_a_driver_says_what_it_wants(spec: dict[str, Any], cells: list[Any]) -> None:
    row = printed("csidrivers.storage.k8s.io", spec=spec)
    assert list(row.values())[1:-1] == cells


def test_the_rest_of_storage() -> None:
    attachment = printed(
        "volumeattachments.storage.k8s.io",
        spec={"attacher": "a", "nodeName": "n", "source": {"persistentVolumeName": "pv"}},
        status={"attached": True},
    )
    assert list(attachment.values()) == ["x", "a", "pv", "n", True, "5m"]
    assert printed("csinodes.storage.k8s.io", spec={"drivers": [{}, {}]})["Drivers"] == 2
    capacity = "csistoragecapacities.storage.k8s.io"
    assert list(printed(capacity, storageClassName="s").values()) == ["x", "s", "<unset>"]
    assert printed(capacity, capacity="2048Mi")["Capacity"] == "2Gi"
    assert list(printed("volumeattributesclasses.storage.k8s.io", driverName="d").values()) == [
        *("x", "d", "5m")
    ]
