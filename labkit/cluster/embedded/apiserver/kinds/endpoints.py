"""Endpoints and endpoint slices: the addresses behind a service.

Sources: Kubernetes `pkg/apis/core/validation/validation.go`,
`pkg/apis/discovery/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import dns1123_label, dns1123_subdomain, ip_address
from .pod.containers import PROTOCOLS
from .rules import (
    Always,
    Faults,
    Object,
    Rule,
    between,
    each,
    fill,
    fill_absent,
    immutable,
    items,
    named,
    one_of,
    parts,
    port_number,
    required,
    struct,
    unless_empty,
)
from .services import special_address


def _endpoints_defaults(new: Object) -> None:
    for subset in parts(new, "subsets"):
        for port in parts(subset, "ports"):
            fill(port, {"protocol": "TCP"})


def _address_ip(value: Any, path: str, faults: Faults) -> None:
    faults += [f.invalid(path, value or "", message) for message in ip_address(value or "")]
    special_address(value or "", path, faults)


_ADDRESS = struct(
    {
        "ip": Always(_address_ip),
        "hostname": named(dns1123_label),
        "nodeName": named(dns1123_subdomain),
    }
)


def _subset(value: Any, path: str, faults: Faults) -> None:
    if not value.get("addresses") and not value.get("notReadyAddresses"):
        faults.append(f.required(path, "must specify `addresses` or `notReadyAddresses`"))
    for name in ("addresses", "notReadyAddresses"):
        each(_ADDRESS)(value.get(name), f"{path}.{name}", faults)
    ports = value.get("ports") or ()
    for port, own_path in items(value, "ports", path):
        if len(ports) > 1 or port.get("name"):
            required(named(dns1123_label))(port.get("name"), f"{own_path}.name", faults)
        port_number(port.get("port") or 0, f"{own_path}.port", faults)
        required(one_of(*PROTOCOLS))(port.get("protocol"), f"{own_path}.protocol", faults)


ENDPOINTS = Kind(
    defaults=(_endpoints_defaults,),
    rules=(struct({"subsets": each(_subset)}),),
)


# Endpoint slices


def _slice_defaults(new: Object) -> None:
    for port in parts(new, "ports"):
        fill(port, {"protocol": "TCP"})
        fill_absent(port, {"name": ""})


def _slice_endpoints(new: Any, path: str, faults: Faults) -> None:
    endpoints = new.get("endpoints") or ()
    if len(endpoints) > 1000:
        faults.append(f.too_many("endpoints", len(endpoints), 1000))
    by_type: Rule = named(dns1123_subdomain)
    if new.get("addressType") in ("IPv4", "IPv6"):
        by_type = _address_ip
    for endpoint, own_path in items(new, "endpoints"):
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            message = "must contain at least 1 address"
            faults.append(f.required(f"{own_path}.addresses", message))
        elif len(addresses) > 100:
            faults.append(f.too_many(f"{own_path}.addresses", len(addresses), 100))
        each(by_type)(addresses, f"{own_path}.addresses", faults)
        named(dns1123_subdomain)(endpoint.get("nodeName"), f"{own_path}.nodeName", faults)
        named(dns1123_label)(endpoint.get("hostname"), f"{own_path}.hostname", faults)


def _slice_ports(new: Any, path: str, faults: Faults) -> None:
    names = set()
    for port, own_path in items(new, "ports"):
        name = port.get("name") or ""
        unless_empty(named(dns1123_label))(name, f"{own_path}.name", faults)
        if name in names:
            faults.append(f.duplicate(f"{own_path}.name", name))
        names.add(name)
        between(0, 65535)(port.get("port"), f"{own_path}.port", faults)
        required(one_of(*PROTOCOLS))(port.get("protocol"), f"{own_path}.protocol", faults)


ENDPOINT_SLICE = Kind(
    defaults=(_slice_defaults,),
    rules=(
        struct({"addressType": required(one_of("FQDN", "IPv4", "IPv6"))}),
        _slice_endpoints,
        _slice_ports,
    ),
    update_rules=(immutable("addressType"),),
    generation_of=("endpoints", "ports"),
)
