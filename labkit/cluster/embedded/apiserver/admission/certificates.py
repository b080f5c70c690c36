"""Requests for certificates: who may approve and sign them, and what nobody may ask for.

Source: Kubernetes `plugin/pkg/admission/certificates` (approval, signing, subjectrestriction).
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new, refuse, spec_of
from labkit.cluster.embedded.apiserver.authentication.certificates import organizations_of
from labkit.cluster.embedded.apiserver.authentication.users import MASTERS
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

GROUP = "certificates.k8s.io"
REQUESTS = f"certificatesigningrequests.{GROUP}"
OF_CLIENTS = "kubernetes.io/kube-apiserver-client"


class CertificateSigners(Rule):
    """Who approves or signs may do so for that signer: the verb on the resource `signers`."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses who may not."""
        if attempt.resource.storage != REQUESTS or attempt.operation != "UPDATE":
            return
        verb = ""
        if attempt.subresource == "approval":
            verb = "approve"
        elif attempt.subresource == "status" and _signed(attempt.old) != _signed(attempt.object):
            verb = "sign"
        signer = str(spec_of(attempt.old).get("signerName"))
        if verb and not _may(attempt, verb, signer):
            raise refuse(
                attempt, f'user not permitted to {verb} requests with signerName "{signer}"'
            )


class CertificateSubjects(Rule):
    """No certificate makes somebody who may do everything."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses such a request."""
        spec = spec_of(attempt.object)
        if not is_new(attempt, REQUESTS) or spec.get("signerName") != OF_CLIENTS:
            return
        if MASTERS in organizations_of(base64.b64decode(spec["request"])):
            raise refuse(attempt, f"use of {OF_CLIENTS} signer with {MASTERS} group is not allowed")


def _signed(request: Any) -> tuple[Any, ...]:
    """What only a signer writes."""
    status = (request or {}).get("status") or {}
    failed = [one for one in status.get("conditions") or () if one.get("type") == "Failed"]
    return status.get("certificate"), failed


def _may(attempt: Attempt, verb: str, signer: str) -> bool:
    user = attempt.request.user
    assert user is not None
    names = (signer, f"{signer.partition('/')[0]}/*")
    return any(
        attempt.api.authorizer.authorize(
            Attributes(user, verb, group=GROUP, version="*", resource="signers", name=name)
        ).is_allowed
        for name in names
    )
