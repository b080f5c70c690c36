"""Classes of storage, drivers, and what is attached where."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

DRIVERS = "csidrivers.storage.k8s.io"
CSI_NODES = "csinodes.storage.k8s.io"
CAPACITIES = "csistoragecapacities.storage.k8s.io"
CLASSES = "storageclasses.storage.k8s.io"
ATTACHMENTS = "volumeattachments.storage.k8s.io"
ATTRIBUTES = "volumeattributesclasses.storage.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (CLASSES, {"provisioner": "a b"}, [
            "provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (CLASSES, {"parameters": {f"k{n}": "v" for n in range(513)}}, [
            "parameters: Too long: may not be more than 512 bytes",
        ]),
        (CLASSES, {"parameters": {"": "x"}}, [
            'parameters: Invalid value: "": field can not be empty.',
        ]),
        (CLASSES, {"parameters": {"a": "x" * (256 * 1024)}}, [
            "parameters: Too long: may not be more than 262144 bytes",
        ]),
        (CLASSES, {"reclaimPolicy": "Recycle", "volumeBindingMode": "Late"}, [
            'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
            'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"',
        ]),
        (CLASSES, {"allowedTopologies": [{"matchLabelExpressions": [{"key": "", "values": []}, {"key": "a", "values": ["b", "b"]}, {"key": "a", "values": ["c"]}]}]}, [
            "allowedTopologies[0].matchLabelExpressions[0].values: Required value",
            'allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: "": name part must be non-empty',
            "allowedTopologies[0].matchLabelExpressions[0].key: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'allowedTopologies[0].matchLabelExpressions[1].values[1]: Duplicate value: "b"',
            'allowedTopologies[0].matchLabelExpressions[2].key: Duplicate value: "a"',
        ]),
        (CLASSES, {"allowedTopologies": [{"matchLabelExpressions": [{"key": "a", "values": ["b", "c"]}]}, {"matchLabelExpressions": [{"key": "a", "values": ["c", "b"]}]}]}, [
            'allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
        ]),
        (CLASSES, {"allowedTopologies": [{}]}, [
            'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""',
        ]),
        (ATTRIBUTES, {"driverName": "", "parameters": {}}, [
            "driverName: Required value",
            "parameters: Required value: must contain at least one key/value pair",
        ]),
        (ATTRIBUTES, {"driverName": "a b"}, [
            "driverName: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (DRIVERS, {"spec": {"fsGroupPolicy": "Any", "volumeLifecycleModes": ["Brief"], "nodeAllocatableUpdatePeriodSeconds": 9, "tokenRequests": [{"audience": "a", "expirationSeconds": 599}, {"audience": "a"}, {"audience": "b", "expirationSeconds": 4294967297}, {"audience": "c"}]}}, [
            'spec.fsGroupPolicy: Unsupported value: "Any": supported values: "File", "None", "ReadWriteOnceWithFSType"',
            "spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
            'spec.tokenRequests[1].audience: Duplicate value: "a"',
            "spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
            'spec.volumeLifecycleModes: Unsupported value: "Brief": supported values: "Persistent", "Ephemeral"',
            "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
        ]),
        (CSI_NODES, {"spec/drivers/0/name": "", "spec/drivers/0/nodeID": ""}, [
            "spec.drivers[0].name: Required value",
            "spec.drivers[0].name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.drivers[0].nodeID: Required value",
        ]),
        (CSI_NODES, {"spec/drivers/0/nodeID": "x" * 257}, [
            'spec.drivers[0].nodeID: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": must be 256 characters or less',
        ]),
        (CSI_NODES, {"spec/drivers/0/nodeID": "x" * 256}, []),
        (CSI_NODES, {"spec/drivers/0/allocatable": {"count": -1}}, [
            "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (CSI_NODES, {"spec/drivers/0/topologyKeys": ["", "a", "a", "b c"]}, [
            "spec.drivers[0]: Required value",
            'spec.drivers[0]: Invalid value: "": name part must be non-empty',
            "spec.drivers[0]: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.drivers[0]: Duplicate value: "a"',
            "spec.drivers[0]: Invalid value: \"b c\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (CSI_NODES, {"spec/drivers": [{"name": "a", "nodeID": "b"}, {"name": "a", "nodeID": "c"}]}, [
            'spec.drivers[1].name: Duplicate value: "a"',
        ]),
        (CAPACITIES, {"storageClassName": "", "capacity": "-1", "nodeTopology": {"matchLabels": {"a b": "c"}}}, [
            "nodeTopology.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "storageClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'capacity: Invalid value: "-1": must be greater than or equal to 0',
        ]),
        (ATTACHMENTS, {"spec": {}}, [
            "spec.attacher: Required value",
            "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
            "spec.nodeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.attacher: Required value",
            "spec.attacher: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (ATTACHMENTS, {"spec/attacher": "x" * 64, "spec/nodeName": "A"}, [
            "spec.nodeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.attacher: Too long: may not be more than 63 bytes",
        ]),
        (ATTACHMENTS, {"spec/source": {"persistentVolumeName": ""}}, [
            "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName",
            "spec.source.persistentVolumeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (ATTACHMENTS, {"spec/source": {"persistentVolumeName": "A"}}, [
            "spec.source.persistentVolumeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (ATTACHMENTS, {"spec/source": {"persistentVolumeName": "a", "inlineVolumeSpec": {"csi": {"driver": "a.b", "volumeHandle": "h"}, "accessModes": ["ReadWriteOnce"]}}}, [
            "spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
        ]),
        (ATTACHMENTS, {"spec/source": {"inlineVolumeSpec": {"csi": {"driver": "a.b", "volumeHandle": "h"}, "accessModes": ["ReadWriteOnce"]}}}, []),
        (ATTACHMENTS, {"spec/source": {"inlineVolumeSpec": {"csi": None, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/"}, "claimRef": {"name": "a"}, "capacity": {"storage": "1"}, "persistentVolumeReclaimPolicy": "Delete", "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "Exists"}]}]}}, "storageClassName": "a", "volumeMode": "Block"}}}, [
            "spec.source.inlineVolumeSpec.claimRef: Forbidden: may not be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes",
            "spec.source.inlineVolumeSpec.nodeAffinity: Forbidden: may not be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.storageClassName: Forbidden: may not be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes",
        ]),
        (ATTACHMENTS, {"spec/source": {"inlineVolumeSpec": {"csi": {"driver": "a.b", "volumeHandle": "h"}}}}, [
            "spec.source.inlineVolumeSpec.accessModes: Required value",
        ]),
        (ATTACHMENTS, {"spec/source": {"inlineVolumeSpec": {"csi": {}, "accessModes": ["ReadWriteOnce"]}}}, [
            "spec.source.inlineVolumeSpec.csi.driver: Required value",
            "spec.source.inlineVolumeSpec.csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.source.inlineVolumeSpec.csi.volumeHandle: Required value",
        ]),
        (CLASSES, {"parameters": {f"k{n}": "v" for n in range(512)}}, []),
        (CLASSES, {"parameters": {"a": "x" * (256 * 1024 - 1)}}, []),
        (ATTRIBUTES, {"parameters": {"": "x"}}, [
            'parameters: Invalid value: "": field can not be empty.',
        ]),
        (DRIVERS, {"spec": {"nodeAllocatableUpdatePeriodSeconds": 10, "tokenRequests": [{"audience": "a", "expirationSeconds": 600}, {"audience": "b", "expirationSeconds": 4294967296}]}}, []),
        (CAPACITIES, {"capacity": "0"}, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        (CLASSES, {"provisioner": "a", "parameters": {"a": "b"}, "reclaimPolicy": "Retain", "volumeBindingMode": "WaitForFirstConsumer"}, {}, [
            "parameters: Forbidden: updates to parameters are forbidden.",
            "provisioner: Forbidden: updates to provisioner are forbidden.",
            "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.",
            'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
        ]),
        (CLASSES, {"provisioner": ""}, {}, [
            "provisioner: Required value",
            "provisioner: Forbidden: updates to provisioner are forbidden.",
        ]),
        (ATTRIBUTES, {"driverName": "b", "parameters": {"a": "b"}}, {}, [
            "driverName: Forbidden: updates to driverName are forbidden.",
            "parameters: Forbidden: updates to parameters are forbidden.",
        ]),
        (DRIVERS, {"spec/attachRequired": False, "spec/volumeLifecycleModes": ["Ephemeral"]}, {}, [
            "spec.attachedRequired: Invalid value: false: field is immutable",
            'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
        ]),
        (CSI_NODES, {"spec/drivers/0/allocatable": {"count": 9}}, {}, []),
        (CSI_NODES, {"spec/drivers/0/nodeID": "n2"}, {}, [
            'spec.drivers: Invalid value: {"Name":"disk.example.com","NodeID":"n2","TopologyKeys":["example.com/zone"],"Allocatable":null}: field is immutable',
        ]),
        (CSI_NODES, {"spec/drivers": []}, {}, []),
        (CAPACITIES, {"storageClassName": "slow", "nodeTopology": {"matchLabels": {"a": "b"}}}, {}, [
            'nodeTopology: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
            'storageClassName: Invalid value: "slow": field is immutable',
        ]),
        (ATTACHMENTS, {"spec/nodeName": "A"}, {}, [
            "spec.nodeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'spec: Invalid value: {"attacher":"example.com","nodeName":"A","source":{"persistentVolumeName":"v"}}: field is immutable',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
