"""Endpoints and endpoint slices: the addresses behind a service.

Sources: Kubernetes `pkg/apis/core/validation/validation.go`,
`pkg/apis/discovery/validation/validation.go`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import labels
from .names import (
    Check,
    dns1123_label,
    dns1123_subdomain,
    ip_address,
    label_value,
    qualified_name,
)
from .pod.containers import PROTOCOLS
from .rules import (
    Always,
    Faults,
    Object,
    Rule,
    each,
    fill,
    fill_absent,
    immutable,
    items,
    listed,
    named,
    named_even_empty,
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


def _usual_address(value: Any, path: str, faults: Faults) -> None:
    address, path = value.get("ip") or "", f"{path}.ip"
    if ip_address(address):  # said twice, as there
        faults.append(f.invalid(path, address, "must be a valid IP address"))
    special_address(address, path, faults)


_ADDRESS = struct(
    {
        "ip": Always(_address_ip),
        "hostname": named(dns1123_label),
        "nodeName": named(dns1123_subdomain),
    },
    _usual_address,
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
        named(qualified_name)(port.get("appProtocol"), f"{own_path}.appProtocol", faults)


ENDPOINTS = Kind(
    defaults=(_endpoints_defaults,),
    rules=(struct({"subsets": each(_subset)}),),
)


# Endpoint slices


def _slice_defaults(new: Object) -> None:
    for port in parts(new, "ports"):
        fill_absent(port, {"protocol": "TCP", "name": ""})


_MOST_ENDPOINTS, _MOST_ADDRESSES, _MOST_PORTS = 1000, 100, 20000
_MOST_LABELS, _MOST_HINTS = 16, 8


def _of_family(version: int) -> Rule:
    def check(value: Any, path: str, faults: Faults) -> None:
        if wrong := ip_address(value):
            faults += [f.invalid(path, value, message) for message in wrong]
        elif ipaddress.ip_address(value).version != version:
            faults.append(f.invalid(path, value, f"must be an IPv{version} address"))
        special_address(value, path, faults)

    return check


def _domain_name(value: Any, path: str, faults: Faults) -> None:
    if not value:
        faults.append(f.required(path))
        return
    name = value.removesuffix(".")
    if wrong := dns1123_subdomain(name):
        faults.append(f.invalid(path, name, ",".join(wrong)))
        return
    if "." not in name:
        message = "should be a domain with at least two segments separated by dots"
        faults.append(f.invalid(path, name, message))
        return
    for label in name.split("."):
        if wrong := dns1123_label(label):
            faults.append(f.invalid(path, label, ",".join(wrong)))


_BY_TYPE = {"IPv4": _of_family(4), "IPv6": _of_family(6), "FQDN": _domain_name}


def _slice_endpoints(new: Any, path: str, faults: Faults) -> None:
    endpoints = new.get("endpoints") or ()
    if len(endpoints) > _MOST_ENDPOINTS:
        faults.append(f.too_many("endpoints", len(endpoints), _MOST_ENDPOINTS))
        return
    by_type = _BY_TYPE.get(new.get("addressType") or "")
    for endpoint, own_path in items(new, "endpoints"):
        addresses = endpoint.get("addresses") or ()
        if not addresses:
            message = "must contain at least 1 address"
            faults.append(f.required(f"{own_path}.addresses", message))
        elif len(addresses) > _MOST_ADDRESSES:
            count = len(addresses)
            faults.append(f.too_many(f"{own_path}.addresses", count, _MOST_ADDRESSES))
        if by_type:
            for index, address in enumerate(addresses):
                by_type(address or "", f"{own_path}.addresses[{index}]", faults)
        _ENDPOINT(endpoint, own_path, faults)


def _topology(value: Any, path: str, faults: Faults) -> None:
    if len(value) > _MOST_LABELS:
        faults.append(f.too_many(path, len(value), _MOST_LABELS))
    labels(value, path, faults)


def _hints(check: Check) -> Rule:
    def rule(value: Any, path: str, faults: Faults) -> None:
        if len(value) > _MOST_HINTS:
            faults.append(f.too_many(path, len(value), _MOST_HINTS))
            return
        seen = set()
        for hint, own_path in listed(value, path):
            name = hint.get("name") or ""
            if name in seen:
                faults.append(f.duplicate(f"{own_path}.name", name))
            seen.add(name)
            named_even_empty(check)(name, f"{own_path}.name", faults)

    return rule


_ENDPOINT = struct(
    {
        "nodeName": named(dns1123_subdomain),
        "deprecatedTopology": _topology,
        "hostname": named(dns1123_label),
        "hints": struct({"forZones": _hints(label_value), "forNodes": _hints(dns1123_subdomain)}),
    }
)


def _slice_ports(new: Any, path: str, faults: Faults) -> None:
    ports = new.get("ports") or ()
    if len(ports) > _MOST_PORTS:
        faults.append(f.too_many("ports", len(ports), _MOST_PORTS))
        return
    names = set()
    for port, own_path in items(new, "ports"):
        name = port.get("name") or ""
        unless_empty(named(dns1123_label))(name, f"{own_path}.name", faults)
        if name in names:
            faults.append(f.duplicate(f"{own_path}.name", name))
        names.add(name)
        one_of(*PROTOCOLS)(port.get("protocol"), f"{own_path}.protocol", faults)
        named(qualified_name)(port.get("appProtocol"), f"{own_path}.appProtocol", faults)


ENDPOINT_SLICE = Kind(
    defaults=(_slice_defaults,),
    rules=(
        struct({"addressType": required(one_of("FQDN", "IPv4", "IPv6"))}),
        _slice_endpoints,
        _slice_ports,
    ),
    update_rules=(immutable("addressType"),),
    rules_first=True,
    generation_of=("endpoints", "ports"),
)
