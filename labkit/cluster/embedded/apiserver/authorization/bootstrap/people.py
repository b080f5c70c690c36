"""Roles for people: what everybody may ask, and the four that one gives to others.

Source: Kubernetes documentation, "Default roles and role bindings"; bootstrappolicy/policy.go.
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.authorization.bootstrap.notation import (
    READ,
    READ_WRITE,
    WRITE,
    Binding,
    Role,
    allow,
    visit,
)
from labkit.cluster.embedded.apiserver.authorization.policy import API_GROUP

_APPS = (
    "deployments deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"
)

EDIT = (
    # What one could take more rights from is read by those who may edit, and not by those who view.
    allow(READ, "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
    allow("impersonate", "serviceaccounts"),
    allow(WRITE, "pods pods/attach pods/exec pods/portforward pods/proxy"),
    allow("create", "pods/eviction"),
    allow(
        WRITE,
        "configmaps events persistentvolumeclaims replicationcontrollers"
        " replicationcontrollers/scale secrets serviceaccounts services services/proxy",
    ),
    allow("create", "serviceaccounts/token"),
    allow(WRITE, f"{_APPS} daemonsets deployments/rollback", group="apps"),
    allow(WRITE, "horizontalpodautoscalers", group="autoscaling"),
    allow(WRITE, "cronjobs jobs", group="batch"),
    allow(
        WRITE,
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies"
        " replicasets replicasets/scale replicationcontrollers/scale",
        group="extensions",
    ),
    allow(WRITE, "poddisruptionbudgets", group="policy"),
    allow(WRITE, "ingresses networkpolicies", group="networking.k8s.io"),
    allow(READ_WRITE, "leases", group="coordination.k8s.io"),
)

VIEW = (
    allow(
        READ,
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods"
        " replicationcontrollers replicationcontrollers/scale serviceaccounts services"
        " services/status",
    ),
    allow(
        READ,
        "bindings events limitranges namespaces/status pods/log pods/status"
        " replicationcontrollers/status resourcequotas resourcequotas/status",
    ),
    # Whoever may see a namespace's objects may see the namespace.
    allow(READ, "namespaces"),
    allow(READ, "endpointslices", group="discovery.k8s.io"),
    allow(
        READ,
        f"{_APPS} controllerrevisions daemonsets daemonsets/status deployments/status"
        " replicasets/status statefulsets/status",
        group="apps",
    ),
    allow(READ, "horizontalpodautoscalers horizontalpodautoscalers/status", group="autoscaling"),
    allow(READ, "cronjobs cronjobs/status jobs jobs/status", group="batch"),
    allow(
        READ,
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses"
        " ingresses/status networkpolicies replicasets replicasets/scale replicasets/status"
        " replicationcontrollers/scale",
        group="extensions",
    ),
    allow(READ, "poddisruptionbudgets poddisruptionbudgets/status", group="policy"),
    allow(READ, "ingresses ingresses/status networkpolicies", group="networking.k8s.io"),
)

ADMIN = (
    allow("create", "localsubjectaccessreviews", group="authorization.k8s.io"),
    allow(READ_WRITE, "rolebindings roles", group=API_GROUP),
)

BASIC_USER = (
    allow(
        "create",
        "selfsubjectaccessreviews selfsubjectrulesreviews",
        group="authorization.k8s.io",
    ),
    allow("create", "selfsubjectreviews", group="authentication.k8s.io"),
)

_PUBLIC = "/healthz /livez /readyz /version /version/"

ROLES = (
    Role("cluster-admin", (allow("*", "*", group="*"), visit("*", "*"))),
    Role("admin", is_made_of_parts=True),
    Role("edit", part_of="admin", is_made_of_parts=True),
    Role("view", part_of="edit", is_made_of_parts=True),
    Role("system:aggregate-to-admin", ADMIN, part_of="admin"),
    Role("system:aggregate-to-edit", EDIT, part_of="edit"),
    Role("system:aggregate-to-view", VIEW, part_of="view"),
    Role("system:basic-user", BASIC_USER),
    Role("system:discovery", (visit(f"/api /api/* /apis /apis/* /openapi /openapi/* {_PUBLIC}"),)),
    Role("system:public-info-viewer", (visit(_PUBLIC),)),
)

BINDINGS = (
    Binding("cluster-admin", groups="system:masters"),
    Binding("system:basic-user", groups="system:authenticated"),
    Binding("system:discovery", groups="system:authenticated"),
    Binding("system:public-info-viewer", groups="system:authenticated system:unauthenticated"),
)
