"""How a workload is brought from one template to the next: the rules of its strategy.

Source: Kubernetes `pkg/apis/apps/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .int_or_percent import amount, at_most_all, int_or_percent
from .rules import Faults, Object, not_negative


def _unsupported(strategy: Any, path: str, supported: tuple[str, ...], faults: Faults) -> None:
    shown = f.InOrder(Type=strategy.get("type") or "", RollingUpdate=strategy.get("rollingUpdate"))
    faults.append(f.not_supported(path, shown, supported))


def deployment_strategy(strategy: Any, path: str, faults: Faults) -> None:
    """A deployment's: all at once, or a few at a time."""
    strategy = strategy or {}
    rolling, own_path = strategy.get("rollingUpdate"), f"{path}.rollingUpdate"
    match strategy.get("type"):
        case "Recreate":
            if rolling is not None:
                message = "may not be specified when strategy `type` is 'Recreate'"
                faults.append(f.forbidden(own_path, message))
        case "RollingUpdate":
            _rolling(rolling or {}, own_path, faults)
        case _:
            _unsupported(strategy, path, ("Recreate", "RollingUpdate"), faults)


def _rolling(rolling: Object, path: str, faults: Faults) -> None:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    int_or_percent(unavailable, f"{path}.maxUnavailable", faults)
    int_or_percent(surge, f"{path}.maxSurge", faults)
    if not amount(unavailable) and not amount(surge):
        message = "may not be 0 when `maxSurge` is 0"
        faults.append(f.invalid(f"{path}.maxUnavailable", unavailable, message))
    at_most_all(unavailable, f"{path}.maxUnavailable", faults)


def daemon_set_strategy(strategy: Any, path: str, faults: Faults) -> None:
    """A daemon set's."""
    strategy = strategy or {}
    match strategy.get("type"):
        case "OnDelete":
            pass
        case "RollingUpdate":
            _daemon_rolling(strategy.get("rollingUpdate") or {}, f"{path}.rollingUpdate", faults)
        case _:
            _unsupported(strategy, path, ("RollingUpdate", "OnDelete"), faults)


def _daemon_rolling(rolling: Object, path: str, faults: Faults) -> None:
    for name in ("maxUnavailable", "maxSurge"):
        int_or_percent(rolling.get(name), f"{path}.{name}", faults)
        at_most_all(rolling.get(name), f"{path}.{name}", faults)
    unavailable, surge = amount(rolling.get("maxUnavailable")), amount(rolling.get("maxSurge"))
    if unavailable and surge:
        message = "may not be set when maxUnavailable is non-zero"
        faults.append(f.invalid(f"{path}.maxSurge", rolling["maxSurge"], message))
    elif not unavailable and not surge:
        message = "cannot be 0 when maxSurge is 0"
        faults.append(f.required(f"{path}.maxUnavailable", message))


def stateful_set_strategy(strategy: Any, path: str, faults: Faults) -> None:
    """A stateful set's."""
    strategy = strategy or {}
    rolling, own_path = strategy.get("rollingUpdate"), f"{path}.rollingUpdate"
    match strategy.get("type"):
        case "OnDelete":
            if rolling is not None:
                message = "only allowed for updateStrategy 'RollingUpdate'"
                faults.append(f.invalid(own_path, rolling, message))
        case "RollingUpdate":
            not_negative((rolling or {}).get("partition"), f"{own_path}.partition", faults)
        case kind:
            shown = f.InOrder(Type=kind or "", RollingUpdate=rolling)
            faults.append(f.invalid(path, shown, "must be 'RollingUpdate' or 'OnDelete'"))
