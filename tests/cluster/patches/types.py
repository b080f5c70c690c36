"""Types of the parts of Kubernetes that the tests of patches use, as the schema would give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """One node of a schema: what docs/embedded-cluster.md says of `Type`."""

    kind: str = "string"
    format: str = field(default="", kw_only=True)
    fields: Mapping[str, Any] = field(default_factory=dict)
    element: Any = None
    preserves_unknown: bool = False
    list_type: str = "atomic"
    list_keys: tuple[str, ...] = ()
    map_type: str = "granular"
    patch_strategy: frozenset[str] = frozenset()
    patch_key: str = ""
    default: Any = None
    is_custom: bool = False
    gvk: tuple[str, str, str] | None = None


TEXT, NUMBER, SWITCH, ANY = Node(), Node("integer"), Node("boolean"), Node("any")
LABELS = Node("map", element=TEXT)


def struct(**fields: Node) -> Node:
    return Node("object", fields)


def atomic(element: Node = TEXT) -> Node:
    return Node("list", element=element, list_type="atomic")


def values(element: Node = TEXT) -> Node:
    return Node("list", element=element, list_type="set", patch_strategy=frozenset({"merge"}))


def by(*keys: str, of: Node, retain: bool = False) -> Node:
    """A list of type map, merged by its first key."""
    return Node(
        "list",
        element=of,
        list_type="map",
        list_keys=keys,
        patch_strategy=frozenset({"merge", "retainKeys"} if retain else {"merge"}),
        patch_key=keys[0],
    )


SELECTOR = Node(
    "object",
    {"matchLabels": LABELS, "matchExpressions": atomic(struct(key=TEXT, values=atomic()))},
    map_type="atomic",
)
OWNER = Node("object", {"uid": TEXT, "name": TEXT, "kind": TEXT}, map_type="atomic")
METADATA = struct(
    name=TEXT,
    namespace=TEXT,
    uid=TEXT,
    resourceVersion=TEXT,
    generation=NUMBER,
    creationTimestamp=TEXT,
    labels=LABELS,
    annotations=LABELS,
    finalizers=values(),
    ownerReferences=by("uid", of=OWNER),
    managedFields=atomic(ANY),
)
PORT = struct(containerPort=NUMBER, protocol=TEXT, name=TEXT, hostPort=NUMBER)
KEY_OF_SOURCE = Node("object", {"name": TEXT, "key": TEXT}, map_type="atomic")
ENV = struct(name=TEXT, value=TEXT, valueFrom=struct(secretKeyRef=KEY_OF_SOURCE))
RESOURCES = struct(
    limits=Node("map", element=Node("quantity")), requests=Node("map", element=Node("quantity"))
)
SECURITY = struct(runAsUser=NUMBER, privileged=SWITCH)
CONTAINER = struct(
    name=TEXT,
    image=TEXT,
    imagePullPolicy=TEXT,
    command=atomic(),
    args=atomic(),
    env=by("name", of=ENV),
    ports=by("containerPort", "protocol", of=PORT),
    resources=RESOURCES,
    securityContext=SECURITY,
    terminationMessagePath=TEXT,
    terminationMessagePolicy=TEXT,
    volumeMounts=by("mountPath", of=struct(mountPath=TEXT, name=TEXT, readOnly=SWITCH)),
)
VOLUME = struct(
    name=TEXT,
    emptyDir=struct(medium=TEXT),
    configMap=struct(name=TEXT, defaultMode=NUMBER),
    hostPath=struct(path=TEXT, type=TEXT),
)
TOLERATION = struct(key=TEXT, operator=TEXT, effect=TEXT, tolerationSeconds=NUMBER)
POD_SPEC = struct(
    containers=by("name", of=CONTAINER),
    initContainers=by("name", of=CONTAINER),
    volumes=by("name", of=VOLUME, retain=True),
    tolerations=atomic(TOLERATION),
    imagePullSecrets=by("name", of=Node("object", {"name": TEXT}, map_type="atomic")),
    nodeSelector=Node("map", element=TEXT, map_type="atomic"),
    nodeName=TEXT,
    restartPolicy=TEXT,
    dnsPolicy=TEXT,
    schedulerName=TEXT,
    serviceAccountName=TEXT,
    enableServiceLinks=SWITCH,
    terminationGracePeriodSeconds=NUMBER,
    securityContext=SECURITY,
)
CONDITION = struct(type=TEXT, status=TEXT, reason=TEXT, lastTransitionTime=TEXT)
STATUS = struct(phase=TEXT, replicas=NUMBER, podIP=TEXT, conditions=by("type", of=CONDITION))


def kind(group: str, version: str, name: str, **fields: Node) -> Node:
    """The root of a kind."""
    heads = {"apiVersion": TEXT, "kind": TEXT, "metadata": METADATA}
    is_custom = group.endswith(".example")
    return Node("object", {**heads, **fields}, gvk=(group, version, name), is_custom=is_custom)


POD = kind("", "v1", "Pod", spec=POD_SPEC, status=STATUS)
STRATEGY = Node(
    "object",
    {
        "type": TEXT,
        "rollingUpdate": struct(
            maxSurge=Node("int-or-string"), maxUnavailable=Node("int-or-string")
        ),
    },
    patch_strategy=frozenset({"retainKeys"}),
)
DEPLOYMENT = kind(
    "apps",
    "v1",
    "Deployment",
    spec=struct(
        replicas=NUMBER,
        minReadySeconds=NUMBER,
        paused=SWITCH,
        selector=SELECTOR,
        strategy=STRATEGY,
        template=struct(metadata=METADATA, spec=POD_SPEC),
    ),
    status=STATUS,
)
SERVICE = kind(
    "",
    "v1",
    "Service",
    spec=struct(
        type=TEXT,
        clusterIP=TEXT,
        selector=Node("map", element=TEXT, map_type="atomic"),
        externalIPs=atomic(),
        ports=by(
            "port",
            "protocol",
            of=struct(port=NUMBER, protocol=TEXT, name=TEXT, targetPort=Node("int-or-string")),
        ),
    ),
    status=struct(loadBalancer=struct(ingress=atomic(ANY))),
)
CONFIG_MAP = kind("", "v1", "ConfigMap", data=LABELS, immutable=SWITCH)
ACCOUNT = kind("", "v1", "ServiceAccount", secrets=by("name", of=Node("object", {"name": TEXT})))
WIDGET = kind(
    "lab.example",
    "v1",
    "Widget",
    spec=struct(size=NUMBER, tags=values(), parts=by("id", of=struct(id=TEXT, n=NUMBER)), free=ANY),
    status=struct(phase=TEXT),
)
