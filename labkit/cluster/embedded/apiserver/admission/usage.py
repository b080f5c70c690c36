"""What an object uses of a quota.

A name of a quota, such as `requests.cpu` or `count/deployments.apps`, is about the objects of one
resource. Functions of objects. Source: Kubernetes
`pkg/quota/v1/evaluator/core`, `apiserver/pkg/quota/v1/generic`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.cluster.embedded.apiserver.admission import amounts
from labkit.cluster.embedded.apiserver.admission.amounts import Amounts
from labkit.cluster.embedded.apiserver.kinds.quantity import Quantity, parse

Object = dict[str, Any]

ONE = parse("1")
NOTHING = parse("0")
COUNT = "count/"
OF_A_CLASS = ".storageclass.storage.k8s.io/"
BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
COUNTED_BY_NAME = frozenset(
    {"configmaps", "secrets", "resourcequotas", "replicationcontrollers", "services"}
)
COMPUTE = ("cpu", "memory", "ephemeral-storage")
"""Said three times: `cpu`, which is `requests.cpu`, and `limits.cpu`."""
OF_PODS = frozenset(
    {"pods", *COMPUTE, *(f"{w}.{n}" for w in ("requests", "limits") for n in COMPUTE)}
)
NATIVE = "kubernetes.io/"


def storage_of(name: str) -> str:
    """The resource whose objects a name of a quota is about; empty where there is none."""
    if name.startswith(COUNT):
        return name.removeprefix(COUNT)
    if name.startswith("services."):
        return "services"
    if name in COUNTED_BY_NAME:
        return name
    if name in ("persistentvolumeclaims", "requests.storage") or OF_A_CLASS in name:
        return "persistentvolumeclaims"
    return "pods" if name in OF_PODS or _is_extended(name) else ""


def _is_extended(name: str) -> bool:
    """Huge pages, and what others than Kubernetes have named; of that, requests alone."""
    own = name.removeprefix("requests.")
    return own.startswith("hugepages-") or (own != name and "/" in own and NATIVE not in own)


def usage(storage: str, value: Object) -> Amounts:
    """What one object uses, under every name that it counts for."""
    used: Amounts = {f"{COUNT}{storage}": ONE}
    if storage in COUNTED_BY_NAME:
        used[storage] = ONE
    if storage in OF_KIND:
        used |= OF_KIND[storage](value)
    return used


def _of_pod(pod: Object) -> Amounts:
    if has_ended(pod):
        return {}
    spec = pod.get("spec") or {}
    used = computed(amounts.of_pod(spec, "requests"), amounts.of_pod(spec, "limits"))
    return {"pods": ONE} | used


def has_ended(pod: Object) -> bool:
    """Whether a pod holds nothing any more, though it is still there."""
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    about = pod["metadata"]
    if not about.get("deletionTimestamp"):
        return False
    ends = datetime.fromisoformat(about["deletionTimestamp"].replace("Z", "+00:00"))
    return datetime.now(UTC) > ends + timedelta(seconds=about.get("deletionGracePeriodSeconds", 0))


def computed(requests: Amounts, limits: Amounts) -> Amounts:
    """Requests and limits, under the names that quotas have for them."""
    used: Amounts = {}
    for name in COMPUTE:
        if name in requests:
            used[name] = used[f"requests.{name}"] = requests[name]
        if name in limits:
            used[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            used[name] = amount
        if name not in COMPUTE:
            used[f"requests.{name}"] = amount
    return used


def _of_service(service: Object) -> Amounts:
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    if spec.get("type") == "NodePort":
        return {"services.nodeports": _number(len(ports))}
    if spec.get("type") != "LoadBalancer":
        return {}
    if spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    return {"services.nodeports": _number(len(ports)), "services.loadbalancers": ONE}


def _number(count: int) -> Quantity:
    return parse(str(count))


def _of_claim(claim: Object) -> Amounts:
    spec = claim.get("spec") or {}
    used = {"persistentvolumeclaims": ONE}
    written = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if written is not None:
        used["requests.storage"] = parse(written)
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get(BETA_CLASS) or spec.get("storageClassName")
    return used | ({f"{name}{OF_A_CLASS}{k}": v for k, v in used.items()} if name else {})


OF_KIND: dict[str, Callable[[Object], Amounts]] = {
    "pods": _of_pod,
    "services": _of_service,
    "persistentvolumeclaims": _of_claim,
}
