"""Containers: defaults, and the rules of the three lists a pod has of them.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import faults as f
from ..names import (
    config_key,
    dns1123_label,
    dns1123_subdomain,
    env_var_name,
    port_name,
)
from ..rules import (
    Faults,
    Object,
    Rule,
    child,
    each,
    fill,
    is_empty,
    items,
    listed,
    named,
    named_even_empty,
    one_of,
    parts,
    port_number,
    required,
    struct,
)
from .mounts import devices, mounts
from .probes import PROBES, handler_defaults, lifecycle, probe_defaults, probes
from .references import ENVIRONMENT, field_ref, resource_field_ref
from .resources import canonical_list, requirements
from .security import container_security
from .volumes import pull_policy

LISTS = ("containers", "initContainers", "ephemeralContainers")
PROTOCOLS = ("SCTP", "TCP", "UDP")


def container_defaults(container: Object) -> None:
    """In place: what a container leaves open."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    fill(
        container,
        {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"},
    )
    canonical_list(child(container, "resources"), "limits", "requests")
    for port in parts(container, "ports"):
        fill(port, {"protocol": "TCP"})
    for name in PROBES:
        if (probe := container.get(name)) is not None:
            probe_defaults(probe)
    for hook in (container.get("lifecycle") or {}).values():
        if hook:
            handler_defaults(hook)
    for variable in parts(container, "env"):
        if reference := (variable.get("valueFrom") or {}).get("fieldRef"):
            fill(reference, {"apiVersion": "v1"})


# Ports


def _ports(value: Any, path: str, faults: Faults) -> None:
    seen = set()
    for port, own_path in listed(value, path):
        if name := port.get("name"):
            if wrong := port_name(name):
                faults += [f.invalid(f"{own_path}.name", name, message) for message in wrong]
            elif name in seen:
                faults.append(f.duplicate(f"{own_path}.name", name))
            seen.add(name)
        _PORT(port, own_path, faults)


_PORT = struct(
    {
        "containerPort": required(port_number),
        "hostPort": lambda value, path, faults: port_number(value or None, path, faults),
        "protocol": required(one_of(*PROTOCOLS)),
    }
)


def host_ports(containers: Any, path: str, faults: Faults) -> None:
    """No two containers take the same port of the node."""
    seen = set()
    for container, container_path in listed(containers, path):
        for port, own_path in items(container, "ports", container_path):
            if number := port.get("hostPort"):
                taken = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{number}"
                if taken in seen:
                    faults.append(f.duplicate(f"{own_path}.hostPort", taken))
                seen.add(taken)


# Environment


_KEY_REF = struct({"name": named_even_empty(dns1123_subdomain), "key": required(named(config_key))})
_VALUE_FROM: dict[str, Rule] = {
    "fieldRef": partial(field_ref, supported=ENVIRONMENT),
    "resourceFieldRef": resource_field_ref,
    "configMapKeyRef": _KEY_REF,
    "secretKeyRef": _KEY_REF,
}
_ENV_SOURCES = (
    "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
)


