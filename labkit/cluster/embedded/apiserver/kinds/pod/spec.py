"""A pod's spec, alone or in the template of a workload.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..label_selectors import annotation_map, labels
from ..names import (
    dns1123_label,
    dns1123_subdomain,
    dns1123_subdomain_with_underscores,
    ip_address,
    qualified_name,
)
from ..rules import (
    Faults,
    Object,
    Rule,
    between,
    child,
    each,
    fill,
    fill_absent,
    items,
    listed,
    named,
    named_even_empty,
    one_of,
    parts,
    required,
    struct,
)
from .containers import LISTS, container_defaults, containers
from .placement import affinity, scheduling_gates, spread_constraints, tolerations
from .resources import canonical_list
from .security import pod_security
from .volumes import volume_defaults, volumes

INT32 = 2**31 - 1
RESTART_POLICIES = ("Always", "OnFailure", "Never")


def spec_defaults(spec: Object) -> None:
    """In place: what a pod's spec leaves open, in a pod or in a template."""
    fill(
        spec,
        {
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
        },
    )
    fill_absent(spec, {"terminationGracePeriodSeconds": 30})
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        for name in ("serviceAccountName", "serviceAccount"):  # the name it has, and had
            if spec.get(name) != account:
                spec[name] = account
    for name in LISTS:
        for container in parts(spec, name):
            container_defaults(container)
    for volume in parts(spec, "volumes"):
        volume_defaults(volume)
    canonical_list(spec.get("resources"), "limits", "requests")
    canonical_list(spec, "overhead")


def host_port_defaults(spec: Object) -> None:
    """In place: on the network of the node, a container's port is the node's. Only in a pod."""
    if spec.get("hostNetwork"):
        for name in LISTS[:2]:
            for container in parts(spec, name):
                for port in parts(container, "ports"):
                    fill(port, {"hostPort": port.get("containerPort")})


def _dns_config(spec: Any, path: str, faults: Faults) -> None:
    config, own_path = spec.get("dnsConfig"), f"{path}.dnsConfig"
    if spec.get("dnsPolicy") == "None":
        if config is None:
            message = "must provide `dnsConfig` when `dnsPolicy` is None"
            faults.append(f.required(own_path, message))
        elif not config.get("nameservers"):
            message = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            faults.append(f.required(f"{own_path}.nameservers", message))
    servers = (config or {}).get("nameservers") or ()
    if len(servers) > 3:
        message = "must not have more than 3 nameservers"
        faults.append(f.invalid(f"{own_path}.nameservers", servers, message))
    each(named_even_empty(ip_address))(servers, f"{own_path}.nameservers", faults)
    _searches((config or {}).get("searches") or [], f"{own_path}.searches", faults)
    for option, option_path in items(config or {}, "options", own_path):
        if not option.get("name"):
            faults.append(f.required(option_path, "must not be empty"))


_MAX_SEARCHES, _MAX_SEARCH_CHARACTERS = 32, 2048


def _searches(value: list[str], path: str, faults: Faults) -> None:
    if len(value) > _MAX_SEARCHES:
        message = f"must not have more than {_MAX_SEARCHES} search paths"
        faults.append(f.invalid(path, value, message))
    if len(" ".join(value)) > _MAX_SEARCH_CHARACTERS:
        message = f"must not have more than {_MAX_SEARCH_CHARACTERS} characters"
        faults.append(f.invalid(path, value, f"{message} (including spaces) in the search list"))
    for index, search in enumerate(value):
        if search != ".":
            name = search.removesuffix(".")
            wrong = dns1123_subdomain_with_underscores(name)
            faults += [f.invalid(f"{path}[{index}]", name, message) for message in wrong]


def _host_network(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("hostUsers") is False:
        for name, shown in (
            ("hostNetwork", "hostNetwork"),
            ("hostPID", "HostPID"),
            ("hostIPC", "HostIPC"),
        ):
            if spec.get(name):
                faults.append(f.forbidden(f"{path}.{shown}", "when `pod.Spec.HostUsers` is false"))
    if not spec.get("hostNetwork"):
        return
    for list_name in LISTS[:2]:
        for container, own_path in items(spec, list_name, path):
            for port, port_path in items(container, "ports", own_path):
                # None yet: a template's ports are filled in with the pod.
                if port.get("hostPort") not in (None, 0, port.get("containerPort")):
                    message = "must match `containerPort` when `hostNetwork` is true"
                    faults.append(f.invalid(f"{port_path}.hostPort", port["hostPort"], message))


def _share_pid(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        message = "ShareProcessNamespace and HostPID cannot both be enabled"
        faults.append(f.invalid(f"{path}.shareProcessNamespace", True, message))


def _host_aliases(value: Any, path: str, faults: Faults) -> None:
    for alias, own_path in listed(value, path):
        address = alias.get("ip") or ""
        wrong = ip_address(address)
        faults += [f.invalid(f"{own_path}.ip", address, message) for message in wrong]
        for host in parts(alias, "hostnames"):
            wrong = dns1123_subdomain(host)
            faults += [f.invalid(f"{own_path}.hostnames", host, message) for message in wrong]


_TABLE: dict[str, Rule] = {
    "restartPolicy": required(one_of(*RESTART_POLICIES)),
    "dnsPolicy": required(one_of("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")),
    "nodeSelector": labels,
    "securityContext": pod_security,
    "affinity": affinity,
    "readinessGates": each(struct({"conditionType": named_even_empty(qualified_name)})),
    "schedulingGates": scheduling_gates,
    "topologySpreadConstraints": spread_constraints,
    "serviceAccountName": named(dns1123_subdomain),
    "nodeName": named(dns1123_subdomain),
    "activeDeadlineSeconds": between(1, INT32),
    "hostname": named(dns1123_label),
    "subdomain": named(dns1123_label),
    "tolerations": tolerations,
    "hostAliases": _host_aliases,
    "priorityClassName": named(dns1123_subdomain),
    "runtimeClassName": named(dns1123_subdomain),
    "preemptionPolicy": one_of("PreemptLowerPriority", "Never"),
}
_RULES = struct(_TABLE, _dns_config, _host_network, _share_pid)


def pod_spec(spec: Any, path: str, faults: Faults) -> None:
    """The rules of a pod's spec."""
    spec = spec or {}
    if spec.get("terminationGracePeriodSeconds") is None:
        faults.append(f.required(f"{path}.terminationGracePeriodSeconds"))
    containers(spec, volumes(spec, path, faults), path, faults)
    _RULES(spec, path, faults)


def template_defaults(template: Object) -> None:
    """In place: what the template of a workload leaves open."""
    child(template, "metadata")
    spec_defaults(child(template, "spec"))


def pod_template(template: Any, path: str, faults: Faults) -> None:
    """The rules of a template: its labels, its annotations, the spec in it."""
    template = template or {}
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    labels(meta.get("labels"), f"{path}.labels", faults)
    annotation_map(meta.get("annotations"), f"{path}.annotations", faults)
    pod_spec(spec, f"{path}.spec", faults)
    if spec.get("ephemeralContainers"):
        message = "ephemeral containers not allowed in pod template"
        faults.append(f.forbidden(f"{path}.spec.ephemeralContainers", message))
