"""Pods: what containers mount and take as devices, as whom they run, where."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults

PODS = "pods"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (PODS, {"spec/containers/0/volumeMounts": [], "spec/containers/0/volumeDevices": [{"name": "claim", "devicePath": "/dev/x"}]}, []),
        (PODS, {"spec/containers/0/volumeDevices": [{"name": "", "devicePath": ""}]}, [
            "spec.containers[0].volumeDevices[0].name: Required value",
            'spec.containers[0].volumeDevices[0].name: Not found: ""',
            "spec.containers[0].volumeDevices[0].devicePath: Required value",
        ]),
        (PODS, {"spec/containers/0/volumeDevices": [{"name": "host", "devicePath": "/dev/x"}, {"name": "other", "devicePath": "/dev/y"}]}, [
            'spec.containers[0].volumeDevices[0].name: Invalid value: "host": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
            'spec.containers[0].volumeDevices[1].name: Not found: "other"',
        ]),
        (PODS, {"spec/containers/0/volumeDevices": [{"name": "claim", "devicePath": "/dev/x"}, {"name": "claim", "devicePath": "/dev/x"}]}, [
            'spec.containers[0].volumeDevices[1].name: Invalid value: "claim": must be unique',
            'spec.containers[0].volumeDevices[1].devicePath: Invalid value: "/dev/x": must be unique',
        ]),
        (PODS, {"spec/containers/0/volumeDevices": [{"name": "claim", "devicePath": "/dev/../x"}]}, [
            "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/dev/../x\": can not contain backsteps ('..')",
        ]),
        (PODS, {"spec/containers/0/volumeMounts": [{"name": "claim", "mountPath": "/c"}], "spec/containers/0/volumeDevices": [{"name": "claim", "devicePath": "/c"}]}, [
            'spec.containers[0].volumeMounts[0].name: Invalid value: "claim": must not already exist in volumeDevices',
            'spec.containers[0].volumeMounts[0].mountPath: Invalid value: "/c": must not already exist as a path in volumeDevices',
            'spec.containers[0].volumeDevices[0].name: Invalid value: "claim": must not already exist in volumeMounts',
            'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/c": must not already exist as a path in volumeMounts',
        ]),
        (PODS, {"spec/containers/0/volumeMounts": [{"name": "", "mountPath": ""}]}, [
            "spec.containers[0].volumeMounts[0].name: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: ""',
            "spec.containers[0].volumeMounts[0].mountPath: Required value",
        ]),
        (PODS, {"spec/containers/0/volumeMounts": [{"name": "data", "mountPath": "/a"}, {"name": "host", "mountPath": "/a"}]}, [
            'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
        ]),
        (PODS, {"spec/containers/0/volumeMounts": [{"name": "data", "mountPath": "/a", "subPath": "/x", "subPathExpr": "../y"}]}, [
            'spec.containers[0].volumeMounts.subPath: Invalid value: "/x": must be a relative path',
            'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "../y": subPathExpr and subPath are mutually exclusive',
            "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../y\": must not contain '..'",
        ]),
        (PODS, {"spec/securityContext": {"fsGroup": -1, "runAsUser": 2147483648, "runAsGroup": -1, "supplementalGroups": [-1, 2147483647], "fsGroupChangePolicy": "Odd", "supplementalGroupsPolicy": "Odd"}}, [
            "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.runAsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.supplementalGroups[0]: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Odd": supported values: "Always", "OnRootMismatch"',
            'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "Odd": supported values: "Merge", "Strict"',
        ]),
        (PODS, {"spec/securityContext": {"fsGroup": 2147483647, "runAsUser": 0, "runAsGroup": 0, "fsGroupChangePolicy": "OnRootMismatch", "supplementalGroupsPolicy": "Strict"}}, []),
        (PODS, {"spec/securityContext": {"sysctls": [{"name": "", "value": "1"}, {"name": "A", "value": "1"}, {"name": "kernel.a", "value": "1"}, {"name": "kernel.a", "value": "2"}]}}, [
            "spec.securityContext.sysctls[0].name: Required value",
            'spec.securityContext.sysctls[1].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
            'spec.securityContext.sysctls[3].name: Duplicate value: "kernel.a"',
        ]),
        (PODS, {"spec/securityContext": {"sysctls": [{"name": "a" * 253, "value": "1"}, {"name": "a" * 254, "value": "1"}]}}, [
            'spec.securityContext.sysctls[1].name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
        ]),
        (PODS, {"spec/securityContext": {"seccompProfile": {}}}, [
            "spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set",
        ]),
        (PODS, {"spec/securityContext": {"seccompProfile": {"type": "Odd", "localhostProfile": "a"}}}, [
            'spec.securityContext.seccompProfile.localhostProfile: Invalid value: "a": can only be set when seccomp type is Localhost',
            'spec.securityContext.seccompProfile.type: Unsupported value: "Odd": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
        ]),
        (PODS, {"spec/securityContext": {"seccompProfile": {"type": "Localhost"}}}, [
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
        ]),
        (PODS, {"spec/containers/0/securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "/a"}}}, [
            'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value: "/a": must be a relative path',
        ]),
        (PODS, {"spec/containers/0/securityContext": {"runAsUser": -1, "runAsGroup": 2147483648, "procMount": "Odd"}}, [
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.containers[0].securityContext.runAsGroup: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
            'spec.containers[0].securityContext.procMount: Unsupported value: "Odd": supported values: "Default", "Unmasked"',
        ]),
        (PODS, {"spec/containers/0/securityContext": {"allowPrivilegeEscalation": False, "privileged": True, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}, [
            'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"capabilities":{"add":["CAP_SYS_ADMIN"]},"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
            'spec.containers[0].securityContext: Invalid value: {"allowPrivilegeEscalation":false,"capabilities":{"add":["CAP_SYS_ADMIN"]},"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ]),
        (PODS, {"spec/topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": ""}]}, [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"',
        ]),
        (PODS, {"spec/topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a b", "whenUnsatisfiable": "Odd", "minDomains": 0}]}, [
            "spec.topologySpreadConstraints[0].topologyKey: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Odd": supported values: "DoNotSchedule", "ScheduleAnyway"',
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
        ]),
        (PODS, {"spec/topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"a b": "c"}}}]}, [
            "spec.topologySpreadConstraints[0].labelSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (PODS, {"spec/topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}, "minDomains": 1}]}, [
            'spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
        ]),
        (PODS, {"spec/topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}, {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}, {"maxSkew": 3, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]}, [
            'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, DoNotSchedule}"',
        ]),
        (PODS, {"spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a b", "operator": "In"}, {"key": "a", "operator": "Exists", "values": ["x"]}, {"key": "a", "operator": "Gt", "values": ["1", "2"]}, {"key": "a", "operator": "Near"}, {"key": "a", "operator": "NotIn", "values": ["a b"]}]}]}}}}, [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[1].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[2].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'",
            'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[3].operator: Invalid value: "Near": not a valid selector operator',
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[4].values[0]: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
        (PODS, {"spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "Exists"}, {"key": "metadata.name", "operator": "In", "values": ["a", "b"]}, {"key": "spec.nodeName", "operator": "In", "values": ["a"]}, {"key": "metadata.name", "operator": "In", "values": ["A"]}]}]}}}}, [
            'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].operator: Invalid value: "Exists": not a valid selector operator',
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[1].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
            'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[2].key: Invalid value: "spec.nodeName": not a valid field selector key',
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[3].values[0]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (PODS, {"spec/affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}, "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "preference": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}, {"weight": 101, "preference": {}}, {"weight": 100, "preference": {}}]}}}, [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator',
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[1].weight: Invalid value: 101: must be in the range 1-100",
        ]),
        (PODS, {"spec/affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "", "namespaces": ["A"], "labelSelector": {"matchLabels": {"a b": "c"}}, "namespaceSelector": {"matchLabels": {"a b": "c"}}}]}}}, [
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespaceSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
            'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (PODS, {"spec/affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 0, "podAffinityTerm": {"topologyKey": "a b"}}, {"weight": 1, "podAffinityTerm": {"topologyKey": "a"}}]}}}, [
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            "spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.topologyKey: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (PODS, {"spec/tolerations": [{"key": "a b", "operator": "Exists"}, {"operator": "Equal"}, {"key": "a", "operator": "Exists", "value": "b"}, {"key": "a", "operator": "Near"}, {"key": "a", "value": "b c"}, {"key": "a", "operator": "Exists", "effect": "Odd"}, {"key": "a", "operator": "Exists", "effect": "NoSchedule", "tolerationSeconds": 1}]}, [
            "spec.tolerations[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.tolerations[1].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
            "spec.tolerations[2].operator: Invalid value: {\"key\":\"a\",\"operator\":\"Exists\",\"value\":\"b\"}: value must be empty when `operator` is 'Exists'",
            'spec.tolerations[3].operator: Unsupported value: "Near": supported values: "Equal", "Exists"',
            "spec.tolerations[4].operator: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            'spec.tolerations[5].effect: Unsupported value: "Odd": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
            "spec.tolerations[6].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        ]),
        (PODS, {"spec/schedulingGates": [{"name": "a b"}, {"name": "a"}, {"name": "a"}]}, [
            "spec.schedulingGates[0]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.schedulingGates[2]: Duplicate value: "a"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "emptyDir": {"sizeLimit": "-1"}}}, [
            "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "secret": {"secretName": "", "defaultMode": 512, "items": [{"key": "", "path": "", "mode": -1}, {"key": "a", "path": "..a"}]}}}, [
            "spec.volumes[0].secret.secretName: Required value",
            "spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].secret.items[0].key: Required value",
            "spec.volumes[0].secret.items[0].path: Required value",
            "spec.volumes[0].secret.items[0].mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].secret.items[1].path: Invalid value: \"..a\": must not start with '..'",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "configMap": {"name": "", "defaultMode": -1}}}, [
            "spec.volumes[0].configMap.name: Required value",
            "spec.volumes[0].configMap.defaultMode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "downwardAPI": {"defaultMode": 512, "items": [{"path": "", "mode": 512}, {"path": "a", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}, "resourceFieldRef": {"containerName": "web", "resource": "limits.cpu"}}, {"path": "b", "fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}]}}}, [
            "spec.volumes[0].downwardAPI.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].downwardAPI.path: Required value",
            "spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
            "spec.volumes[0].downwardAPI.mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            'spec.volumes[0].downwardAPI: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
            'spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "persistentVolumeClaim": {"claimName": ""}}}, [
            "spec.volumes[0].persistentVolumeClaim.claimName: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "data", "projected": {"defaultMode": 512, "sources": [{"secret": {"name": ""}, "configMap": {"name": "a"}}, {"serviceAccountToken": {"path": "", "expirationSeconds": 599}}, {"serviceAccountToken": {"path": "t", "expirationSeconds": 4294967297}}, {"configMap": {"name": "a", "items": [{"key": "k", "path": "t"}]}}]}}}, [
            "spec.volumes[0].projected.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            "spec.volumes[0].projected.sources[0].secret.name: Required value",
            "spec.volumes[0].projected.sources[0].configMap: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
            "spec.volumes[0].projected.path: Required value",
            "spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
            'spec.volumes[0].projected: Invalid value: "t": conflicting duplicate paths',
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": ""}}, [
            "spec.volumes[0].name: Required value",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/0": {"name": "A"}}, [
            "spec.volumes[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (PODS, {"spec/volumes/1/name": "data"}, [
            'spec.volumes[1].name: Duplicate value: "data"',
        ]),
        (PODS, {"spec/containers/0/resources": {"limits": {"cpu": "-1"}, "requests": {"cpu": "2"}}}, [
            'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of -1',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