def _env_variable(variable: Any, path: str, faults: Faults) -> None:
    _ENV_NAME(variable.get("name"), f"{path}.name", faults)
    if (source := variable.get("valueFrom")) is None:
        return
    path = f"{path}.valueFrom"
    there = [name for name in _VALUE_FROM if source.get(name) is not None]
    for name in there:
        _VALUE_FROM[name](source[name], f"{path}.{name}", faults)
    if not there:
        faults.append(f.invalid(path, "", _ENV_SOURCES))
    elif variable.get("value"):
        faults.append(f.invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(there) > 1:
        faults.append(f.invalid(path, "", "may not have more than one field specified at a time"))


_ENV_NAME = required(named(env_var_name))
_ENV_REF = struct({"name": required(named(dns1123_subdomain))})


def _env_from(value: Any, path: str, faults: Faults) -> None:
    for source, own_path in listed(value, path):
        named(env_var_name)(source.get("prefix"), f"{own_path}.prefix", faults)
        there = [name for name in ("configMapRef", "secretRef") if source.get(name) is not None]
        for name in there:
            _ENV_REF(source[name], f"{own_path}.{name}", faults)
        if len(there) != 1:
            few = "must specify one of: `configMapRef` or `secretRef`"
            many = "may not have more than one field specified at a time"
            faults.append(f.invalid(path, "", many if there else few))


# A container


_BEFORE_MOUNTS = struct(
    {
        "name": required(named(dns1123_label)),
        "image": required(),
        "terminationMessagePolicy": required(one_of("File", "FallbackToLogsOnError")),
        "ports": _ports,
        "env": each(_env_variable),
        "envFrom": _env_from,
    }
)
_AFTER_MOUNTS = struct(
    {
        "imagePullPolicy": required(one_of("Always", "IfNotPresent", "Never")),
        "resources": requirements,
        "securityContext": container_security,
    }
)


_RESTART_POLICY = one_of("Always", "OnFailure", "Never")


def _container(value: Object, volumes: dict[str, Object], path: str, faults: Faults) -> None:
    _BEFORE_MOUNTS(value, path, faults)
    mounts(value, volumes, path, faults)
    devices(value, volumes, path, faults)
    _AFTER_MOUNTS(value, path, faults)


def containers(spec: Object, volumes: dict[str, Object], path: str, faults: Faults) -> None:
    """All containers of a pod: the usual ones, those before them, and those for debugging."""
    names: set[str] = set()
    grace = spec.get("terminationGracePeriodSeconds")
    if not spec.get("containers"):
        faults.append(f.required(f"{path}.containers"))
    for container, own_path in items(spec, "containers", path):
        _container(container, volumes, own_path, faults)
        _unique_name(container, names, own_path, faults)
        lifecycle(container.get("lifecycle"), f"{own_path}.lifecycle", faults, grace)
        probes(container, own_path, faults)
        _RESTART_POLICY(container.get("restartPolicy"), f"{own_path}.restartPolicy", faults)
    host_ports(spec.get("containers"), f"{path}.containers", faults)
    for container, own_path in items(spec, "initContainers", path):
        _container(container, volumes, own_path, faults)
        _unique_name(container, names, own_path, faults)
        host_ports([container], f"{path}.initContainers", faults)
        _init_container(container, own_path, faults, grace)
    for container, own_path in items(spec, "ephemeralContainers", path):
        _container(container, volumes, own_path, faults)
        _ephemeral_container(container, names, own_path, faults)
        _unique_name(container, names, own_path, faults)


def _unique_name(container: Object, names: set[str], path: str, faults: Faults) -> None:
    if name := container.get("name"):
        if name in names:
            faults.append(f.duplicate(f"{path}.name", name))
        names.add(name)


_ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"


def _init_container(container: Object, path: str, faults: Faults, grace: int | None) -> None:
    policy = container.get("restartPolicy")
    _RESTART_POLICY(policy, f"{path}.restartPolicy", faults)
    if policy == "Always":
        lifecycle(container.get("lifecycle"), f"{path}.lifecycle", faults, grace)
        probes(container, path, faults)
        return
    for name in ("lifecycle", *PROBES):
        if container.get(name) is not None:
            faults.append(f.forbidden(f"{path}.{name}", _ONLY_SIDECARS))


_NOT_EPHEMERAL = ("ports", "resources", *PROBES, "lifecycle", "resizePolicy", "restartPolicy")


def _ephemeral_container(container: Object, names: set[str], path: str, faults: Faults) -> None:
    target = container.get("targetContainerName")
    if target and target not in names:
        faults.append(f.not_found(f"{path}.targetContainerName", target))
    message = "cannot be set for an Ephemeral Container"
    for name in _NOT_EPHEMERAL:
        if not is_empty(container.get(name)):
            faults.append(f.forbidden(f"{path}.{name}", message))
    for mount, own_path in items(container, "volumeMounts", path):
        for name in ("subPath", "subPathExpr"):
            if mount.get(name):
                faults.append(f.forbidden(f"{own_path}.{name}", message))


def no_spaces_around_images(spec: Object, path: str, faults: Faults) -> None:
    """Only pods are asked this, not templates."""
    for name in LISTS:
        for container, own_path in items(spec, name, path):
            image = container.get("image") or ""
            if image != image.strip():
                message = "must not have leading or trailing whitespace"
                faults.append(f.invalid(f"{own_path}.image", image, message))
