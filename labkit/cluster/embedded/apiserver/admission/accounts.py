"""ServiceAccount: a pod has one, and finds its token and a certificate in a volume.

Source: Kubernetes `plugin/pkg/admission/serviceaccount`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new, refuse, spec_of
from labkit.cluster.embedded.apiserver.handlers.stamp import made_up
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.store import Record

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = "kubernetes.io/config.mirror"
EXPIRES_S = 3607
"""The kubelet knows by this odd number that nobody chose it."""
TRIES, BETWEEN_TRIES_S = 10, 0.1
"""How long a pod waits for its namespace's account; Kubernetes' numbers."""


class ServiceAccounts(Rule):
    """Gives pods their service account."""

    async def admit(self, attempt: Attempt) -> None:
        """Names the account of a new pod, and mounts its token."""
        pod = attempt.object
        if not is_new(attempt, "pods") or pod is None or _is_mirror(pod):
            return
        spec = spec_of(pod)
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = await _account(attempt, name)
        if account.object.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(one) for one in account.object["imagePullSecrets"]]
        wants = spec.get("automountServiceAccountToken")
        if wants is None:
            wants = account.object.get("automountServiceAccountToken", True)
        if wants:
            _mount(spec)

    async def validate(self, attempt: Attempt) -> None:
        """Refuses a mirror pod that wants something of the API: it is not the API's pod."""
        pod = attempt.object
        if not is_new(attempt, "pods") or pod is None or not _is_mirror(pod):
            return
        spec = spec_of(pod)
        if spec.get("serviceAccountName"):
            raise refuse(attempt, "a mirror pod may not reference service accounts")
        volumes = spec.get("volumes") or ()
        if spec.get("imagePullSecrets") or any("secret" in one for one in volumes):
            raise refuse(attempt, "a mirror pod may not reference secrets")
        sources = [one for volume in volumes
                   for one in (volume.get("projected") or {}).get("sources") or ()]  # fmt: skip
        if any("serviceAccountToken" in one for one in sources):
            why = "a mirror pod may not use ServiceAccountToken volume projections"
            raise refuse(attempt, why)


def _is_mirror(pod: dict[str, Any]) -> bool:
    """Whether a pod only shows what a node runs by itself."""
    return MIRROR in (pod["metadata"].get("annotations") or {})


async def _account(attempt: Attempt, name: str) -> Record:
    """The account. One called `default` may be on its way: its namespace may be new."""
    key = Key("serviceaccounts", attempt.namespace, name)
    for _ in range(TRIES if name == "default" else 0):
        if attempt.api.store.get(key) is not None:
            break
        await asyncio.sleep(BETWEEN_TRIES_S)
    account = attempt.api.store.get(key)
    if account is None:
        why = f"error looking up service account {attempt.namespace}/{name}: "
        raise refuse(attempt, f'{why}serviceaccount "{name}" not found')
    return account


def _mount(spec: dict[str, Any]) -> None:
    volumes = spec.get("volumes") or []
    name = next(
        (one["name"] for one in volumes if one["name"].startswith("kube-api-access-")),
        made_up("kube-api-access-"),
    )
    is_needed = False
    for group in ("initContainers", "containers"):
        for container in spec.get(group) or ():
            mounts = container.setdefault("volumeMounts", [])
            if all(one.get("mountPath") != MOUNT for one in mounts):
                mounts.append({"name": name, "readOnly": True, "mountPath": MOUNT})
                is_needed = True
    if is_needed and all(one["name"] != name for one in volumes):
        spec["volumes"] = [*volumes, {"name": name, "projected": _projected()}]


def _projected() -> dict[str, Any]:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": EXPIRES_S, "path": "token"}},
            {
                "configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }
            },
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
        ],
        "defaultMode": 420,
    }
