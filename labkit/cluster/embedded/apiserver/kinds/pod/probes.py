"""Probes and lifecycle hooks: how a container is asked, and what it is told.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..names import http_header_name, port_name
from ..rules import (
    Always,
    Faults,
    Object,
    Rule,
    at_least,
    exactly,
    fill,
    not_negative,
    one_of,
    port_number,
    required,
    struct,
)

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def probe_defaults(probe: Object) -> None:
    """In place: a probe's thresholds and its HTTP request."""
    fill(
        probe,
        {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3},
    )
    handler_defaults(probe)


def handler_defaults(handler: Object) -> None:
    """In place: what an HTTP or gRPC request leaves open."""
    if http := handler.get("httpGet"):
        fill(http, {"path": "/", "scheme": "HTTP"})
    if (grpc := handler.get("grpc")) and grpc.get("service") is None:
        grpc["service"] = ""


def port_number_or_name(value: Any, path: str, faults: Faults) -> None:
    """A port as a number or by its name."""
    if isinstance(value, str):
        faults += [f.invalid(path, value, message) for message in port_name(value)]
    else:
        port_number(value or 0, path, faults)


def _headers(value: Any, path: str, faults: Faults) -> None:
    for header in value or ():
        name = header.get("name") or ""
        faults += [f.invalid(path, name, message) for message in http_header_name(name)]


_EXEC = struct({"command": required()})
_HTTP_GET = struct(
    {
        "port": Always(port_number_or_name),
        "scheme": one_of("HTTP", "HTTPS"),
        "httpHeaders": _headers,
    }
)
_TCP_SOCKET = struct({"port": Always(port_number_or_name)})
_GRPC = struct({"port": Always(port_number_or_name)})
_HANDLERS: dict[str, Rule] = {
    "exec": _EXEC,
    "httpGet": _HTTP_GET,
    "tcpSocket": _TCP_SOCKET,
    "grpc": _GRPC,
}


def _handler(value: Any, path: str, faults: Faults, grace_seconds: int | None = None) -> None:
    there = [name for name in (*_HANDLERS, "sleep") if value.get(name) is not None]
    if not there:
        faults.append(f.required(path, "must specify a handler type"))
        return
    if there[0] == "sleep":
        _sleep(value["sleep"], f"{path}.sleep", faults, grace_seconds)
    else:
        _HANDLERS[there[0]](value[there[0]], f"{path}.{there[0]}", faults)
    for name in there[1:]:
        faults.append(f.forbidden(f"{path}.{name}", "may not specify more than 1 handler type"))


def _sleep(value: Any, path: str, faults: Faults, grace_seconds: int | None) -> None:
    seconds = value.get("seconds") or 0
    if grace_seconds is not None and not 0 <= seconds <= grace_seconds:
        message = (
            f"must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})"
        )
        faults.append(f.invalid(path, seconds, message))


_TIMES = struct(
    {
        "initialDelaySeconds": not_negative,
        "timeoutSeconds": not_negative,
        "periodSeconds": not_negative,
        "successThreshold": not_negative,
        "failureThreshold": not_negative,
        "terminationGracePeriodSeconds": at_least(1, "must be greater than 0"),
    }
)
_SUCCEEDS_ONCE = struct({"successThreshold": exactly(1, "must be 1")})


def probes(container: Object, path: str, faults: Faults) -> None:
    """All probes of a container."""
    for name in PROBES:
        if (probe := container.get(name)) is not None:
            _probe(name, probe, f"{path}.{name}", faults)


def _probe(name: str, probe: Object, path: str, faults: Faults) -> None:
    _handler(probe, path, faults)
    _TIMES(probe, path, faults)
    if name != "readinessProbe":
        _SUCCEEDS_ONCE(probe, path, faults)
    elif (grace := probe.get("terminationGracePeriodSeconds")) is not None:
        field = f"{path}.terminationGracePeriodSeconds"
        faults.append(f.invalid(field, grace, "must not be set for readinessProbes"))


def lifecycle(value: Any, path: str, faults: Faults, grace_seconds: int | None) -> None:
    """What a container does after its start and before its stop."""
    for name in ("postStart", "preStop"):
        if (handler := (value or {}).get(name)) is not None:
            _handler(handler, f"{path}.{name}", faults, grace_seconds)
