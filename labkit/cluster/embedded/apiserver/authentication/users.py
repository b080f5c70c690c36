"""Who asks: a user as the API server knows one, and the names that mean something to Kubernetes.

Knows nothing about how somebody proved who they are, or what they may do. Source: Kubernetes
documentation, "Authenticating" (users, groups, extra) and "Service accounts".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

ANONYMOUS = "system:anonymous"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
MASTERS = "system:masters"
"""The group that may do everything, whatever the roles say: the way back in."""
SERVICE_ACCOUNTS = "system:serviceaccounts"
NODES = "system:nodes"

CREDENTIAL_ID = "authentication.kubernetes.io/credential-id"
"""The key in `extra` that says with which certificate or token somebody came."""

_SERVICE_ACCOUNT = re.compile(
    r"system:serviceaccount:([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?):([a-z0-9](?:[-a-z0-9.]*[a-z0-9])?)"
)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody the API server knows.

    Attributes:
        name: such as ``"system:serviceaccount:default:builder"``.
        uid: tells apart two users that had the same name one after the other; "" if unknown.
        groups: in the order in which they were found.
        extra: what else is known of them, such as the pod that a token is bound to.
    """

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), hash=False
    )

    def as_json(self) -> dict[str, Any]:
        """The user as a ``UserInfo`` of the API; what is empty is left out."""
        info: dict[str, Any] = {"username": self.name}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in sorted(self.extra.items())}
        return info


def anonymous() -> User:
    """Whoever shows neither a certificate nor a token."""
    return User(ANONYMOUS, groups=(UNAUTHENTICATED,))


def service_account_name(namespace: str, name: str) -> str:
    """The name of the user that a service account is."""
    return f"system:serviceaccount:{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of every service account of a namespace."""
    return (SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")


def split_service_account(username: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user is; None for any other user."""
    match = _SERVICE_ACCOUNT.fullmatch(username)
    return (match[1], match[2]) if match else None
