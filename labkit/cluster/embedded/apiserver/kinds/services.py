"""Services, and where they lead: endpoints and endpoint slices.

What needs allocation (cluster IPs, node ports, IP families) is not set here.
Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`,
`pkg/apis/discovery/validation/validation.go`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import labels
from .names import cidr, dns1035_label, dns1123_label, dns1123_subdomain, ip_address, qualified_name
from .pod.containers import PROTOCOLS
from .pod.probes import port_number_or_name
from .rules import (
    Always,
    Faults,
    Object,
    child,
    each,
    fill,
    fill_absent,
    items,
    named,
    one_of,
    parts,
    port_number,
    required,
    struct,
)

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OUTSIDE = ("NodePort", "LoadBalancer")
_AFFINITY_SECONDS = 10800


def _service_defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill(spec, {"sessionAffinity": "None", "type": "ClusterIP"})
    if spec["sessionAffinity"] == "None":
        if "sessionAffinityConfig" in spec:
            del spec["sessionAffinityConfig"]
    elif spec["sessionAffinity"] == "ClientIP":
        client = child(child(spec, "sessionAffinityConfig"), "clientIP")
        fill_absent(client, {"timeoutSeconds": _AFFINITY_SECONDS})
    for port in parts(spec, "ports"):
        fill(port, {"protocol": "TCP", "targetPort": port.get("port")})
    if is_reached_from_outside(spec):
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] != "ExternalName":
        fill_absent(spec, {"internalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        fill_absent(spec, {"allocateLoadBalancerNodePorts": True})
    child(child(new, "status"), "loadBalancer")


def is_reached_from_outside(spec: Object) -> bool:
    """Whether others than pods can reach it."""
    kind = spec.get("type")
    return kind in _OUTSIDE or bool(kind == "ClusterIP" and spec.get("externalIPs"))


def is_headless(spec: Object) -> bool:
    """A name for pods, without an address of its own."""
    first: str | None = (spec.get("clusterIPs") or [spec.get("clusterIP")])[0]
    return first == "None"


def _ports(spec: Any, path: str, faults: Faults) -> None:
    ports = spec.get("ports") or ()
    if not ports and not is_headless(spec) and spec.get("type") != "ExternalName":
        faults.append(f.required(f"{path}.ports"))
    names = set()
    for port, own_path in items(spec, "ports", path):
        name = port.get("name") or ""
        if name or len(ports) > 1:
            required(named(dns1123_label))(name, f"{own_path}.name", faults)
        if name and name in names:
            faults.append(f.duplicate(f"{own_path}.name", name))
        names.add(name)
        _PORT(port, own_path, faults)
    _unique_ports(spec, path, faults)


_PORT = struct(
    {
        "port": Always(lambda value, path, faults: port_number(value or 0, path, faults)),
        "protocol": required(one_of(*PROTOCOLS)),
        "targetPort": port_number_or_name,
        "appProtocol": named(qualified_name),
    }
)


def _unique_ports(spec: Any, path: str, faults: Faults) -> None:
    for name in ("nodePort", "port"):
        seen = set()
        for port, own_path in items(spec, "ports", path):
            number, protocol = port.get(name), port.get("protocol")
            if name == "nodePort" and number and spec.get("type") == "ClusterIP":
                message = "may not be used when `type` is 'ClusterIP'"
                faults.append(f.forbidden(f"{own_path}.nodePort", message))
            if number and (number, protocol) in seen:
                faults.append(_twice(name, number, protocol, own_path))
            seen.add((number, protocol))


def _twice(name: str, number: int, protocol: str | None, path: str) -> f.Fault:
    if name == "nodePort":
        return f.duplicate(f"{path}.nodePort", number)
    shown = f.InOrder(
        Name="", Protocol=protocol, AppProtocol=None, Port=number, TargetPort=0, NodePort=0
    )
    return f.duplicate(path, shown)


def _addresses(spec: Any, path: str, faults: Faults) -> None:
    kind = spec.get("type")
    if kind == "ExternalName":
        for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
            if spec.get(name):
                message = "may not be set for ExternalName services"
                faults.append(f.forbidden(f"{path}.{name}", message))
        canonical = (spec.get("externalName") or "").removesuffix(".")
        required(named(dns1123_subdomain))(canonical, f"{path}.externalName", faults)
    elif kind in _OUTSIDE and is_headless(spec):
        message = f"may not be set to 'None' for {kind} services"
        faults.append(f.invalid(f"{path}.clusterIPs[0]", "None", message))
    _cluster_ips(spec, path, faults)


def _cluster_ips(spec: Any, path: str, faults: Faults) -> None:
    one, several = spec.get("clusterIP"), spec.get("clusterIPs") or []
    if one and several and several[0] != one:
        message = "first value must match `clusterIP`"
        faults.append(f.invalid(f"{path}.clusterIPs", several, message))
    for index, address in enumerate(several or ([one] if one else [])):
        if address not in ("", "None"):
            own_path = f"{path}.clusterIPs[{index}]"
            faults += [f.invalid(own_path, address, message) for message in ip_address(address)]


def special_address(value: Any, path: str, faults: Faults) -> None:
    """No address of which nobody but this node would know whose it is."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return
    message = ""
    if address.is_unspecified:
        message = f"may not be unspecified ({value})"
    elif address.is_loopback:
        message = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
    elif address.is_link_local:
        message = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
    elif value.startswith("224.0.0."):
        message = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
    if message:
        faults.append(f.invalid(path, value, message))


