"""Events: what happened to whom.

Those of `events.k8s.io/v1` are held against stricter rules than those of the core group; both are
seen here in the words of the core group, which are those of the faults, too. Source: Kubernetes
`pkg/apis/core/validation/events.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import dns1123_subdomain, path_segment, qualified_name
from .rules import IMMUTABLE, Faults, Object, same

_LONGEST = {"reportingInstance": 128, "action": 128, "reason": 128}
_LONGEST_NOTE = 1024
_OTHER = "does not match event.namespace"
_WHOSE = "involvedObject.namespace"


def _event(new: Any, path: str, faults: Faults) -> None:
    own = new["metadata"].get("namespace") or ""
    about = (new.get("involvedObject") or {}).get("namespace") or ""
    if not new.get("eventTime"):
        if about != own and (about or own not in ("", "default")):
            faults.append(f.invalid(_WHOSE, about, _OTHER))
    else:
        if not about and own not in ("default", "kube-system"):
            faults.append(f.invalid(_WHOSE, about, _OTHER))
        _reported(new, faults)
    faults += [f.invalid("namespace", own, message) for message in dns1123_subdomain(own)]


def _reported(new: Object, faults: Faults) -> None:
    """By whom: of an event that says when it was, as new ones do."""
    who, path = new.get("reportingComponent") or "", "reportingController"
    if not who:
        faults.append(f.required(path))
    faults += [f.invalid(path, who, message) for message in qualified_name(who)]
    for name, longest in _LONGEST.items():
        text = new.get(name) or ""
        if not text:
            faults.append(f.required(name))
        _not_longer(name, text, longest, faults)
    _not_longer("message", new.get("message") or "", _LONGEST_NOTE, faults)


def _not_longer(name: str, text: str, longest: int, faults: Faults) -> None:
    if len(text.encode()) > longest:
        faults.append(f.invalid(name, "", f"can have at most {longest} characters"))


def _series(new: Object, faults: Faults) -> None:
    series = new.get("series")
    if series is None:
        return
    if (series.get("count") or 0) < 2:
        faults.append(f.invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        faults.append(f.required("series.lastObservedTime"))


def _strict(new: Any, path: str, faults: Faults) -> None:
    _series(new, faults)
    if not new.get("eventTime"):
        faults.append(f.required("eventTime"))
    if new.get("type") not in ("Normal", "Warning"):
        faults.append(f.invalid("type", "", f"has invalid value: {new.get('type') or ''}"))
    for name in ("firstTimestamp", "lastTimestamp", "count"):
        if new.get(name):
            faults.append(f.invalid(name, "", "needs to be unset"))
    if any((new.get("source") or {}).values()):
        faults.append(f.invalid("source", "", "needs to be unset"))


_STAY = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count",
    "type", "eventTime", "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip
_CALLED = {"reportingComponent": "reportingController"}


def _stays(new: Object, old: Object, faults: Faults) -> None:
    if not same(new.get("series"), old.get("series")):
        _series(new, faults)
    for name in _STAY:
        if not same(value := new.get(name), old.get(name)):
            faults.append(f.invalid(_CALLED.get(name, name), value, IMMUTABLE))


EVENT = Kind(name=path_segment, rules=(_event,))
"""As the core group has it."""
NEW_EVENT = Kind(
    name=dns1123_subdomain,
    rules=(_event,),
    create_rules=(_strict,),
    update_rules=(_stays,),
    rules_first=True,
)
"""As `events.k8s.io` has it."""
