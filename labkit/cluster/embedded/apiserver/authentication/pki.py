"""The keys and certificates of a control plane: one authority, what it signs, and where they lie.

::

    ca.crt  ca.key                 the authority that every client trusts; ten years
    apiserver.crt  apiserver.key   what the server shows; a year, renewed when it is opened
    sa.key                         signs the tokens of service accounts

Names and contents are those that kubeadm gives them; keys are of the curve P-256. Certificates of
clients are made when asked for and are not kept here. A key is created with mode 0600 and is never
read when it was widened since. Knows nothing about requests. Only one process at a time opens a
folder: whoever starts the control plane sees to that.

Sources: RFC 5280; Kubernetes documentation, "PKI certificates and requirements" (the common name is
the user, organizations are the groups).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.authentication import certificates
from labkit.cluster.private_file import is_private, write_private
from labkit.core.errors import BadInput, Blocked, SystemFault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from labkit.cluster.embedded.apiserver.authentication.certificates import Pair

SERVICE_ADDRESS = "10.96.0.1"
"""The address of the service `kubernetes`, as kubeadm's service network gives it."""

SERVER_NAMES = (
    "kubernetes", "kubernetes.default", "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local", "localhost", "127.0.0.1", "::1",
)  # fmt: skip

CA_DAYS, LEAF_DAYS = 3650, 365
"""As kubeadm has them."""
RENEW_DAYS = 30
"""A server's certificate that has less left is renewed: no cluster of the lab runs for longer."""


@dataclass(frozen=True)
class Pki:
    """The keys and certificates in a folder that `open_pki` has seen to; read when asked for.

    Attributes:
        folder: where they lie; `apiserver.crt` and `apiserver.key` are what `ssl` loads.
    """

    folder: Path

    @cached_property
    def authority(self) -> Pair:
        """The certificate of the authority and its key.

        Raises:
            Blocked: one is damaged, or others may read the key.
        """
        path, key_path = self.ca_file, self.folder / "ca.key"
        pair = certificates.read_pair(_read(path) or b"", _read_secret(key_path) or b"")
        if pair is None:
            raise _unusable(path, f"it or {key_path.name} is damaged, or one is not of the other")
        return pair

    @property
    def ca_file(self) -> Path:
        """The authority's certificate: what clients trust, and what `ssl` checks theirs against."""
        return self.folder / "ca.crt"

    @property
    def server_files(self) -> tuple[Path, Path]:
        """The server's certificate and its key, as ``SSLContext.load_cert_chain`` takes them."""
        return self.folder / "apiserver.crt", self.folder / "apiserver.key"

    @property
    def ca_pem(self) -> bytes:
        """The authority's certificate, for kubeconfigs and for `kube-root-ca.crt`."""
        return self.ca_file.read_bytes()

    def client(self, user: str, groups: Iterable[str] = (), *, days: int = LEAF_DAYS) -> Pair:
        """A new certificate by which a client is a user, a member of groups. It is not kept.

        Raises:
            BadInput: a name is empty or too long for a certificate.
        """
        try:
            return certificates.client(self.authority, user, tuple(groups), days=days)
        except ValueError as error:
            raise BadInput(
                f"no certificate can name the user {user!r}",
                why=str(error),
                hint="X.509 allows names of 1 to 64 characters; a token has no such limit",
            ) from error

    def signing_key(self) -> EllipticCurvePrivateKey:
        """The key that signs the tokens of service accounts.

        Raises:
            Blocked: it is damaged, or others may read it.
        """
        path = self.folder / "sa.key"
        pem = _read_secret(path)
        if pem is None:
            pem = certificates.new_key_pem()
            _write(path, pem)
        key = certificates.read_key(pem)
        if key is None:
            raise _unusable(path, "it holds no key of the curve P-256")
        return key


def open_pki(
    folder: Path,
    *,
    service_address: str = SERVICE_ADDRESS,
    now: datetime.datetime | None = None,
) -> Pki:
    """The keys and certificates in a folder; what is missing is made.

    The server's certificate is made anew when it is damaged, runs out soon, was signed by another
    authority or lacks a name. The authority is not: what it signed is in other files, which would
    no longer hold.

    Args:
        folder: made when missing, mode 0700.
        service_address: where pods find the API server.
        now: in UTC; what "expired" is measured by.

    Raises:
        Blocked: the authority is damaged or has expired, or others may read a key.
        SystemFault: the folder cannot be read or written.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = "Give a folder that this user can write"
        raise SystemFault(f"make the folder {folder}", errno=error.errno or 0, hint=hint) from error
    pki = Pki(folder)
    if _read(pki.ca_file) is None:  # written last: without it, nothing was ever signed
        _make_authority(pki, now)
    if pki.authority.expires <= now:
        raise _unusable(pki.ca_file, f"it expired on {pki.authority.expires:%d %B %Y}")
    _renew_server(pki, (*SERVER_NAMES, service_address), now)
    pki.signing_key()
    return pki


def _make_authority(pki: Pki, now: datetime.datetime) -> None:
    pair = certificates.authority(days=CA_DAYS, now=now)
    _write(pki.folder / "ca.key", pair.key_pem)
    _write(pki.ca_file, pair.certificate_pem)


def _renew_server(pki: Pki, names: tuple[str, ...], now: datetime.datetime) -> None:
    path, key_path = pki.server_files
    key_pem = b"" if _is_open(key_path) else _read(key_path)
    found = certificates.read_pair(_read(path) or b"", key_pem or b"")
    soon = now + datetime.timedelta(days=RENEW_DAYS)
    if found and found.expires > soon and certificates.serves(found, pki.authority, names):
        return
    pair = certificates.server(pki.authority, names, days=LEAF_DAYS, now=now)
    _write(key_path, pair.key_pem)
    _write(path, pair.certificate_pem)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SystemFault(f"read {path}", errno=error.errno or 0) from error


def _read_secret(path: Path) -> bytes | None:
    """The content of a key's file, or None; refused when others may know it."""
    if _is_open(path):
        raise _unusable(path, "others than you may read or change it")
    return _read(path)


def _is_open(path: Path) -> bool:
    """Whether others than this user may read or change a file that is there."""
    return path.exists() and not is_private(path.stat())


def _write(path: Path, content: bytes) -> None:
    try:
        write_private(path, content)
    except OSError as error:
        raise SystemFault(f"write {path}", errno=error.errno or 0) from error


def _unusable(path: Path, why: str) -> Blocked:
    return Blocked(
        f"the cluster's {path.name} cannot be used",
        why=why,
        hint=f"Stop the cluster and remove {path.parent}: it is made anew, and so are kubeconfigs",
    )
