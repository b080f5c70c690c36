"""APIServices: who serves a group and version.

Source: Kubernetes kube-aggregator, `pkg/apis/apiregistration/validation`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import dns1035_label, dns1123_subdomain, path_segment
from .rules import Faults, Object, struct

_HIGHEST = {"groupPriorityMinimum": 20000, "versionPriority": 1000}


def _name(new: Any, path: str, faults: Faults) -> None:
    spec = new.get("spec") or {}
    wanted = f"{spec.get('version') or ''}.{spec.get('group') or ''}"
    name = new["metadata"].get("name") or ""
    if name != wanted and not path_segment(name):
        message = f'must be `spec.version+"."+spec.group`: "{wanted}"'
        faults.append(f.invalid("metadata.name", name, message))


def _group_and_version(spec: Any, path: str, faults: Faults) -> None:
    group, version = spec.get("group") or "", spec.get("version") or ""
    if not group:
        if version != "v1":
            message = "only v1 may have an empty group and it better be legacy kube"
            faults.append(f.required(f"{path}.group", message))
    else:
        wrong = dns1123_subdomain(group)
        faults += [f.invalid(f"{path}.group", group, message) for message in wrong]
    faults += [f.invalid(f"{path}.version", version, m) for m in dns1035_label(version)]
    for name, highest in _HIGHEST.items():
        value = spec.get(name) or 0
        if not 0 < value <= highest:
            message = f"must be positive and less than {highest}"
            faults.append(f.invalid(f"{path}.{name}", value, message))


def _service(spec: Any, path: str, faults: Faults) -> None:
    service, bundle = spec.get("service"), spec.get("caBundle")
    at_skip, skips = f"{path}.insecureSkipTLSVerify", spec.get("insecureSkipTLSVerify")
    if service is None:
        if bundle:
            message = "local APIServices may not have a caBundle"
            faults.append(f.invalid(f"{path}.caBundle", bundle, message))
        if skips:
            message = "local APIServices may not have insecureSkipTLSVerify"
            faults.append(f.invalid(at_skip, True, message))
        return
    for name in ("namespace", "name"):
        if not service.get(name):
            faults.append(f.required(f"{path}.service.{name}"))
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        message = "port is not valid: must be between 1 and 65535, inclusive"
        faults.append(f.invalid(f"{path}.service.port", port, message))
    if skips and bundle:
        message = "may not be true if caBundle is present"
        faults.append(f.invalid(at_skip, True, message))


def _defaults(new: Object) -> None:
    service = (new.get("spec") or {}).get("service")
    if service is not None and service.get("port") is None:
        service["port"] = 443


API_SERVICE = Kind(
    name=path_segment,
    is_namespaced=False,
    defaults=(_defaults,),
    rules=(_name, struct({"spec": _group_and_version}), struct({"spec": _service})),
    status={},
)
