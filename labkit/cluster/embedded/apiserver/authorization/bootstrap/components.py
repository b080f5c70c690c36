"""Roles for the parts of a cluster: nodes, the scheduler, the controller manager, and helpers.

Source: Kubernetes documentation, "Core component roles" and "Other component roles";
bootstrappolicy/policy.go.
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.authorization.bootstrap.notation import (
    READ,
    Binding,
    Role,
    allow,
    visit,
    write_events,
)
from labkit.cluster.embedded.apiserver.authorization.rules import Rule

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
_CERTIFICATES, _COORDINATION = "certificates.k8s.io", "coordination.k8s.io"
_STORAGE = "storage.k8s.io"

_DELEGATE = (
    allow("create", "tokenreviews", group=_AUTHENTICATION),
    allow("create", "subjectaccessreviews", group=_AUTHORIZATION),
)
"""What a component needs that asks the API server about its own clients."""


def _lead(name: str) -> tuple[Rule, ...]:
    """What one of several needs to become the one that works: a lease of that name."""
    return (
        allow("create", "leases", group=_COORDINATION),
        allow("get update", "leases", group=_COORDINATION, names=name),
    )


NODE = (
    allow("create", "tokenreviews", group=_AUTHENTICATION),
    allow("create", "localsubjectaccessreviews subjectaccessreviews", group=_AUTHORIZATION),
    allow(READ, "services"),
    allow(f"create {READ}", "nodes"),
    allow("patch update", "nodes/status"),
    allow("patch update", "nodes"),
    allow("create patch update", "events"),
    allow(READ, "pods"),
    allow("create delete", "pods"),
    allow("patch update", "pods/status"),
    allow("create", "pods/eviction"),
    allow(READ, "configmaps secrets"),
    allow("get", "persistentvolumeclaims persistentvolumes"),
    allow("get", "endpoints"),
    allow(f"create {READ}", "certificatesigningrequests", group=_CERTIFICATES),
    allow("create delete get patch update", "leases", group=_COORDINATION),
    allow("get", "volumeattachments", group=_STORAGE),
    allow("create", "serviceaccounts/token"),
    allow("get patch update", "persistentvolumeclaims/status"),
    allow(READ, "csidrivers", group=_STORAGE),
    allow("create delete get patch update", "csinodes", group=_STORAGE),
    allow(READ, "runtimeclasses", group="node.k8s.io"),
)

SCHEDULER = (
    write_events(),
    *_lead("kube-scheduler"),
    allow(READ, "nodes"),
    allow(f"delete {READ}", "pods"),
    allow("create", "bindings pods/binding"),
    allow("patch update", "pods/status"),
    allow(READ, "replicationcontrollers services"),
    allow(READ, "replicasets", group="apps extensions"),
    allow(READ, "statefulsets", group="apps"),
    allow(READ, "poddisruptionbudgets", group="policy"),
    allow(READ, "persistentvolumeclaims persistentvolumes"),
    *_DELEGATE,
    allow(READ, "csinodes", group=_STORAGE),
    allow(READ, "namespaces"),
    allow(READ, "csidrivers", group=_STORAGE),
    allow(READ, "csistoragecapacities", group=_STORAGE),
)

CONTROLLER_MANAGER = (
    write_events(),
    *_lead("kube-controller-manager"),
    allow("create", "secrets serviceaccounts"),
    allow("delete", "secrets"),
    allow("get", "configmaps namespaces secrets serviceaccounts"),
    allow("update", "secrets serviceaccounts"),
    *_DELEGATE,
    allow("list watch", "*", group="*"),
    allow("create", "serviceaccounts/token"),
)

PROXIER = (
    allow("list watch", "endpoints services"),
    allow(READ, "nodes"),
    write_events(),
    allow("list watch", "endpointslices", group="discovery.k8s.io"),
)

_APPROVERS = {
    "kube-apiserver-client-approver": "kube-apiserver-client",
    "kube-apiserver-client-kubelet-approver": "kube-apiserver-client-kubelet",
    "kubelet-serving-approver": "kubelet-serving",
    "legacy-unknown-approver": "legacy-unknown",
}
_REQUESTS = f"system:{_CERTIFICATES}:certificatesigningrequests"

ROLES = (
    Role("system:auth-delegator", _DELEGATE),
    *(
        Role(
            f"{_REQUESTS}:{name}",
            (allow("create", f"certificatesigningrequests/{name}", group=_CERTIFICATES),),
        )
        for name in ("nodeclient", "selfnodeclient")
    ),
    *(
        Role(
            f"system:{_CERTIFICATES}:{name}",
            (allow("approve", "signers", group=_CERTIFICATES, names=f"kubernetes.io/{signer}"),),
        )
        for name, signer in _APPROVERS.items()
    ),
    Role(
        "system:heapster",
        (
            allow(READ, "events namespaces nodes pods"),
            allow(READ, "deployments", group="extensions"),
        ),
    ),
    Role("system:kube-aggregator", (allow(READ, "endpoints services"),)),
    Role("system:kube-controller-manager", CONTROLLER_MANAGER),
    Role(
        "system:kube-dns",
        (
            allow("list watch", "endpoints services"),
            allow("list watch", "endpointslices", group="discovery.k8s.io"),
        ),
    ),
    Role("system:kube-scheduler", SCHEDULER),
    Role(
        "system:kubelet-api-admin",
        (
            allow(READ, "nodes"),
            allow("proxy", "nodes"),
            allow("*", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ),
    ),
    Role(
        "system:monitoring",
        (visit("/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),),
    ),
    Role("system:node", NODE),
    Role(
        "system:node-bootstrapper",
        (allow(f"create {READ}", "certificatesigningrequests", group=_CERTIFICATES),),
    ),
    Role(
        "system:node-problem-detector",
        (allow("get", "nodes"), allow("patch", "nodes/status"), write_events()),
    ),
    Role("system:node-proxier", PROXIER),
    Role(
        "system:persistent-volume-provisioner",
        (
            allow(f"create delete {READ}", "persistentvolumes"),
            allow(f"update {READ}", "persistentvolumeclaims"),
            allow(READ, "storageclasses", group=_STORAGE),
            allow("watch", "events"),
            write_events(),
        ),
    ),
    Role(
        "system:service-account-issuer-discovery",
        (visit("/.well-known/openid-configuration /openid/v1/jwks"),),
    ),
    Role(
        "system:volume-scheduler",
        (
            allow(f"patch update {READ}", "persistentvolumes"),
            allow(READ, "storageclasses", group=_STORAGE),
            allow(f"patch update {READ}", "persistentvolumeclaims"),
        ),
    ),
)

BINDINGS = (
    Binding("system:kube-controller-manager", users="system:kube-controller-manager"),
    Binding("system:kube-dns", accounts="kube-dns"),
    Binding("system:kube-scheduler", users="system:kube-scheduler"),
    Binding("system:monitoring", groups="system:monitoring"),
    # Empty in a real cluster, whose Node authorizer knows which pods are a node's own.
    Binding("system:node", groups="system:nodes"),
    Binding("system:node-proxier", users="system:kube-proxy"),
    Binding("system:service-account-issuer-discovery", groups="system:serviceaccounts"),
    Binding("system:volume-scheduler", users="system:kube-scheduler"),
)
