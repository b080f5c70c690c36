"""What is particular to each built-in kind: defaults, what it starts with, what it may be.

Functions of plain dicts whose types are right already; they ask nobody. `KINDS` is the table;
`kind_of` has an answer for every resource. See docs/embedded-cluster.md, "kinds".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .autoscaling import AUTOSCALER, validate_scale
from .certificates import SIGNING_REQUEST, SIGNING_REQUEST_APPROVAL
from .claims import CLAIM
from .cluster import LEASE, NAMESPACE, RUNTIME_CLASS, validate_finalize
from .configuration import CONFIG_MAP, SECRET, SERVICE_ACCOUNT
from .crds import DEFINITION
from .endpoints import ENDPOINT_SLICE, ENDPOINTS
from .events import EVENT, NEW_EVENT
from .faults import Fault, Reason, invalid_message
from .flowcontrol import FLOW_SCHEMA, PRIORITY_LEVEL
from .jobs import CRON_JOB, JOB, own_labels
from .kind import Kind, custom
from .networking import INGRESS, INGRESS_CLASS, NETWORK_POLICY
from .nodes import NODE
from .pods import POD, POD_EPHEMERAL_CONTAINERS, POD_RESIZE, POD_TEMPLATE, validate_binding
from .policy import DISRUPTION_BUDGET, LIMIT_RANGE, PRIORITY_CLASS, RESOURCE_QUOTA
from .rbac import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from .registration import API_SERVICE
from .services import SERVICE
from .storage import (
    ATTRIBUTES_CLASS,
    CSI_DRIVER,
    CSI_NODE,
    STORAGE_CAPACITY,
    STORAGE_CLASS,
    VOLUME_ATTACHMENT,
)
from .volumes import VOLUME
from .webhooks import (
    MUTATING_BINDING,
    MUTATING_POLICY,
    MUTATING_WEBHOOKS,
    POLICY_BINDING,
    VALIDATING_POLICY,
    VALIDATING_WEBHOOKS,
)
from .workloads import (
    CONTROLLER_REVISION,
    DAEMON_SET,
    DEPLOYMENT,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
)

__all__ = [
    "KINDS",
    "POD_EPHEMERAL_CONTAINERS",
    "POD_RESIZE",
    "SIGNING_REQUEST_APPROVAL",
    "Fault",
    "Kind",
    "Reason",
    "custom",
    "invalid_message",
    "kind_of",
    "own_labels",
    "validate_binding",
    "validate_finalize",
    "validate_scale",
]

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "configmaps": CONFIG_MAP,
        "endpoints": ENDPOINTS,
        "events": EVENT,
        "limitranges": LIMIT_RANGE,
        "namespaces": NAMESPACE,
        "nodes": NODE,
        "persistentvolumeclaims": CLAIM,
        "persistentvolumes": VOLUME,
        "pods": POD,
        "podtemplates": POD_TEMPLATE,
        "replicationcontrollers": REPLICATION_CONTROLLER,
        "resourcequotas": RESOURCE_QUOTA,
        "secrets": SECRET,
        "serviceaccounts": SERVICE_ACCOUNT,
        "services": SERVICE,
        "mutatingadmissionpolicies.admissionregistration.k8s.io": MUTATING_POLICY,
        "mutatingadmissionpolicybindings.admissionregistration.k8s.io": MUTATING_BINDING,
        "mutatingwebhookconfigurations.admissionregistration.k8s.io": MUTATING_WEBHOOKS,
        "validatingadmissionpolicies.admissionregistration.k8s.io": VALIDATING_POLICY,
        "validatingadmissionpolicybindings.admissionregistration.k8s.io": POLICY_BINDING,
        "validatingwebhookconfigurations.admissionregistration.k8s.io": VALIDATING_WEBHOOKS,
        "apiservices.apiregistration.k8s.io": API_SERVICE,
        "customresourcedefinitions.apiextensions.k8s.io": DEFINITION,
        "controllerrevisions.apps": CONTROLLER_REVISION,
        "daemonsets.apps": DAEMON_SET,
        "deployments.apps": DEPLOYMENT,
        "replicasets.apps": REPLICA_SET,
        "statefulsets.apps": STATEFUL_SET,
        "horizontalpodautoscalers.autoscaling": AUTOSCALER,
        "cronjobs.batch": CRON_JOB,
        "jobs.batch": JOB,
        "certificatesigningrequests.certificates.k8s.io": SIGNING_REQUEST,
        "leases.coordination.k8s.io": LEASE,
        "endpointslices.discovery.k8s.io": ENDPOINT_SLICE,
        "events.events.k8s.io": NEW_EVENT,
        "flowschemas.flowcontrol.apiserver.k8s.io": FLOW_SCHEMA,
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": PRIORITY_LEVEL,
        "ingressclasses.networking.k8s.io": INGRESS_CLASS,
        "ingresses.networking.k8s.io": INGRESS,
        "networkpolicies.networking.k8s.io": NETWORK_POLICY,
        "runtimeclasses.node.k8s.io": RUNTIME_CLASS,
        "poddisruptionbudgets.policy": DISRUPTION_BUDGET,
        "clusterrolebindings.rbac.authorization.k8s.io": CLUSTER_ROLE_BINDING,
        "clusterroles.rbac.authorization.k8s.io": CLUSTER_ROLE,
        "rolebindings.rbac.authorization.k8s.io": ROLE_BINDING,
        "roles.rbac.authorization.k8s.io": ROLE,
        "priorityclasses.scheduling.k8s.io": PRIORITY_CLASS,
        "csidrivers.storage.k8s.io": CSI_DRIVER,
        "csinodes.storage.k8s.io": CSI_NODE,
        "csistoragecapacities.storage.k8s.io": STORAGE_CAPACITY,
        "storageclasses.storage.k8s.io": STORAGE_CLASS,
        "volumeattachments.storage.k8s.io": VOLUME_ATTACHMENT,
        "volumeattributesclasses.storage.k8s.io": ATTRIBUTES_CLASS,
    }
)

_PLAIN = Kind()
_PLAIN_OF_THE_CLUSTER = Kind(is_namespaced=False)


def kind_of(resource: str, *, is_namespaced: bool) -> Kind:
    """The kind of a built-in resource: "pods", "deployments.apps"; plain if it is not in KINDS."""
    return KINDS.get(resource) or (_PLAIN if is_namespaced else _PLAIN_OF_THE_CLUSTER)
