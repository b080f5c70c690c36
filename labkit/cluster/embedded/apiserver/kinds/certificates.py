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
from .names import Check, dns1123_label, dns1123_subdomain
from .rules import Always, Faults, Object, child, one_of, parts, required, struct

SHORTEST_S = 600
LEGACY = "kubernetes.io/legacy-unknown"


def _pem(value: Any, path: str, faults: Faults) -> None:
    if message := _why_no_request(value or ""):
        faults.append(f.invalid(path, value, message))


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


_USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign",
    "data encipherment", "decipher only", "digital signature", "email protection",
    "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
    "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth",
    "signing", "timestamping",
)  # fmt: skip


def _usages(value: Any, path: str, faults: Faults) -> None:
    for index, usage in enumerate(value):
        one_of(*_USAGES)(usage, f"{path}[{index}]", faults)
    for index, usage in enumerate(value):
        if usage in value[:index]:
            faults.append(f.duplicate(f"{path}[{index}]", usage))


def _signer(value: Any, path: str, faults: Faults) -> None:
    if value == LEGACY:
        message = "the legacy signerName is not allowed via this API version"
        faults.append(f.invalid(path, value, message))
    else:
        _signer_name(value, path, faults)


def _signer_name(value: str, path: str, faults: Faults) -> None:
    """A domain of labels, a slash, and a path of names with dots between."""
    domain, slash, rest = value.partition("/")
    if not slash or "/" in rest:
        form = "a fully qualified domain and path of the form 'example.com/signer-name'"
        faults.append(f.invalid(path, value, f"must be {form}"))
        return
    if len(domain) > _LONGEST_DOMAIN:
        faults.append(f.too_long(path, _LONGEST_DOMAIN))
    _first_wrong_label(domain, path, dns1123_label, faults)
    if "." not in domain:
        message = "should be a domain with at least two segments separated by dots"
        faults.append(f.invalid(path, domain, message))
    _first_wrong_label(rest, path, dns1123_subdomain, faults)
    if len(value) > _LONGEST_SIGNER:
        faults.append(f.too_long(path, _LONGEST_SIGNER))


_LONGEST_DOMAIN = 253
_LONGEST_SIGNER = _LONGEST_DOMAIN + 1 + 63 + 1 + _LONGEST_DOMAIN
"""A domain, a slash, a label, a dot, and a name."""


def _first_wrong_label(value: str, path: str, check: Check, faults: Faults) -> None:
    for label in value.split("."):
        if wrong := check(label):
            said = f"validating label {f.shown(label)}"
            faults += [f.invalid(path, value, f"{said}: {message}") for message in wrong]
            return


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
                        "request": Always(_pem),
                        "usages": required(_usages, "usages must be provided"),
                        "signerName": required(_signer, "signerName must be provided"),
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
