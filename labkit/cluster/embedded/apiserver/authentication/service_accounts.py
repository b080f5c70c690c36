"""Tokens of service accounts: issued, checked, and void once what they are bound to is gone.

A token says which service account it stands for, for whom it is meant (audiences), until when, and
which pod, secret or node it is bound to. Its signature is checked with the key it was signed with;
then everything it names is looked up, name and uid. Knows nothing about requests and storage.

Sources: Kubernetes documentation, "Managing Service Accounts" and "Bound service account tokens";
KEP-4193 (jti, node). The words of refusals are Kubernetes' own.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.authentication import jwt
from labkit.cluster.embedded.apiserver.authentication.users import (
    AUTHENTICATED,
    CREDENTIAL_ID,
    User,
    service_account_groups,
    service_account_name,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

ISSUER = "https://kubernetes.default.svc.cluster.local"
AUDIENCES = (ISSUER,)
"""Whom a token is meant for unless it says otherwise: the API server itself."""

LEEWAY_S = 60
"""Clocks differ: so much later, or earlier, a token still holds."""

WARN_AFTER_S = 60 * 60 + 7
"""What kubelet asks for when nobody said how long. Such a token holds for a year, and a warning is
due after the hour: clients older than 1.21 never read their token again."""
EXTENDED_S = 365 * 24 * 60 * 60

_PREFIX = "authentication.kubernetes.io/"

Lookup = Callable[[str, str, str], str | None]
"""(resource, namespace, name) -> uid of what is there, or None. Resources are "serviceaccounts",
"pods", "secrets" and "nodes". What has been on its way out for longer than `LEEWAY_S` is None."""


class Refused(Exception):
    """A token that does not hold. Says why, in Kubernetes' words."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An object that a token names: its name, and the uid that tells it from a later namesake."""

    name: str
    uid: str = ""

    def as_json(self) -> dict[str, str]:
        """The reference as a claim; what is empty is left out."""
        return {"name": self.name} | ({"uid": self.uid} if self.uid else {})


