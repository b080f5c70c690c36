"""What every cluster begins with: namespaces, roles, priorities, the service `kubernetes`.

Each is made where it is missing, and what somebody changed stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.allocation import FIRST, SERVICES
from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.authorization.bootstrap import bootstrap_objects
from labkit.cluster.embedded.apiserver.handlers.write import create_ours
from labkit.cluster.embedded.apiserver.request import parse

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
PRIORITIES = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
ABOUT_PRIORITY = {
    "system-cluster-critical": "Used for system critical pods that must run in the cluster, "
    "but can be moved to another node if necessary.",
    "system-node-critical": "Used for system critical pods that must not be moved from their "
    "current node.",
}
SELF = User("system:apiserver", "", ("system:masters",), {})


async def bootstrap(api: Api, port: int) -> None:
    """Makes what is missing.

    Args:
        port: at which the API is served.

    Raises:
        ApiError: something cannot be made; a fault of ours.
    """
    await make_missing(api, objects(port))


async def make_missing(api: Api, wanted: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Makes those objects that are not there.

    Args:
        wanted: each with the path that it is made at.

    Raises:
        ApiError: one cannot be made; a fault of ours.
    """
    for path, value in wanted:
        asked = parse("POST", path, {}, {"User-Agent": "kube-apiserver"})
        asked.user = SELF
        resource = api.registry.find(asked.group, asked.version, asked.resource)
        assert resource is not None
        if api.store.get(resource.key(asked.namespace, value["metadata"]["name"])) is None:
            await create_ours(api, asked, resource, value)


def objects(port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """All of them, each with the path that it is made at."""
    for name in NAMESPACES:
        yield "/api/v1/namespaces", {"metadata": {"name": name}}
    for value in bootstrap_objects():
        yield _path(value), value
    for name, number in PRIORITIES.items():
        yield (
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            {"metadata": {"name": name}, "value": number, "description": ABOUT_PRIORITY[name]},
        )
    yield from service_objects(port)
    yield (
        "/apis/networking.k8s.io/v1/servicecidrs",
        {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [str(SERVICES)]}},
    )


def service_objects(port: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The service `kubernetes` and where it leads, each with its path."""
    yield "/api/v1/namespaces/default/services", _service()
    yield "/api/v1/namespaces/default/endpoints", _endpoints(port)
    yield "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", _slice(port)


def _path(value: dict[str, Any]) -> str:
    plural = value["kind"].lower() + "s"
    namespace = value["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{value['apiVersion']}{scope}/{plural}"


LABELS = {"component": "apiserver", "provider": "kubernetes"}


def _service() -> dict[str, Any]:
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    spec = {"clusterIP": str(FIRST), "ports": [port], "type": "ClusterIP"}
    return {"metadata": {"name": "kubernetes", "labels": LABELS}, "spec": spec}


def _endpoints(port: int) -> dict[str, Any]:
    label = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    subset = {
        "addresses": [{"ip": "10.0.2.15"}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }
    return {"metadata": {"name": "kubernetes", "labels": label}, "subsets": [subset]}


def _slice(port: int) -> dict[str, Any]:
    return {
        "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.2.15"], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }
