"""What may be said of a request for a certificate: approved or denied, failed, the certificate.

Who approves sets the first two (the subresource `approval`), who signs the rest (`status`).
Source: Kubernetes `pkg/apis/certificates/validation/validation.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import faults as f
from .differences import difference
from .rules import Faults, Object, parts, same

APPROVED, DENIED, FAILED = "Approved", "Denied", "Failed"
VALUES = ("False", "True", "Unknown")
PATH = "status.conditions"


def _conditions(new: Object) -> Iterator[Any]:
    return parts(new.get("status") or {}, "conditions")


def _of_type(csr: Object, name: str) -> list[Any]:
    return [one for one in _conditions(csr) if one.get("type") == name]


def conditions(new: Object, old: Object, faults: Faults) -> None:
    """Each is said once, and is not taken back."""
    seen: set[str] = set()
    for index, one in enumerate(_conditions(new)):
        name, value, path = one.get("type") or "", one.get("status") or "", f"{PATH}[{index}]"
        if not name:
            faults.append(f.required(f"{path}.type"))
        supported = ("True",) if name in (APPROVED, DENIED, FAILED) else VALUES
        if not value:
            faults.append(f.required(f"{path}.status"))
        elif value not in supported:
            faults.append(f.not_supported(f"{path}.status", value, supported))
        if {APPROVED: DENIED, DENIED: APPROVED}.get(name) in seen:
            message = "Approved and Denied conditions are mutually exclusive"
            faults.append(f.invalid(f"{path}.type", name, message))
        if name in seen:
            faults.append(f.duplicate(f"{path}.type", name))
        seen.add(name)
    for name in (APPROVED, DENIED, FAILED):
        if len(_of_type(new, name)) < len(_of_type(old, name)):
            message = f"updates may not remove a condition of type {f.shown(name)}"
            faults.append(f.forbidden(PATH, message))


def no_approval(new: Object, old: Object, faults: Faults) -> None:
    """Who signs does not approve."""
    for name in (APPROVED, DENIED):
        now, was = _of_type(new, name), _of_type(old, name)
        if len(now) > len(was):
            message = f"updates may not add a condition of type {f.shown(name)}"
            faults.append(f.forbidden(PATH, message))
        elif len(now) == len(was) and not same(now, was):
            message = f"updates may not modify a condition of type {f.shown(name)}"
            faults.append(f.forbidden(PATH, f"{message}\n{difference(was, now)}"))


def one_certificate(new: Object, old: Object, faults: Faults) -> None:
    """A certificate that is there stays."""
    was = (old.get("status") or {}).get("certificate")
    if was and (new.get("status") or {}).get("certificate") != was:
        message = "updates may not modify existing certificate content"
        faults.append(f.forbidden("status.certificate", message))