@dataclass(frozen=True, slots=True)
class Bound:
    """What a token is bound to. One of pod, secret, node; a pod's token names its node, too."""

    pod: Reference | None = None
    secret: Reference | None = None
    node: Reference | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that holds: whose it is, and which of the audiences asked for it is meant for."""

    user: User
    audiences: tuple[str, ...]


class ServiceAccountTokens:
    """Issues and checks tokens.

    Args:
        read_key: gives the key that signs, and whose public half checks; asked for once, and not
            before there is a token.
        uid_of: looks up what a token names.
        issuer: who signs, as tokens say it.
        audiences: whom a token is meant for unless it says otherwise.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        read_key: Callable[[], EllipticCurvePrivateKey],
        uid_of: Lookup,
        *,
        issuer: str = ISSUER,
        audiences: Sequence[str] = AUDIENCES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuer, self.audiences = issuer, tuple(audiences)
        self._read_key, self._uid_of, self._clock = read_key, uid_of, clock

    @cached_property
    def _key(self) -> EllipticCurvePrivateKey:
        return self._read_key()

    @property
    def _public(self) -> EllipticCurvePublicKey:
        return self._key.public_key()

    def issue(
        self,
        namespace: str,
        account: Reference,
        *,
        audiences: Sequence[str] = (),
        expiration_s: int = 3600,
        bound: Bound | None = None,
    ) -> tuple[str, int]:
        """A token of a service account.

        Args:
            namespace: the service account's.
            account: its name and uid.
            audiences: whom it is meant for; the API server if empty.
            expiration_s: how long it is to hold.
            bound: without which it does not hold.

        Returns:
            The token, and until when its holder may rely on it, in seconds since 1970.
        """
        bound, now = bound or Bound(), int(self._clock())
        meant_for = tuple(audiences) or self.audiences
        kubernetes: dict[str, Any] = {"namespace": namespace, "serviceaccount": account.as_json()}
        for kind in ("pod", "secret", "node"):
            if reference := getattr(bound, kind):
                kubernetes[kind] = reference.as_json()
        expires = now + expiration_s
        if bound.pod and expiration_s == WARN_AFTER_S and set(meant_for) <= set(self.audiences):
            kubernetes["warnafter"], expires = expires, now + EXTENDED_S
        claims = {
            "aud": list(meant_for),
            "exp": expires,
            "iat": now,
            "iss": self.issuer,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": kubernetes,
            "nbf": now,
            "sub": service_account_name(namespace, account.name),
        }
        return jwt.sign(claims, self._key), now + expiration_s

    def is_ours(self, token: str) -> bool:
        """Whether a token says that we issued it. It may be lying."""
        try:
            return bool(jwt.unverified(token).get("iss") == self.issuer)
        except jwt.NotSigned:
            return False

    def verify(self, token: str, audiences: Sequence[str] = ()) -> Verified:
        """Whom a token stands for.

        Args:
            token: as a client showed it.
            audiences: one of which it must be meant for; the API server if empty.

        Raises:
            Refused: it does not hold, or no longer.
        """
        try:
            claims = jwt.verify(token, self._public)
        except jwt.NotSigned as error:
            raise Refused(str(error)) from error
        wanted = tuple(audiences) or self.audiences
        meant = _audiences(claims)
        both = tuple(audience for audience in meant if audience in wanted)
        if not both:
            raise Refused(
                f"token audiences {_quoted(meant)} is invalid for the target audiences"
                f" {_quoted(wanted)}"
            )
        self._check_times(claims)
        return Verified(self._user(claims), both)

    def openid_configuration(self, server: str) -> dict[str, Any]:
        """What `/.well-known/openid-configuration` says; `server` is this server's own address."""
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{server}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [jwt.ALGORITHM],
        }

    def key_set(self) -> dict[str, Any]:
        """What `/openid/v1/jwks` says: the key by which others can check tokens."""
        return jwt.key_set(self._public)

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        if not _number(claims, "exp") or now > _number(claims, "exp") + LEEWAY_S:
            raise Refused("service account token has expired")
        if max(_number(claims, "nbf"), _number(claims, "iat")) > now + LEEWAY_S:
            raise Refused("service account token is not valid yet")

    def _user(self, claims: dict[str, Any]) -> User:
        kubernetes = _object(claims, "kubernetes.io")
        namespace, account = kubernetes.get("namespace"), _reference(kubernetes, "serviceaccount")
        if not isinstance(namespace, str) or account is None:
            raise Refused("service account token claims could not be validated")
        self._check_account(namespace, account)
        extra: dict[str, tuple[str, ...]] = {CREDENTIAL_ID: (f"JTI={claims.get('jti', '')}",)}
        for kind in ("secret", "pod", "node"):
            if reference := _reference(kubernetes, kind):
                is_the_pods = kind == "node" and "pod" in kubernetes
                self._check_bound(kind, namespace, reference, is_the_pods=is_the_pods)
                extra |= _extra(kind, reference)
        name = service_account_name(namespace, account.name)
        groups = (*service_account_groups(namespace), AUTHENTICATED)
        return User(name, account.uid, groups, extra)

    def _check_account(self, namespace: str, account: Reference) -> None:
        uid = self._uid_of("serviceaccounts", namespace, account.name)
        if uid is None:
            raise Refused(f'serviceaccounts "{account.name}" not found')
        if uid != account.uid:
            raise Refused(f"service account UID ({uid}) does not match claim ({account.uid})")

    def _check_bound(
        self, kind: str, namespace: str, reference: Reference, *, is_the_pods: bool
    ) -> None:
        if is_the_pods:  # that of a pod is told, and not checked: the pod is what it is bound to
            return
        uid = self._uid_of(f"{kind}s", "" if kind == "node" else namespace, reference.name)
        if uid is None:
            raise Refused("service account token has been invalidated")
        if uid != reference.uid:
            raise Refused(
                f"{kind} UID ({uid}) does not match service account {kind} ref claim"
                f" ({reference.uid})"
            )


def _extra(kind: str, reference: Reference) -> dict[str, tuple[str, ...]]:
    if kind == "secret":
        return {}
    parts = {"name": reference.name, "uid": reference.uid}
    return {f"{_PREFIX}{kind}-{part}": (value,) for part, value in parts.items() if value}


def _audiences(claims: dict[str, Any]) -> tuple[str, ...]:
    found = claims.get("aud")
    if isinstance(found, str):
        return (found,)
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _number(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name, 0)
    return value if isinstance(value, int | float) else 0


def _object(claims: dict[str, Any], name: str) -> dict[str, Any]:
    value = claims.get(name)
    return value if isinstance(value, dict) else {}


def _reference(claims: dict[str, Any], name: str) -> Reference | None:
    found = _object(claims, name)
    return Reference(str(found["name"]), str(found.get("uid", ""))) if "name" in found else None


def _quoted(names: tuple[str, ...]) -> str:
    return "[" + " ".join(f'"{name}"' for name in names) + "]"