def _external_ip(value: Any, path: str, faults: Faults) -> None:
    named(ip_address)(value, path, faults)
    special_address(value, path, faults)


def _affinity(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("sessionAffinity") == "ClientIP":
        client = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
        seconds = client.get("timeoutSeconds")
        if seconds is not None and not 0 < seconds <= 86400:
            own_path = f"{path}.sessionAffinityConfig.clientIP.timeoutSeconds"
            message = "must be greater than 0 and less than 86400"
            faults.append(f.invalid(own_path, seconds, message))


def _traffic(spec: Any, path: str, faults: Faults) -> None:
    policy, own_path = spec.get("externalTrafficPolicy"), f"{path}.externalTrafficPolicy"
    if not is_reached_from_outside(spec):
        if policy:
            message = "may only be set for externally-accessible services"
            faults.append(f.invalid(own_path, policy, message))
    else:
        required(one_of("Cluster", "Local"))(policy, own_path, faults)
    number = spec.get("healthCheckNodePort")
    if number and not (spec.get("type") == "LoadBalancer" and policy == "Local"):
        message = (
            "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        )
        faults.append(f.invalid(f"{path}.healthCheckNodePort", number, message))


def _only_load_balancers(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("type") == "LoadBalancer":
        for index, value in enumerate(spec.get("loadBalancerSourceRanges") or ()):
            own_path = f"{path}.LoadBalancerSourceRanges[{index}]"
            wrong = cidr(value.strip())
            faults += [f.invalid(own_path, value, message) for message in wrong]
        return
    message = "may only be used when `type` is 'LoadBalancer'"
    if spec.get("loadBalancerSourceRanges"):
        faults.append(f.forbidden(f"{path}.LoadBalancerSourceRanges", message))
    for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec.get(name) is not None:
            faults.append(f.forbidden(f"{path}.{name}", message))


_SPEC = struct(
    {
        "selector": labels,
        "sessionAffinity": required(one_of("ClientIP", "None")),
        "externalIPs": each(_external_ip),
        "type": required(one_of(*TYPES)),
        "internalTrafficPolicy": one_of("Cluster", "Local"),
        "trafficDistribution": one_of("PreferClose", "PreferSameZone", "PreferSameNode"),
        "ipFamilyPolicy": one_of("PreferDualStack", "RequireDualStack", "SingleStack"),
        "ipFamilies": each(one_of("IPv4", "IPv6")),
    },
    _ports,
    _addresses,
    _affinity,
    _only_load_balancers,
    _traffic,
)


def _cluster_ip_stays(new: Object, old: Object, faults: Faults) -> None:
    now, was = new["spec"], old["spec"]
    if "ExternalName" in (now.get("type"), was.get("type")):
        return
    before, after = was.get("clusterIPs") or [], now.get("clusterIPs") or []
    if before and not after:
        message = "primary clusterIP can not be unset"
        faults.append(f.invalid("spec.clusterIPs[0]", now.get("clusterIPs"), message))
    for index, (address, earlier) in enumerate(zip(after, before, strict=False)):
        if address != earlier:
            message = "may not change once set"
            faults.append(f.invalid(f"spec.clusterIPs[{index}]", after, message))


SERVICE = Kind(
    name=dns1035_label,
    defaults=(_service_defaults,),
    rules=(struct({"spec": _SPEC}),),
    update_rules=(_cluster_ip_stays,),
    status={"loadBalancer": {}},
)
