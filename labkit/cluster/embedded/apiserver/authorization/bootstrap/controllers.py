"""One role for each controller, bound to a service account of kube-system that bears its name.

A controller that can do only its own work does little harm when it goes wrong. (Of real clusters'
controllers, those are missing that have nothing to do here: cloud routes, storage versions, and the
like.) Source: Kubernetes documentation, "Roles for built-in controllers";
bootstrappolicy/controller_policy.go.
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.authorization.bootstrap.notation import (
    READ,
    Binding,
    Role,
    allow,
    write_events,
)
from labkit.cluster.embedded.apiserver.authorization.policy import API_GROUP
from labkit.cluster.embedded.apiserver.authorization.rules import Rule

PREFIX = "system:controller:"

_APPS = "apps extensions"
_STORAGE, _DISCOVERY = "storage.k8s.io", "discovery.k8s.io"
_SIGNERS = (
    "kubernetes.io/legacy-unknown kubernetes.io/kube-apiserver-client"
    " kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving"
)


def _manage(kind: str, group: str, verbs: str = f"update {READ}") -> tuple[Rule, ...]:
    """What a controller needs of its own kind: to read it, to say how it stands, to own others."""
    return (
        allow(verbs, kind, group=group),
        allow("update", f"{kind}/status", group=group),
        allow("update", f"{kind}/finalizers", group=group),
    )


_MAKE_PODS = allow("create delete list patch watch", "pods")
_KEEP_REVISIONS = allow(f"create delete patch update {READ}", "controllerrevisions", group="apps")

RULES: dict[str, tuple[Rule, ...]] = {
    "attachdetach-controller": (
        allow("list watch", "persistentvolumeclaims persistentvolumes"),
        allow(READ, "nodes"),
        allow("patch update", "nodes/status"),
        allow("list watch", "pods"),
        write_events(),
        allow(f"create delete {READ}", "volumeattachments", group=_STORAGE),
        allow(READ, "csidrivers", group=_STORAGE),
        allow(READ, "csinodes", group=_STORAGE),
    ),
    "certificate-controller": (
        allow(f"delete {READ}", "certificatesigningrequests", group="certificates.k8s.io"),
        allow(
            "update",
            "certificatesigningrequests/approval certificatesigningrequests/status",
            group="certificates.k8s.io",
        ),
        allow(
            "approve",
            "signers",
            group="certificates.k8s.io",
            names="kubernetes.io/kube-apiserver-client-kubelet",
        ),
        allow("sign", "signers", group="certificates.k8s.io", names=_SIGNERS),
        allow("create", "subjectaccessreviews", group="authorization.k8s.io"),
        write_events(),
    ),
    "clusterrole-aggregation-controller": (
        allow(f"escalate patch update {READ}", "clusterroles", group=API_GROUP),
    ),
    "cronjob-controller": (
        allow(f"update {READ}", "cronjobs", group="batch"),
        allow(f"create delete patch update {READ}", "jobs", group="batch"),
        allow("update", "cronjobs/status", group="batch"),
        allow("update", "cronjobs/finalizers", group="batch"),
        allow("delete list", "pods"),
        write_events(),
    ),
    "daemon-set-controller": (
        *_manage("daemonsets", _APPS, READ),
        allow("list watch", "nodes"),
        _MAKE_PODS,
        allow("create", "pods/binding"),
        _KEEP_REVISIONS,
        write_events(),
    ),
    "deployment-controller": (
        *_manage("deployments", _APPS),
        allow(f"create delete patch update {READ}", "replicasets", group=_APPS),
        allow(f"update {READ}", "pods"),
        write_events(),
    ),
    "disruption-controller": (
        allow(READ, "deployments", group=_APPS),
        allow(READ, "replicasets", group=_APPS),
        allow(READ, "replicationcontrollers"),
        allow(READ, "poddisruptionbudgets", group="policy"),
        allow(READ, "statefulsets", group="apps"),
        allow("update", "poddisruptionbudgets/status", group="policy"),
        allow("patch update", "pods/status"),
        allow("get", "*/scale", group="*"),
        write_events(),
    ),
    "endpoint-controller": (
        allow(READ, "pods services"),
        allow("create delete get list update", "endpoints"),
        allow("create", "endpoints/restricted"),
        write_events(),
    ),
    "endpointslice-controller": (
        allow(READ, "nodes pods services"),
        allow("update", "services/finalizers"),
        allow("create delete get list update", "endpointslices", group=_DISCOVERY),
        write_events(),
    ),
    "endpointslicemirroring-controller": (
        allow(READ, "endpoints services"),
        allow("update", "services/finalizers"),
        allow("update", "endpoints/finalizers"),
        allow("create delete get list update", "endpointslices", group=_DISCOVERY),
        write_events(),
    ),
    "ephemeral-volume-controller": (
        allow(READ, "pods"),
        allow("update", "pods/finalizers"),
        allow(f"create {READ}", "persistentvolumeclaims"),
        write_events(),
    ),
    "expand-controller": (
        allow(f"patch update {READ}", "persistentvolumes"),
        allow("patch update", "persistentvolumeclaims/status"),
        allow(READ, "persistentvolumeclaims"),
        allow(READ, "storageclasses", group=_STORAGE),
        allow("get", "endpoints services"),
        allow("get", "secrets"),
        write_events(),
    ),
    "generic-garbage-collector": (
        allow(f"delete patch update {READ}", "*", group="*"),
        write_events(),
    ),
    "horizontal-pod-autoscaler": (
        allow(READ, "horizontalpodautoscalers", group="autoscaling"),
        allow("update", "horizontalpodautoscalers/status", group="autoscaling"),
        allow("get update", "*/scale", group="*"),
        allow("list", "pods"),
        allow("list", "pods", group="metrics.k8s.io"),
        allow("get list", "*", group="custom.metrics.k8s.io"),
        allow("get list", "*", group="external.metrics.k8s.io"),
        write_events(),
    ),
    "job-controller": (
        *_manage("jobs", "batch", f"patch update {READ}"),
        _MAKE_PODS,
        write_events(),
    ),
    "namespace-controller": (
        allow(f"delete {READ}", "namespaces"),
        allow("update", "namespaces/finalize namespaces/status"),
        allow("delete deletecollection get list", "*", group="*"),
    ),
    "node-controller": (
        allow("delete get list patch update", "nodes"),
        allow("patch update", "nodes/status"),
        allow("patch update", "pods/status"),
        allow("delete get list", "pods"),
        write_events(),
    ),
    "persistent-volume-binder": (
        allow(f"create delete update {READ}", "persistentvolumes"),
        allow("update", "persistentvolumes/status"),
        allow(f"update {READ}", "persistentvolumeclaims"),
        allow("update", "persistentvolumeclaims/status"),
        allow(f"create delete {READ}", "pods"),
        allow(READ, "storageclasses", group=_STORAGE),
        allow("create delete get update", "endpoints"),
        allow("create delete get", "services"),
        allow("get", "secrets"),
        allow("get list", "nodes"),
        allow("watch", "events"),
        write_events(),
    ),
    "pod-garbage-collector": (
        allow("delete list watch", "pods"),
        allow("get list", "nodes"),
        allow("patch", "pods/status"),
    ),
    "pv-protection-controller": (allow(f"update {READ}", "persistentvolumes"), write_events()),
    "pvc-protection-controller": (
        allow(f"update {READ}", "persistentvolumeclaims"),
        allow(READ, "pods"),
        write_events(),
    ),
    "replicaset-controller": (*_manage("replicasets", _APPS), _MAKE_PODS, write_events()),
    "replication-controller": (*_manage("replicationcontrollers", "+"), _MAKE_PODS, write_events()),
    "resourcequota-controller": (
        allow("list watch", "*", group="*"),
        allow("update", "resourcequotas/status"),
        write_events(),
    ),
    "root-ca-cert-publisher": (allow("create update", "configmaps"), write_events()),
    "service-account-controller": (allow("create", "serviceaccounts"), write_events()),
    "service-controller": (
        allow(READ, "services"),
        allow("patch update", "services/status"),
        allow("list watch", "nodes"),
        write_events(),
    ),
    "statefulset-controller": (
        allow("list watch", "pods"),
        *_manage("statefulsets", "apps", READ),
        allow("create delete get patch update", "pods"),
        _KEEP_REVISIONS,
        allow("create get", "persistentvolumeclaims"),
        write_events(),
        allow("delete update", "persistentvolumeclaims"),
    ),
    "ttl-after-finished-controller": (
        allow(f"delete {READ}", "jobs", group="batch"),
        write_events(),
    ),
    "ttl-controller": (allow("list patch update watch", "nodes"), write_events()),
}

ROLES = tuple(Role(f"{PREFIX}{name}", rules) for name, rules in RULES.items())
BINDINGS = tuple(Binding(f"{PREFIX}{name}", accounts=name) for name in RULES)
