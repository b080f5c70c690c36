"""Approved requests for a client's certificate get one.

Of Kubernetes' signers only ``kubernetes.io/kube-apiserver-client``: who is somebody to the API.
Source: Kubernetes documentation, "Certificates and Certificate Signing Requests"; `pkg/controller/
certificates/signer`.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.authentication.certificates import sign_request
from labkit.cluster.embedded.apiserver.authentication.pki import LEAF_DAYS
from labkit.cluster.embedded.controllers.controller import Controller

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.authentication.pki import Pki
    from labkit.cluster.embedded.store import Key

SIGNER = "kubernetes.io/kube-apiserver-client"
NEEDED, ALLOWED = "client auth", frozenset({"digital signature", "key encipherment"})
PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
LONGEST = timedelta(days=LEAF_DAYS)


class CertificateSigner(Controller):
    """Signs what was approved.

    Args:
        api: what it works through.
        pki: whose authority the API server trusts.
    """

    name = "certificate-controller"
    resources = frozenset({"certificatesigningrequests.certificates.k8s.io"})

    def __init__(self, api: Api, pki: Pki) -> None:
        super().__init__(api)
        self._pki = pki

    async def reconcile(self, key: Key) -> None:
        """Signs a request, or says why it cannot be."""
        record = self.api.store.get(key)
        if record is None or not _is_due(record.object):
            return
        request = record.copy()
        status, spec = request.setdefault("status", {}), request["spec"]
        if why := _why_not(spec["usages"]):
            failed = {"type": "Failed", "status": "True", "reason": "SignerValidationFailure"}
            status.setdefault("conditions", []).append(failed | {"message": why})
        else:
            status["certificate"] = self._sign(spec)
        await self.call("PUT", f"{PATH}/{key.name}/status", request)

    def _sign(self, spec: dict[str, Any]) -> str:
        wanted = spec.get("expirationSeconds")
        lasts = min(timedelta(seconds=wanted), LONGEST) if wanted else LONGEST
        pem = base64.b64decode(spec["request"])
        made = sign_request(self._pki.authority, pem, spec["usages"], lasts=lasts)
        return base64.b64encode(made).decode()


def _is_due(request: Any) -> bool:
    status = request.get("status") or {}
    said = {one["type"] for one in status.get("conditions") or () if one.get("status") == "True"}
    is_approved = "Approved" in said and not said & {"Denied", "Failed"}
    return is_approved and not status.get("certificate") and request["spec"]["signerName"] == SIGNER


def _why_not(usages: list[str]) -> str:
    for usage in usages:
        if usage != NEEDED and usage not in ALLOWED:
            return f"invalid usage for client certificate: {usage}"
    return "" if NEEDED in usages else f"missing required usage for client certificate: {NEEDED}"
