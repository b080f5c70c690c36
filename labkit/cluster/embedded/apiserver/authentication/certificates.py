"""Certificates: made, read, and looked at. X.509 with keys of the curve P-256.

Knows nothing about files and requests. `cryptography` is imported by the functions that need it: it
takes 60 ms, and not every process needs it. Sources: RFC 5280 (profiles), RFC 6125 (names of
servers); Kubernetes documentation, "PKI certificates and requirements".
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

BACKDATED = datetime.timedelta(minutes=5)
"""A machine of the lab that was resumed may be behind: its clock must not refuse what is new."""


@dataclass(frozen=True)
class Pair:
    """A certificate and the key that belongs to it.

    Attributes:
        certificate: as `cryptography` has it.
        key: its private key.
    """

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        """The certificate, as files and kubeconfigs have it."""
        from cryptography.hazmat.primitives import serialization as form

        return self.certificate.public_bytes(form.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key, not encrypted."""
        return _key_pem(self.key)

    @property
    def expires(self) -> datetime.datetime:
        """When the certificate ends, in UTC."""
        return self.certificate.not_valid_after_utc


def authority(*, days: int, now: datetime.datetime) -> Pair:
    """A new authority, which signs itself."""
    from cryptography import x509

    key = _new_key()
    builder = _builder("kubernetes", (), key, now=now, days=days)
    usage = _usage(signs_certificates=True)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.issuer_name(_name("kubernetes", ()))
    return Pair(builder.sign(key, _digest()), key)


def server(signer: Pair, names: tuple[str, ...], *, days: int, now: datetime.datetime) -> Pair:
    """A certificate for a server that is reached by these names and addresses."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
    return _signed(
        signer,
        "kube-apiserver",
        (),
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
        days=days,
        now=now,
        alternatives=alternatives,
    )


def client(signer: Pair, user: str, groups: tuple[str, ...], *, days: int) -> Pair:
    """A certificate by which a client is a user, a member of groups."""
    from cryptography.x509.oid import ExtendedKeyUsageOID

    now = datetime.datetime.now(datetime.UTC)
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH
    return _signed(signer, user, groups, purpose=purpose, days=days, now=now)


def sign_request(
    signer: Pair, request_pem: bytes, usages: Collection[str], *, lasts: datetime.timedelta
) -> bytes:
    """A client's certificate for the key and the name of a request, in PEM.

    Args:
        signer: the authority.
        request_pem: PKCS #10; its signature was looked at before.
        usages: what the key is for, as Kubernetes calls it: ``"digital signature"``.
        lasts: how long; never longer than the authority.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.x509.oid import ExtendedKeyUsageOID

    asked, now = x509.load_pem_x509_csr(request_pem), datetime.datetime.now(datetime.UTC)
    usage = _usage(signs_certificates=False, enciphers_keys="key encipherment" in usages)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(signer.certificate.subject)
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(min(now + lasts, signer.expires))
        .add_extension(usage, critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(of_signer, critical=False)
    )
    return builder.sign(signer.key, _digest()).public_bytes(form.Encoding.PEM)


def organizations_of(request_pem: bytes) -> list[str]:
    """The groups that a request names, PKCS #10."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_pem_x509_csr(request_pem).subject
    found = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [str(one.value) for one in found]


def read_pair(certificate_pem: bytes, key_pem: bytes) -> Pair | None:
    """The certificate and the key in PEM; None when one is damaged or is not of the other."""
    from cryptography import x509

    key = read_key(key_pem)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        is_its_own = key is not None and certificate.public_key() == key.public_key()
    except ValueError:
        return None
    return Pair(certificate, key) if key and is_its_own else None


def read_key(pem: bytes) -> EllipticCurvePrivateKey | None:
    """A private key of the curve P-256 in PEM; None when it is anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    is_ours = isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)
    return key if is_ours and isinstance(key, ec.EllipticCurvePrivateKey) else None


def new_key_pem() -> bytes:
    """A new private key, in PEM."""
    return _key_pem(_new_key())


def serves(pair: Pair, signer: Pair, names: tuple[str, ...]) -> bool:
    """Whether a certificate was signed by an authority and holds for all these names."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        pair.certificate.verify_directly_issued_by(signer.certificate)
        found = pair.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return {_alternative(name) for name in names} <= set(found.value)


def _signed(
    signer: Pair,
    name: str,
    organizations: tuple[str, ...],
    *,
    purpose: x509.ObjectIdentifier,
    days: int,
    now: datetime.datetime,
    alternatives: x509.SubjectAlternativeName | None = None,
) -> Pair:
    from cryptography import x509

    key = _new_key()
    days_left = (signer.expires - now).days
    builder = _builder(name, organizations, key, now=now, days=min(days, max(days_left, 0)))
    builder = builder.issuer_name(signer.certificate.subject)
    is_no_authority = x509.BasicConstraints(ca=False, path_length=None)
    builder = builder.add_extension(is_no_authority, critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    # Python 3.13 checks strictly: without these two it refuses a certificate.
    of_signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    builder = builder.add_extension(of_signer, critical=False)
    if alternatives:
        builder = builder.add_extension(alternatives, critical=False)
    return Pair(builder.sign(signer.key, _digest()), key)


def _builder(
    name: str,
    organizations: tuple[str, ...],
    key: EllipticCurvePrivateKey,
    *,
    now: datetime.datetime,
    days: int,
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(_name(name, organizations))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str, organizations: tuple[str, ...]) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs_certificates: bool, enciphers_keys: bool = False) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=enciphers_keys,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _new_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _key_pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())


def _digest() -> SHA256:
    from cryptography.hazmat.primitives import hashes

    return hashes.SHA256()
