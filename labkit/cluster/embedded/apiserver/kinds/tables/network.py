"""The tables of what makes pods reachable: services, endpoints, ingresses, network policies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from .table import AGE, NAME, WIDE, Cell, Column, Object, Table, age_of, name_of
from .text import (
    NONE,
    SHOWN,
    UNSET,
    first_of,
    format_label_selector,
    format_labels,
    spec_and_status,
)
from .times import UNKNOWN

DEFAULT_INGRESS_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _service(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    cluster_ips = spec.get("clusterIPs") or [spec.get("clusterIP") or NONE]
    return [
        name_of(object),
        spec.get("type") or "",
        cluster_ips[0],
        _external_ip(spec, status),
        _ports(spec.get("ports") or ()) or NONE,
        age_of(object, now),
        format_labels(spec.get("selector")),
    ]


def _external_ip(spec: Object, status: Object) -> str:
    external = spec.get("externalIPs") or []
    match spec.get("type"):
        case "ClusterIP" | "NodePort":
            return ",".join(external) or NONE
        case "LoadBalancer":
            return ",".join([*_balancers(status), *external]) or "<pending>"
        case "ExternalName":
            return spec.get("externalName") or ""
    return UNKNOWN


def _balancers(status: Object) -> list[str]:
    """The addresses of load balancers. A server sends them whole: it always prints wide."""
    ingress = (status.get("loadBalancer") or {}).get("ingress") or ()
    return sorted({each.get("ip") or each.get("hostname") or "" for each in ingress} - {""})


def _ports(ports: Iterable[Object]) -> str:
    return ",".join(
        f"{each.get('port')}:{each['nodePort']}/{each.get('protocol') or ''}"
        if each.get("nodePort")
        else f"{each.get('port')}/{each.get('protocol') or ''}"
        for each in ports
    )


def _endpoints(object: Object, now: datetime) -> list[Cell]:
    subsets = object.get("subsets")
    listed = [
        _host_port(address.get("ip") or "", port)
        for subset in subsets or ()
        for port in subset.get("ports") or (None,)
        for address in subset.get("addresses") or ()
    ]
    return [name_of(object), first_of(listed) if subsets else NONE, age_of(object, now)]


def _host_port(host: str, port: Object | None) -> str:
    if port is None:
        return host
    return f"[{host}]:{port.get('port')}" if ":" in host else f"{host}:{port.get('port')}"


def _endpoint_slice(object: Object, now: datetime) -> list[Cell]:
    endpoints = object.get("endpoints") or ()
    addresses = [address for each in endpoints for address in each.get("addresses") or ()]
    return [
        name_of(object),
        object.get("addressType") or "",
        first_of([_slice_port(each) for each in object.get("ports") or ()]) or UNSET,
        first_of(addresses) or UNSET,
        age_of(object, now),
    ]


def _slice_port(port: Object) -> str:
    if port.get("port") is not None:
        return str(port["port"])
    return "*" if port.get("name") is None else str(port["name"])


def _ingress(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    class_name = spec.get("ingressClassName")
    return [
        name_of(object),
        NONE if class_name is None else class_name,
        _hosts(spec.get("rules") or ()),
        ",".join(_balancers(status)),
        "80, 443" if spec.get("tls") else "80",
        age_of(object, now),
    ]


def _hosts(rules: Sequence[Object]) -> str:
    hosts: list[str] = []
    for rule in rules:
        if len(hosts) == SHOWN:
            # Rules are counted, those without a host too.
            return f"{','.join(hosts)} + {len(rules) - SHOWN} more..."
        if rule.get("host"):
            hosts.append(rule["host"])
    return ",".join(hosts) or "*"


def _ingress_class(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    annotations = (object.get("metadata") or {}).get("annotations") or {}
    is_default = annotations.get(DEFAULT_INGRESS_CLASS) == "true"
    return [
        f"{name_of(object)} (default)" if is_default else name_of(object),
        spec.get("controller") or "",
        _parameters(spec.get("parameters")),
        age_of(object, now),
    ]


def _parameters(reference: Object | None) -> str:
    if not reference:
        return NONE
    group = reference.get("apiGroup")
    kind = reference.get("kind") or ""
    kind = kind if group is None else f"{kind}.{group}"
    return f"{kind}/{reference.get('name') or ''}"


def _network_policy(object: Object, now: datetime) -> list[Cell]:
    selector = (object.get("spec") or {}).get("podSelector")
    return [name_of(object), format_label_selector(selector), age_of(object, now)]


def _service_cidr(object: Object, now: datetime) -> list[Cell]:
    cidrs = (object.get("spec") or {}).get("cidrs") or ()
    return [name_of(object), ",".join(cidrs), age_of(object, now)]


def _ip_address(object: Object, now: datetime) -> list[Cell]:
    parent = (object.get("spec") or {}).get("parentRef")
    # Kubernetes sends the age, and has no column for it.
    return [name_of(object), _parent(parent) if parent else NONE, age_of(object, now)]


def _parent(reference: Object) -> str:
    resource = ".".join(filter(None, (reference.get("resource"), reference.get("group")))).lower()
    namespace = reference.get("namespace")
    return "/".join(filter(None, (resource, namespace))) + f"/{reference.get('name') or ''}"


TABLES = {
    "services": Table(
        (
            NAME,
            Column("Type", field="core.v1.ServiceSpec.type"),
            Column("Cluster-IP", field="core.v1.ServiceSpec.clusterIP"),
            Column("External-IP", field="core.v1.ServiceSpec.externalIPs"),
            Column("Port(s)", field="core.v1.ServiceSpec.ports"),
            AGE,
            Column("Selector", field="core.v1.ServiceSpec.selector", priority=WIDE),
        ),
        _service,
    ),
    "endpoints": Table(
        (NAME, Column("Endpoints", field="core.v1.Endpoints.subsets"), AGE), _endpoints
    ),
    "endpointslices.discovery.k8s.io": Table(
        (
            NAME,
            Column("AddressType", field="discovery.v1.EndpointSlice.addressType"),
            Column("Ports", field="discovery.v1.EndpointSlice.ports"),
            Column("Endpoints", field="discovery.v1.EndpointSlice.endpoints"),
            AGE,
        ),
        _endpoint_slice,
    ),
    "ingresses.networking.k8s.io": Table(
        (
            NAME,
            Column("Class", description="The IngressClass that configures it."),
            Column("Hosts", description="The hosts that its rules are for."),
            Column("Address", description="Where its load balancers take requests."),
            Column("Ports", description="The ports that are open, with TLS or without."),
            AGE,
        ),
        _ingress,
    ),
    "ingressclasses.networking.k8s.io": Table(
        (
            NAME,
            Column("Controller", description="The controller that serves this class."),
            Column("Parameters", description="The object with more parameters."),
            AGE,
        ),
        _ingress_class,
    ),
    "networkpolicies.networking.k8s.io": Table(
        (NAME, Column("Pod-Selector", field="networking.v1.NetworkPolicySpec.podSelector"), AGE),
        _network_policy,
    ),
    "servicecidrs.networking.k8s.io": Table(
        (NAME, Column("CIDRs", field="networking.v1.ServiceCIDRSpec.cidrs"), AGE), _service_cidr
    ),
    "ipaddresses.networking.k8s.io": Table(
        (NAME, Column("ParentRef", field="networking.v1.IPAddressSpec.parentRef")), _ip_address
    ),
}
