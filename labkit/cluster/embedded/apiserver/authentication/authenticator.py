"""Who asks: a certificate, a token, or nobody known.

::

    a certificate that TLS has checked     the common name is the user, organizations the groups
    Authorization: Bearer …                a service account's token, or one of a file of tokens
    neither                                system:anonymous

The certificate comes first; a token that does not hold is refused, never taken for "nobody".
Knows nothing about sockets: it is given what they gave. Source: Kubernetes documentation,
"Authenticating".
"""

from __future__ import annotations

import csv
import datetime
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
    AUDIENCES,
    Refused,
    ServiceAccountTokens,
    Verified,
)
from labkit.cluster.embedded.apiserver.authentication.users import (
    AUTHENTICATED,
    CREDENTIAL_ID,
    User,
    anonymous,
)
from labkit.core.errors import BadInput

INVALID_TOKEN = "invalid bearer token"

REMEMBERED = 256
"""How many clients' certificates are kept read; then all are forgotten, and read again."""


class Unauthorized(Exception):
    """The answer is 401. Says why for a log: a client is told "Unauthorized" and no more."""


class _Known(NamedTuple):
    user: User
    expires: datetime.datetime


class Authenticator:
    """Tells who asks.

    Args:
        accounts: checks tokens of service accounts.
        tokens: tokens that stand for a user as they are, from `read_tokens`.
        allows_anonymous: whether whoever shows nothing is `system:anonymous`, or refused.
    """

    def __init__(
        self,
        accounts: ServiceAccountTokens | None = None,
        tokens: Mapping[str, User] | None = None,
        *,
        allows_anonymous: bool = True,
    ) -> None:
        self._accounts, self._allows_anonymous = accounts, allows_anonymous
        # Found by their digest: how long that takes says nothing about the tokens.
        self._tokens = {_digest(token): user for token, user in (tokens or {}).items()}
        self._certificates: dict[bytes, _Known] = {}

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whom a token is meant for unless it says otherwise."""
        return self._accounts.audiences if self._accounts else AUDIENCES

    def authenticate(self, certificate: bytes | None, authorization: str | None) -> User:
        """The user that asks.

        Args:
            certificate: the client's, in DER, as TLS has checked it against our authority:
                ``SSLObject.getpeercert(binary_form=True)``. Nothing here checks its signature.
            authorization: the header of that name; other schemes than "Bearer" mean nothing.

        Raises:
            Unauthorized: the certificate has expired, the token does not hold, or there is neither
                and nobody may be anonymous.
        """
        if certificate and (user := self._holder(certificate)):
            return user
        scheme, _, rest = (authorization or "").strip().partition(" ")
        token = rest.strip().partition(" ")[0]
        if scheme.lower() == "bearer" and token:
            return self.review(token).user
        if not self._allows_anonymous:
            raise Unauthorized("no credentials that name anybody")
        return anonymous()

    def review(self, token: str, audiences: Sequence[str] = ()) -> Verified:
        """Whom a token stands for.

        Args:
            token: as a client showed it.
            audiences: one of which it must be meant for; the API server if empty.

        Raises:
            Unauthorized: it does not hold.
        """
        if user := self._tokens.get(_digest(token)):
            wanted = tuple(audiences) or self.audiences
            if both := tuple(name for name in self.audiences if name in wanted):
                return Verified(user, both)
        if self._accounts and self._accounts.is_ours(token):
            try:
                return self._accounts.verify(token, audiences)
            except Refused as error:
                raise Unauthorized(f"[{INVALID_TOKEN}, {error}]") from error
        raise Unauthorized(INVALID_TOKEN)

    def _holder(self, certificate: bytes) -> User | None:
        known = self._certificates.get(certificate)
        if known is None:
            if len(self._certificates) >= REMEMBERED:
                self._certificates.clear()
            known = self._certificates[certificate] = _read(certificate)
        if known.expires <= datetime.datetime.now(datetime.UTC):  # while the connection lasted
            raise Unauthorized("x509: certificate has expired or is not yet valid")
        return known.user if known.user.name else None


def read_tokens(path: Path) -> dict[str, User]:
    """The tokens of a file, as `kube-apiserver --token-auth-file` reads one.

    Each line is ``token,user,uid,"group1,group2"``; the groups may be missing.

    Raises:
        BadInput: a line lacks a part, or says the same token twice; or the file cannot be read.
    """
    users: dict[str, User] = {}
    try:
        with path.open(newline="") as file:
            for row in csv.reader(file):
                if row:
                    _add(users, row)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the tokens of {path} cannot be used",
            why=str(error),
            hint='Each line is token,user,uid,"group1,group2"',
        ) from error
    return users


def _add(users: dict[str, User], row: list[str]) -> None:
    token, name, uid, *rest = [part.strip() for part in row] + [""] * (3 - len(row))
    if not token or not name:
        raise ValueError("a line has no token, or no user")
    if token in users:
        raise ValueError(f"a token of {name} is there twice")
    groups = [group.strip() for group in rest[0].split(",") if group.strip()] if rest else []
    users[token] = User(name, uid, _authenticated(groups))


def _read(certificate: bytes) -> _Known:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    try:
        read = x509.load_der_x509_certificate(certificate)
    except ValueError as error:
        raise Unauthorized(f"x509: {error}") from error
    names = [str(part.value) for part in read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    organizations = read.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    groups = _authenticated([str(part.value) for part in organizations])
    extra = {CREDENTIAL_ID: (f"X509SHA256={hashlib.sha256(certificate).hexdigest()}",)}
    user = User(names[-1] if names else "", groups=groups, extra=extra)
    return _Known(user, read.not_valid_after_utc)


def _authenticated(groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(groups) if AUTHENTICATED in groups else (*groups, AUTHENTICATED)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
