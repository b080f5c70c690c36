"""Ingresses, their classes, and network policies.

Sources: Kubernetes `pkg/apis/networking/v1/defaults.go`,
`pkg/apis/networking/validation/validation.go`.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import label_selector
from .names import (
    cidr,
    dns1035_label,
    dns1123_label,
    dns1123_subdomain,
    ip_address,
    mismatch,
    path_segment,
    port_name,
    wildcard_dns1123_subdomain,
)
from .rules import (
    Faults,
    Object,
    child,
    each,
    fill_absent,
    immutable,
    items,
    named,
    one_of,
    parts,
    port_number,
    required,
    struct,
)

_HTTP_PATH = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


# Ingresses


def _host(value: Any, path: str, faults: Faults) -> None:
    if not value:
        return
    if not ip_address(value):
        faults.append(f.invalid(path, value, "must be a DNS name, not an IP address"))
    check = wildcard_dns1123_subdomain if "*" in value else dns1123_subdomain
    faults += [f.invalid(path, value, message) for message in check(value)]


def _path(value: Any, path: str, faults: Faults) -> None:
    kind, text, own_path = value.get("pathType"), value.get("path") or "", f"{path}.path"
    if kind is None:
        faults.append(f.required(f"{path}.pathType", "pathType must be specified"))
        return
    one_of("Exact", "ImplementationSpecific", "Prefix")(kind, f"{path}.pathType", faults)
    is_strict = kind in ("Exact", "Prefix")
    if not text.startswith("/") and (is_strict or (text and kind == "ImplementationSpecific")):
        faults.append(f.invalid(own_path, text, "must be an absolute path"))
    if is_strict:
        for part in ("//", "/./", "/../", "%2f", "%2F"):
            if part in text:
                faults.append(f.invalid(own_path, text, f"must not contain '{part}'"))
        for end in ("/..", "/."):
            if text.endswith(end):
                faults.append(f.invalid(own_path, text, f"cannot end with '{end}'"))
    _backend(value.get("backend") or {}, f"{path}.backend", faults)


def _backend(value: Any, path: str, faults: Faults) -> None:
    service, resource = value.get("service"), value.get("resource")
    if service is not None and resource is not None:
        message = "cannot set both resource and service backends"
        faults.append(f.invalid(path, "", message))
    elif resource is not None:
        _RESOURCE(resource, f"{path}.resource", faults)
    elif service is not None:
        required(named(dns1035_label))(service.get("name"), f"{path}.service.name", faults)
        _backend_port(service.get("port") or {}, path, faults)
    else:
        faults.append(f.invalid(path, "", "resource or service backend is required"))


def _backend_port(port: Object, path: str, faults: Faults) -> None:
    name, number = port.get("name"), port.get("number")
    if name and number:
        faults.append(f.invalid(path, "", "cannot set both port name & port number"))
    elif name:
        named(port_name)(name, f"{path}.service.port.name", faults)
    elif number:
        port_number(number, f"{path}.service.port.number", faults)
    else:
        faults.append(f.required(path, "port name or number is required"))


_RESOURCE = struct(
    {
        "apiGroup": named(dns1123_subdomain),
        "kind": required(named(path_segment), "kind is required"),
        "name": required(named(path_segment), "name is required"),
    }
)
_RULE = struct({"host": _host, "http": struct({"paths": required(each(_path))})})


def _some_rule(spec: Any, path: str, faults: Faults) -> None:
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        message = "either `defaultBackend` or `rules` must be specified"
        faults.append(f.invalid(path, spec.get("rules"), message))


def _tls_host(value: Any, path: str, faults: Faults) -> None:
    check = wildcard_dns1123_subdomain if "*" in value else dns1123_subdomain
    faults += [f.invalid(path, value, message) for message in check(value)]


def _default_backend(value: Any, path: str, faults: Faults) -> None:
    if value is not None:
        _backend(value, path, faults)


_INGRESS_SPEC = struct(
    {
        "defaultBackend": _default_backend,
        "rules": each(_RULE),
        "tls": each(struct({"hosts": each(_tls_host), "secretName": named(dns1123_subdomain)})),
        "ingressClassName": named(dns1123_subdomain),
    }
)


def _one_class(new: Any, path: str, faults: Faults) -> None:
    said = (new["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION)
    name = (new.get("spec") or {}).get("ingressClassName")
    if said is not None and name is not None and said != name:
        message = "must match `ingressClassName` when both are specified"
        faults.append(f.invalid(f"annotations.{_CLASS_ANNOTATION}", said, message))


def _ingress_defaults(new: Object) -> None:
    child(new, "spec")


INGRESS = Kind(
    defaults=(_ingress_defaults,),
    rules=(struct({"spec": struct({}, _some_rule, _INGRESS_SPEC)}), _one_class),
    status={"loadBalancer": {}},
    generation_of=("spec",),
)


def _controller(value: Any, path: str, faults: Faults) -> None:
    if len(value) > 250:
        faults.append(f.too_long(path, 250))
    domain_prefixed_path(value, path, faults)


def domain_prefixed_path(value: Any, path: str, faults: Faults) -> None:
    """Whose it is, a slash, and what they call it."""
    domain, slash, rest = value.partition("/")
    if not (domain and slash and rest):
        message = 'must be a domain-prefixed path (such as "acme.io/foo")'
        faults.append(f.invalid(path, value, message))
        return
    faults += [f.invalid(path, domain, message) for message in dns1123_subdomain(domain)]
    if not _HTTP_PATH.fullmatch(rest):
        faults.append(f.invalid(path, rest, mismatch("Invalid path", _HTTP_PATH.pattern)))


def _class_parameters(value: Any, path: str, faults: Faults) -> None:
    _RESOURCE(value, path, faults)
    scope, namespace = value.get("scope") or "", value.get("namespace")
    if scope not in ("Cluster", "Namespace"):
        faults.append(f.not_supported(f"{path}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Cluster" and namespace is not None:
        message = "`parameters.scope` is set to 'Cluster'"
        faults.append(f.forbidden(f"{path}.namespace", message))
    elif scope == "Namespace" and namespace is None:
        message = "`parameters.scope` is set to 'Namespace'"
        faults.append(f.required(f"{path}.namespace", message))
    else:
        named(dns1123_label)(namespace, f"{path}.namespace", faults)


def _class_defaults(new: Object) -> None:
    parameters = (new.get("spec") or {}).get("parameters")
    if parameters is not None:
        fill_absent(parameters, {"scope": "Cluster"})


INGRESS_CLASS = Kind(
    is_namespaced=False,
    defaults=(_class_defaults,),
    rules=(
        struct(
            {"spec": struct({"controller": required(_controller), "parameters": _class_parameters})}
        ),
    ),
    update_rules=(immutable("spec.controller"),),
    generation_of=("spec",),
)


# Network policies


def _policy_defaults(new: Object) -> None:
    spec = child(new, "spec")
    if spec.get("podSelector") is None:
        spec["podSelector"] = {}
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in parts(rule, "ports"):
                fill_absent(port, {"protocol": "TCP"})
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress"] + ["Egress"] * bool(spec.get("egress"))


def _policy_port(value: Any, path: str, faults: Faults) -> None:
    one_of("TCP", "UDP", "SCTP")(value.get("protocol"), f"{path}.protocol", faults)
    port, end = value.get("port"), value.get("endPort")
    own_path, end_path = f"{path}.port", f"{path}.endPort"
    if isinstance(port, str):
        if end is not None:
            message = "may not be specified when `port` is non-numeric"
            faults.append(f.invalid(end_path, end, message))
        faults += [f.invalid(own_path, port, message) for message in port_name(port)]
    elif port is None:
        if end is not None:
            message = "may not be specified when `port` is not specified"
            faults.append(f.invalid(end_path, end, message))
    else:
        port_number(port, own_path, faults)
        if end is not None and end < port:
            message = "must be greater than or equal to `port`"
            faults.append(f.invalid(end_path, end, message))
        port_number(end, end_path, faults)


def _peer(value: Any, path: str, faults: Faults) -> None:
    block = value.get("ipBlock")
    label_selector(value.get("podSelector"), f"{path}.podSelector", faults)
    label_selector(value.get("namespaceSelector"), f"{path}.namespaceSelector", faults)
    if block is not None:
        _ip_block(block, f"{path}.ipBlock", faults)
    there = [
        name
        for name in ("podSelector", "namespaceSelector", "ipBlock")
        if value.get(name) is not None
    ]
    if not there:
        faults.append(f.required(path, "must specify a peer"))
    elif len(there) > 1 and block is not None:
        faults.append(f.forbidden(path, "may not specify both ipBlock and another peer"))


def _ip_block(value: Any, path: str, faults: Faults) -> None:
    block = value.get("cidr")
    before = len(faults)
    required(named(cidr))(block, f"{path}.cidr", faults)
    if len(faults) > before:
        return
    for index, text in enumerate(value.get("except") or ()):
        own_path = f"{path}.except[{index}]"
        wrong = cidr(text)
        faults += [f.invalid(own_path, text, message) for message in wrong]
        if not wrong and not _is_within(text, block):
            faults.append(f.invalid(own_path, text, "must be a strict subset of `cidr`"))


def _is_within(text: str, block: str) -> bool:
    inner, outer = (ipaddress.ip_network(one, strict=False) for one in (text, block))
    return (
        inner.version == outer.version
        and inner.prefixlen > outer.prefixlen
        and inner.network_address in outer
    )


def _policy_rules(spec: Any, path: str, faults: Faults) -> None:
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for rule, own_path in items(spec, direction, path):
            each(_policy_port)(rule.get("ports"), f"{own_path}.ports", faults)
            each(_peer)(rule.get(peers), f"{own_path}.{peers}", faults)
    types = spec.get("policyTypes") or ()
    if len(types) > 2:
        message = "may not specify more than two policyTypes"
        faults.append(f.invalid(f"{path}.policyTypes", types, message))
        return
    each(one_of("Ingress", "Egress"))(types, f"{path}.policyTypes", faults)


NETWORK_POLICY = Kind(
    defaults=(_policy_defaults,),
    rules=(struct({"spec": struct({"podSelector": label_selector}, _policy_rules)}),),
    generation_of=("spec",),
)
