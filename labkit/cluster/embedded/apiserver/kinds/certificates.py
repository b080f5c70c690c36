"""CertificateSigningRequest: a public key and a name, for an authority to sign.

Sources: Kubernetes `pkg/apis/certificates/validation`, `pkg/registry/certificates/certificates`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import Any

from . import faults as f
from .approvals import conditions, no_approval, one_certificate
from .kind import Kind
from .rules import Faults, Object, child, parts, required, struct

SHORTEST_S = 600
LEGACY = "kubernetes.io/legacy-unknown"


def _pem(value: Any, path: str, faults: Faults) -> None:
    if message := _why_no_request(value or ""):
        faults.append(f.invalid(path, value or "", message))


def _why_no_request(value: str) -> str:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        pem = base64.b64decode(value)
        if b"-----BEGIN CERTIFICATE REQUEST-----" not in pem:
            return "PEM block type must be CERTIFICATE REQUEST"
        return "" if x509.load_pem_x509_csr(pem).is_signature_valid else "the signature is wrong"
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        return str(error)


def _signed(new: Object, old: Object, faults: Faults) -> None:
    """What a signer writes is a certificate, and nothing beside it."""
    value = (new.get("status") or {}).get("certificate")
    if value and (message := _why_no_certificate(value)):
        faults.append(f.invalid("status.certificate", "<certificate data>", message))


def _why_no_certificate(value: str) -> str:
    from cryptography import x509

    try:
        pem = base64.b64decode(value)
        kinds = re.findall(rb"^-----BEGIN ([^\n-]+)-----$", pem, re.MULTILINE)
        for kind in kinds:
            if kind != b"CERTIFICATE":
                found = kind.decode(errors="replace")
                return f'only CERTIFICATE PEM blocks are allowed, found "{found}"'
        if not kinds:
            return "must contain at least one CERTIFICATE PEM block"
        x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        return str(error)
    return ""


def _signer(value: Any, path: str, faults: Faults) -> None:
    if value == LEGACY:
        message = "the legacy signerName is not allowed via this API version"
        faults.append(f.invalid(path, value, message))


def _seconds(value: Any, path: str, faults: Faults) -> None:
    if value is not None and value < SHORTEST_S:
        message = "may not specify a duration less than 600 seconds (10 minutes)"
        faults.append(f.invalid(path, value, message))


def _keep_spec(new: Object, old: Object) -> None:
    """What was asked stays as it was asked."""
    if "spec" in old:
        new["spec"] = old["spec"]


def any_name(value: str) -> list[str]:
    """We do not care how people call their requests."""
    return []


def note_requester(value: Object, user: Any) -> None:
    """Who asks, in the object itself: what it said of that before is not believed."""
    spec = child(value, "spec")
    for name in ("username", "uid", "groups", "extra"):
        spec.pop(name, None)
    said = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
    said["extra"] = {name: list(values) for name, values in user.extra.items()}
    spec.update({name: what for name, what in said.items() if what})


def note_times(new: Object, old: Object, now: str) -> None:
    """When a condition was last said, and when it last became so."""
    before = {
        (one.get("type"), one.get("status")): one.get("lastTransitionTime")
        for one in parts(old.get("status") or {}, "conditions")
    }
    for one in parts(new.get("status") or {}, "conditions"):
        if not one.get("lastUpdateTime"):
            one["lastUpdateTime"] = now
        if not one.get("lastTransitionTime"):
            is_as_before = before.get((one.get("type"), one.get("status")))
            one["lastTransitionTime"] = is_as_before or now


SIGNING_REQUEST = Kind(
    is_namespaced=False,
    name=any_name,
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "request": required(_pem),
                        "usages": required(),
                        "signerName": required(_signer),
                        "expirationSeconds": _seconds,
                    }
                )
            }
        ),
    ),
    status={},
    status_rules=(conditions, no_approval, _signed, one_certificate),
    on_update=(_keep_spec,),
)
SIGNING_REQUEST_APPROVAL = replace(SIGNING_REQUEST, status_rules=(conditions,))
"""A request as its `approval` subresource updates it."""
