"""Fields that an object of Go has from the start, and which nobody therefore adds.

Whoever creates a Deployment owns `f:spec: {f:template: …}` but not `f:spec` itself: in Go's types
`spec` is a struct, not a pointer, so the empty object that a new one is compared with has it
already. The published schemas do not tell one from the other; these are read from Kubernetes' types
(k8s.io/api v0.35). Custom resources have no such types: there everything is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from labkit.cluster.embedded.apiserver.patches.shape import Shape

Zero = Mapping[str, Any]

NOTHING: Zero = MappingProxyType({})

_POD_TEMPLATE: Zero = {"metadata": {}, "spec": {"containers": {}}}
_WORKLOAD: Zero = {
    "metadata": {},
    "spec": {"template": _POD_TEMPLATE, "strategy": {}, "updateStrategy": {}},
    "status": {},
}
_PLAIN: Zero = {"metadata": {}, "spec": {}, "status": {}}

_KINDS: Mapping[str, Zero] = {
    "Pod": {"metadata": {}, "spec": {"containers": {}}, "status": {}},
    "PodTemplate": {"metadata": {}, "template": _POD_TEMPLATE},
    "Deployment": _WORKLOAD,
    "ReplicaSet": _WORKLOAD,
    "StatefulSet": _WORKLOAD,
    "DaemonSet": _WORKLOAD,
    "Job": _WORKLOAD,
    "CronJob": {
        "metadata": {},
        "spec": {"jobTemplate": {"metadata": {}, "spec": {"template": _POD_TEMPLATE}}},
        "status": {},
    },
    "Service": {**_PLAIN, "status": {"loadBalancer": {}}},
    "Ingress": {**_PLAIN, "status": {"loadBalancer": {}}},
    "PersistentVolumeClaim": {**_PLAIN, "spec": {"resources": {}}},
    "HorizontalPodAutoscaler": {**_PLAIN, "spec": {"scaleTargetRef": {}}},
    "Node": {
        **_PLAIN,
        "status": {"nodeInfo": {}, "daemonEndpoints": {"kubeletEndpoint": {}}},
    },
    "Event": {
        **_PLAIN,
        "involvedObject": {},
        "source": {},
        "regarding": {},
        "deprecatedSource": {},
    },
    "CSINode": {**_PLAIN, "spec": {"drivers": {}}},
    "CustomResourceDefinition": {
        **_PLAIN,
        "spec": {"names": {}},
        "status": {"acceptedNames": {}, "conditions": {}},
    },
}


def zero_of(type: Shape | None) -> Zero:
    """What an empty object of this kind has already; nothing, for a custom resource."""
    if type is None or type.is_custom or type.gvk is None:
        return NOTHING
    _, _, kind = type.gvk
    return _KINDS.get(kind, _PLAIN)
