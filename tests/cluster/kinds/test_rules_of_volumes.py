"""Persistent volumes: each source, what they hold, and what of them stays."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, faults, update_faults

VOLUMES = "persistentvolumes"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (VOLUMES, {"spec/accessModes": []}, [
            "spec.accessModes: Required value",
        ]),
        (VOLUMES, {"spec/accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]}, [
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
        ]),
        (VOLUMES, {"spec/accessModes": ["Never"]}, [
            'spec.accessModes: Unsupported value: "Never": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        ]),
        (VOLUMES, {"spec/capacity": {"storage": "1Gi", "cpu": "1"}}, [
            'spec.capacity: Unsupported value: {"cpu":"1","storage":"1Gi"}: supported values: "storage"',
        ]),
        (VOLUMES, {"spec/capacity": {"storage": "-1"}}, [
            "spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity",
            'spec.capacity[storage]: Invalid value: "-1": must be greater than zero',
        ]),
        (VOLUMES, {"spec/storageClassName": "A"}, [
            "spec.storageClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (VOLUMES, {"spec/volumeMode": "Tape"}, [
            'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
        ]),
        (VOLUMES, {"spec/nodeAffinity": {}}, [
            "spec.nodeAffinity.required: Required value: must specify required node constraints",
        ]),
        (VOLUMES, {"spec/hostPath": {"path": ""}}, [
            "spec.hostPath.path: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": {"path": "/a/../b", "type": "Pipe"}}, [
            "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
            'spec.hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
        ]),
        (VOLUMES, {"spec/hostPath/path": "//", "spec/persistentVolumeReclaimPolicy": "Recycle"}, [
            "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
        ]),
        (VOLUMES, {"spec/local": {"path": "/a"}, "spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}}, [
            "spec.local: Forbidden: may not specify more than 1 volume type",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/local": {"path": "a/.."}, "spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}}, [
            "spec.local.path: Invalid value: \"a/..\": must not contain '..'",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/local": {}, "spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}}, [
            "spec.local.path: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/nfs": {"server": "", "path": "a"}}, [
            "spec.nfs.server: Required value",
            'spec.nfs.path: Invalid value: "a": must be an absolute path',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/nfs": {"server": "a", "path": ""}}, [
            "spec.nfs.path: Required value",
            'spec.nfs.path: Invalid value: "": must be an absolute path',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/csi": {}}, [
            "spec.csi.driver: Required value",
            "spec.csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.csi.volumeHandle: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/csi": {"driver": "x" * 64, "volumeHandle": "h"}}, [
            "spec.csi.driver: Too long: may not be more than 63 bytes",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/csi": {"driver": "a.b", "volumeHandle": "h", "controllerPublishSecretRef": {}, "controllerExpandSecretRef": {"name": "A", "namespace": "B"}, "nodePublishSecretRef": {}, "nodeExpandSecretRef": {}}}, [
            "spec.csi.controllerPublishSecretRef.name: Required value",
            "spec.csi.controllerPublishSecretRef.namespace: Required value",
            "spec.csi.controllerExpandSecretRef.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.csi.controllerExpandSecretRef.namespace: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.csi.nodePublishSecretRef.name: Required value",
            "spec.csi.nodePublishSecretRef.namespace: Required value",
            "spec.csi.nodeExpandSecretRef.name: Required value",
            "spec.csi.nodeExpandSecretRef.namespace: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/csi": {"driver": "A.b", "volumeHandle": "h"}}, []),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {}}, [
            "spec.iscsi.targetPortal: Required value",
            "spec.iscsi.iqn: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {"targetPortal": "a", "iqn": "x", "lun": 256, "chapAuthDiscovery": True}}, [
            'spec.iscsi.iqn: Invalid value: "x": must be valid format',
            "spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            "spec.iscsi.secretRef: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {"targetPortal": "a", "iqn": "iqn.2001", "lun": -1, "secretRef": {}}}, [
            'spec.iscsi.iqn: Invalid value: "iqn.2001": must be valid format',
            "spec.iscsi.lun: Invalid value: -1: must be between 0 and 255, inclusive",
            "spec.iscsi.secretRef.name: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {"targetPortal": "a", "iqn": "eui.0123", "initiatorName": "naa.0"}}, [
            'spec.iscsi.iqn: Invalid value: "eui.0123": must be valid format',
            'spec.iscsi.initiatorname: Invalid value: "naa.0": must be valid format',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {"targetPortal": "a" * 61, "iqn": "iqn.2001-04.com.example:a", "initiatorName": "x", "chapAuthSession": True, "secretRef": {"name": "a"}}}, [
            'spec.iscsi.targetportal: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
            'spec.iscsi.initiatorname: Invalid value: "x": must be valid format',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/iscsi": {"targetPortal": "a", "iqn": "eui.0123456789abcdef", "initiatorName": "naa." + "0" * 32}}, []),
        (VOLUMES, {"spec/hostPath": GONE, "spec/fc": {}}, [
            "spec.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/fc": {"targetWWNs": ["a"], "wwids": ["b"]}}, [
            'spec.fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously',
            "spec.fc.lun: Required value: lun is required if targetWWNs is specified",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/fc": {"targetWWNs": ["a"], "lun": 256}}, [
            "spec.fc.lun: Invalid value: 256: must be between 0 and 255, inclusive",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/fc": {"wwids": ["a"]}}, []),
        (VOLUMES, {"spec/hostPath": GONE, "spec/gcePersistentDisk": {"partition": 256}}, [
            "spec.persistentDisk.pdName: Required value",
            "spec.persistentDisk.partition: Invalid value: 256: must be between 1 and 255, inclusive",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/awsElasticBlockStore": {"partition": -1}}, [
            "spec.awsElasticBlockStore.volumeID: Required value",
            "spec.awsElasticBlockStore.partition: Invalid value: -1: must be between 1 and 255, inclusive",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/glusterfs": {"endpointsNamespace": ""}}, [
            "spec.glusterfs.endpoints: Required value",
            "spec.glusterfs.path: Required value",
            'spec.glusterfs.endpointsNamespace: Invalid value: "": if the endpointnamespace is set, it must be a valid namespace name',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/glusterfs": {"endpoints": "e", "path": "p", "endpointsNamespace": "A"}}, [
            "spec.glusterfs.endpointsNamespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/flocker": {}}, [
            "spec.flocker: Required value: one of datasetName and datasetUUID is required",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/flocker": {"datasetName": "a/b", "datasetUUID": "c"}}, [
            'spec.flocker: Invalid value: "resource": datasetName and datasetUUID can not be specified simultaneously',
            "spec.flocker.datasetName: Invalid value: \"a/b\": must not contain '/'",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/rbd": {}}, [
            "spec.rbd.monitors: Required value",
            "spec.rbd.image: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/quobyte": {}}, [
            "spec.quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas",
            "spec.quobyte.volume: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/quobyte": {"registry": "a:1,b", "volume": "v"}}, [
            'spec.quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/cephfs": {}}, [
            "spec.cephfs.monitors: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/cinder": {"secretRef": {}}}, [
            "spec.cinder.volumeID: Required value",
            "spec.cinder.secretRef.name: Required value",
            "spec.cinder.secretRef.namespace: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/flexVolume": {"options": {"x.kubernetes.io/y": "z", "k8s.io": "a"}}}, [
            "spec.flexVolume.driver: Required value",
            'spec.flexVolume.options[x.kubernetes.io/y]: Invalid value: "x.kubernetes.io/y": kubernetes.io and k8s.io namespaces are reserved',
            'spec.flexVolume.options[k8s.io]: Invalid value: "k8s.io": kubernetes.io and k8s.io namespaces are reserved',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/azureFile": {"secretNamespace": ""}}, [
            "spec.azureFile.secretName: Required value",
            "spec.azureFile.shareName: Required value",
            "spec.azureFile.secretNamespace: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/vsphereVolume": {}}, [
            "spec.vsphereVolume.volumePath: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/photonPersistentDisk": {}}, [
            "spec.photonPersistentDisk.pdID: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/portworxVolume": {}}, [
            "spec.portworxVolume.volumeID: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/azureDisk": {"cachingMode": "Much", "kind": "Managed"}}, [
            "spec.azureDisk.diskName: Required value",
            "spec.azureDisk.diskURI: Required value",
            'spec.azureDisk.cachingMode: Unsupported value: "Much": supported values: "None", "ReadOnly", "ReadWrite"',
            'spec.azureDisk.diskURI: Unsupported value: "": supported values: "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/azureDisk": {"diskName": "a", "diskURI": "b", "kind": "Shared"}}, [
            'spec.azureDisk.diskURI: Unsupported value: "b": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/azureDisk": {"diskName": "a", "diskURI": "b", "kind": "Own"}}, [
            'spec.azureDisk.kind: Unsupported value: "Own": supported values: "Dedicated", "Managed", "Shared"',
            'spec.azureDisk.diskURI: Unsupported value: "b": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"',
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/scaleIO": {}}, [
            "spec.scaleIO.gateway: Required value",
            "spec.scaleIO.system: Required value",
            "spec.scaleIO.volumeName: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/storageos": {"volumeNamespace": "A", "secretRef": {}}}, [
            "spec.storageos.volumeName: Required value",
            "spec.storageos.volumeNamespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.storageos.secretRef.name: Required value",
            "spec.storageos.secretRef.namespace: Required value",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/storageos": {"volumeName": "A"}}, [
            "spec.storageos.volumeName: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (VOLUMES, {"spec/cephfs": {"monitors": []}, "spec/flexVolume": {}}, [
            "spec.cephFS: Forbidden: may not specify more than 1 volume type",
            "spec.flexVolume.driver: Required value",
        ]),
        (VOLUMES, {"spec/volumeAttributesClassName": ""}, [
            "spec.volumeAttributesClassName: Required value: an empty string is disallowed",
            "spec.csi: Required value: has to be specified when using volumeAttributesClassName",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/csi": {"driver": "a.b", "volumeHandle": "h"}, "spec/volumeAttributesClassName": "A"}, [
            "spec.volumeAttributesClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (VOLUMES, {"metadata/annotations": {"volume.beta.kubernetes.io/mount-options": "ro"}}, [
            "metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for this volume type",
        ]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/nfs": {"server": "a", "path": "/"}, "metadata/annotations": {"volume.beta.kubernetes.io/mount-options": "ro"}}, []),
        (VOLUMES, {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": []}}}, [
            "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        (VOLUMES, {"spec/volumeMode": "Block"}, {}, [
            'volumeMode: Invalid value: "Block": field is immutable',
        ]),
        (VOLUMES, {"spec/csi/controllerExpandSecretRef": {"name": "s", "namespace": "n"}}, {"spec/hostPath": GONE, "spec/csi": {"driver": "a.b", "volumeHandle": "h"}}, []),
        (VOLUMES, {"spec/accessModes": [], "spec/nodeAffinity": GONE}, {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}}, [
            "spec.accessModes: Required value",
            'nodeAffinity: Invalid value: "null": field is immutable',
        ]),
        (VOLUMES, {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "Exists"}]}]}}}, {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "operator": "Exists"}]}]}}}, []),
        (VOLUMES, {"spec/volumeAttributesClassName": GONE}, {"spec/hostPath": GONE, "spec/csi": {"driver": "a.b", "volumeHandle": "h"}, "spec/volumeAttributesClassName": "a"}, [
            "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
