"""Claims, their templates, and the sources that only pods have."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, faults, update_faults

CLAIMS = "persistentvolumeclaims"
PODS = "pods"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (CLAIMS, {"spec/selector": {"matchLabels": {"a b": "c"}}, "spec/accessModes": [], "spec/storageClassName": "A"}, [
            "spec.accessModes: Required value: at least 1 access mode is required",
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.storageClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (CLAIMS, {"spec/dataSource": {"kind": "Pod", "name": ""}}, [
            "spec.dataSource.name: Required value",
            "spec.dataSource: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            "spec.dataSourceRef.name: Required value",
            "spec.dataSourceRef: Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        ]),
        (CLAIMS, {"spec/dataSource": {"kind": "Snapshot", "name": "s", "apiGroup": "A"}}, [
            "spec.dataSource.apiGroup: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.dataSourceRef.apiGroup: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (CLAIMS, {"spec/dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}, "spec/dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "b"}}, [
            "spec: Invalid value: {}: must match dataSourceRef",
        ]),
        (CLAIMS, {"spec/dataSource": {"kind": "PersistentVolumeClaim", "name": "a"}, "spec/dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "a", "namespace": "B"}}, [
            "spec.dataSourceRef.namespace: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec: Invalid value: {}: may not be specified when dataSourceRef.namespace is specified",
        ]),
        (CLAIMS, {"spec/volumeAttributesClassName": "A"}, [
            "spec.volumeAttributesClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (CLAIMS, {"spec/volumeMode": "Tape"}, [
            'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "csi": {"driver": "", "nodePublishSecretRef": {}}}}, [
            "spec.volumes[0].csi.driver: Required value",
            "spec.volumes[0].csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.volumes[0].csi.nodePublishSecretRef.name: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "csi": {"driver": "a", "nodePublishSecretRef": {"name": "A"}}}}, [
            "spec.volumes[0].csi.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "iscsi": {"targetPortal": "", "iqn": "x", "lun": 256, "chapAuthSession": True, "initiatorName": "y"}}}, [
            "spec.volumes[0].iscsi.targetPortal: Required value",
            'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
            "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            "spec.volumes[0].iscsi.secretRef: Required value",
            'spec.volumes[0].iscsi.initiatorname: Invalid value: "y": must be valid format starting with iqn, eui, or naa',
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "iscsi": {"targetPortal": "a" * 60, "iqn": "iqn.2001-04.com.example:a", "initiatorName": "eui.0123456789abcdef"}}}, [
            'spec.volumes[0].name: Invalid value: "data": Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "iscsi": {"targetPortal": "a", "iqn": ""}}}, [
            "spec.volumes[0].iscsi.iqn: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "gitRepo": {"repository": "", "directory": "/a"}}}, [
            "spec.volumes[0].gitRepo.repository: Required value",
            'spec.volumes[0].gitRepo.directory: Invalid value: "/a": must be a relative path',
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "glusterfs": {"endpoints": "", "path": ""}}}, [
            "spec.volumes[0].glusterfs.endpoints: Required value",
            "spec.volumes[0].glusterfs.path: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "cinder": {"volumeID": ""}}}, [
            "spec.volumes[0].cinder.volumeID: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "azureFile": {}}}, [
            "spec.volumes[0].azureFile.secretName: Required value",
            "spec.volumes[0].azureFile.shareName: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "storageos": {"secretRef": {}}}}, [
            "spec.volumes[0].storageos.volumeName: Required value",
            "spec.volumes[0].storageos.secretRef.name: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "gcePersistentDisk": {}}}, [
            "spec.volumes[0].persistentDisk.pdName: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "cephfs": {"monitors": []}, "hostPath": {"path": "/"}, "downwardAPI": {}}}, [
            "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "ephemeral": {}}}, [
            "spec.volumes[0].ephemeral.volumeClaimTemplate: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "ephemeral": {"volumeClaimTemplate": {"metadata": {"name": "a", "uid": "b", "labels": {"a b": "c"}, "annotations": {"c d": "e"}}, "spec": {}}}}}, [
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.annotations: Invalid value: \"c d\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
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
        (CLAIMS, {"spec/volumeMode": "Block"}, {}, [
            'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n   },\n   "storageClassName": "fast",\n-  "volumeMode": "Filesystem"\n+  "volumeMode": "Block"\n }\n',
            'volumeMode: Invalid value: "Block": field is immutable',
        ]),
        (CLAIMS, {"spec/volumeAttributesClassName": GONE}, {"spec/volumeAttributesClassName": "a", "status": {"phase": "Bound"}}, [
            'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n   },\n   "storageClassName": "fast",\n-  "volumeAttributesClassName": "a",\n   "volumeMode": "Filesystem"\n }\n',
            "spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden",
        ]),
        (CLAIMS, {"spec/volumeName": "b", "spec/accessModes": []}, {"spec/volumeName": "a"}, [
            "spec.accessModes: Required value: at least 1 access mode is required",
            'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n {\n-  "accessModes": [\n-    "ReadWriteOnce"\n-  ],\n   "resources": {\n     "requests": {\n   "storageClassName": "fast",\n   "volumeMode": "Filesystem",\n-  "volumeName": "a"\n+  "volumeName": "b"\n }\n',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
