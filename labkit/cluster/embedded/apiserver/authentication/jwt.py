"""Signed tokens: JSON Web Tokens in compact form, with ES256 and nothing else.

One algorithm is one way to be wrong less: a token that names another is refused before its
signature is looked at. Knows nothing about what the claims mean. Sources: RFC 7515 (JWS), RFC 7517
(JWK), RFC 7518 (ES256: the signature is r and s, 32 bytes each).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, cast

import orjson

if TYPE_CHECKING:  # cryptography takes 60 ms to import: only where a token is at hand
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

ALGORITHM = "ES256"
SIZE_LIMIT_BYTES = 16 * 1024
"""No token of ours comes near; what a stranger sends costs no more than this to look at."""

_HALF = 32  # bytes of r, and of s


class NotSigned(Exception):
    """This is no token, or none that this key signed. Says why, for a log."""


def sign(claims: dict[str, Any], key: EllipticCurvePrivateKey) -> str:
    """A token with these claims, signed with a key of the curve P-256."""
    from cryptography.hazmat.primitives.asymmetric import utils

    header = {"alg": ALGORITHM, "kid": key_id(key.public_key())}
    body = f"{_encode(_dump(header))}.{_encode(_dump(claims))}"
    r, s = utils.decode_dss_signature(key.sign(body.encode(), _ecdsa()))
    return f"{body}.{_encode(r.to_bytes(_HALF, 'big') + s.to_bytes(_HALF, 'big'))}"


def verify(token: str, key: EllipticCurvePublicKey) -> dict[str, Any]:
    """The claims of a token, once its signature is seen to be that of the key.

    Raises:
        NotSigned: it is not a token, names another algorithm or key, or was changed.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import utils

    head, payload, signature = _split(token)
    header = _read(head)
    name = key_id(key)
    if header.get("alg") != ALGORITHM or header.get("kid", name) != name:
        raise NotSigned("invalid signature, no keys found")
    found = _decode(signature)
    if len(found) != 2 * _HALF:
        raise NotSigned("the signature has another length")
    numbers = (int.from_bytes(half, "big") for half in (found[:_HALF], found[_HALF:]))
    try:
        key.verify(utils.encode_dss_signature(*numbers), f"{head}.{payload}".encode(), _ecdsa())
    except InvalidSignature:
        raise NotSigned("the signature is not that of the key") from None
    return _read(payload)


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token as they stand there. Whoever made it may have written anything.

    Raises:
        NotSigned: it is not a token.
    """
    return _read(_split(token)[1])


def key_id(key: EllipticCurvePublicKey) -> str:
    """The name of a key in headers and key sets: a digest of it, as Kubernetes makes one."""
    from cryptography.hazmat.primitives import serialization as form

    der = key.public_bytes(form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo)
    return _encode(hashlib.sha256(der).digest())


def key_set(key: EllipticCurvePublicKey) -> dict[str, Any]:
    """The key as a JSON Web Key Set, by which others can check tokens."""
    point = key.public_numbers()
    x, y = (_encode(number.to_bytes(_HALF, "big")) for number in (point.x, point.y))
    entry = {"use": "sig", "kty": "EC", "kid": key_id(key), "crv": "P-256", "alg": ALGORITHM}
    return {"keys": [entry | {"x": x, "y": y}]}


def _split(token: str) -> tuple[str, str, str]:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > SIZE_LIMIT_BYTES or not token.isascii():
        raise NotSigned("it is not a JSON Web Token")
    return parts[0], parts[1], parts[2]


def _read(part: str) -> dict[str, Any]:
    try:
        value = orjson.loads(_decode(part))
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise NotSigned("a part of it is not a JSON object")
    return cast(dict[str, Any], value)


def _dump(part: dict[str, Any]) -> bytes:
    return orjson.dumps(part, option=orjson.OPT_SORT_KEYS)


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        content = b""
    if _encode(content) != part:  # bits of the last letter that mean nothing are refused, too
        raise NotSigned("a part of it is not base64")
    return content


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())
