"""Tokens of service accounts: what stands in them, and when they no longer hold."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.authentication import certificates, jwt
from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
    EXTENDED_S,
    ISSUER,
    WARN_AFTER_S,
    Bound,
    Reference,
    ServiceAccountTokens,
)
from labkit.cluster.embedded.apiserver.authentication.users import CREDENTIAL_ID

from .conftest import NOW, SmallCluster

BUILDER = Reference("builder", "sa-1")
WEB = Bound(pod=Reference("web", "pod-1"), node=Reference("node-1", "n-1"))

Says = Callable[[Any], str]


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, claims, _ = (part + "=" * (-len(part) % 4) for part in token.split("."))
    return json.loads(base64.urlsafe_b64decode(head)), json.loads(base64.urlsafe_b64decode(claims))


def issued(cluster: SmallCluster, **options: Any) -> str:
    return cluster.tokens.issue("default", BUILDER, **options)[0]


@pytest.mark.requires("program:openssl")
def test_openssl_verifies_the_signature(cluster: SmallCluster, key: Any, tmp_path: Path) -> None:
    body, _, signature = issued(cluster).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    halves = [int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")]
    numbers = b"".join(der_integer(number) for number in halves)
    (tmp_path / "signature").write_bytes(bytes([0x30, len(numbers)]) + numbers)
    (tmp_path / "body").write_text(body)
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "key").write_bytes(public)
    command = "openssl dgst -sha256 -verify key -signature signature body"
    done = subprocess.run(
        command.split(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "Verified OK"


def der_integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content


def test_a_token_says_what_kubernetes_tokens_say(cluster: SmallCluster) -> None:
    token, expires = cluster.tokens.issue("default", BUILDER, expiration_s=600, bound=WEB)
    head, claims = decoded(token)
    jti = claims.pop("jti")
    assert head == {"alg": "ES256", "kid": cluster.tokens.key_set()["keys"][0]["kid"]}
    assert len(jti) == 36
    assert expires == NOW + 600
    assert claims == {
        "aud": [ISSUER],
        "exp": NOW + 600,
        "iat": NOW,
        "nbf": NOW,
        "iss": ISSUER,
        "sub": "system:serviceaccount:default:builder",
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "builder", "uid": "sa-1"},
            "pod": {"name": "web", "uid": "pod-1"},
            "node": {"name": "node-1", "uid": "n-1"},
        },
    }


def test_a_token_stands_for_its_service_account(cluster: SmallCluster) -> None:
    token = issued(cluster, bound=WEB)
    found = cluster.tokens.verify(token)
    assert found.audiences == (ISSUER,)
    assert found.user.as_json() == {
        "username": "system:serviceaccount:default:builder",
        "uid": "sa-1",
        "groups": [
            "system:serviceaccounts",
            "system:serviceaccounts:default",
            "system:authenticated",
        ],
        "extra": {
            CREDENTIAL_ID: [f"JTI={decoded(token)[1]['jti']}"],
            "authentication.kubernetes.io/node-name": ["node-1"],
            "authentication.kubernetes.io/node-uid": ["n-1"],
            "authentication.kubernetes.io/pod-name": ["web"],
            "authentication.kubernetes.io/pod-uid": ["pod-1"],
        },
    }


def test_a_token_ends_a_minute_after_it_says(cluster: SmallCluster, refused: Says) -> None:
    token = issued(cluster, expiration_s=600)
    cluster.now = NOW + 660
    cluster.tokens.verify(token)
    cluster.now = NOW + 661
    says = refused(lambda: cluster.tokens.verify(token))
    assert says == "service account token has expired"


def test_a_token_of_the_future_does_not_hold_yet(cluster: SmallCluster, refused: Says) -> None:
    token = issued(cluster)
    cluster.now = NOW - 61
    says = refused(lambda: cluster.tokens.verify(token))
    assert says == "service account token is not valid yet"
    cluster.now = NOW - 60
    cluster.tokens.verify(token)


def test_a_pods_token_of_an_hour_lasts_a_year_and_says_when_to_warn(cluster: SmallCluster) -> None:
    token, expires = cluster.tokens.issue("default", BUILDER, expiration_s=WARN_AFTER_S, bound=WEB)
    claims = decoded(token)[1]
    assert expires == claims["kubernetes.io"]["warnafter"] == NOW + WARN_AFTER_S
    assert claims["exp"] == NOW + EXTENDED_S
    for options in ({"audiences": ["vault"], "bound": WEB}, {}):
        token = issued(cluster, expiration_s=WARN_AFTER_S, **options)
        assert decoded(token)[1]["exp"] == NOW + WARN_AFTER_S


def test_a_token_holds_only_for_whom_it_is_meant(cluster: SmallCluster, refused: Says) -> None:
    token = issued(cluster, audiences=["vault", "registry"])
    assert cluster.tokens.verify(token, ["vault", "other"]).audiences == ("vault",)
    assert refused(lambda: cluster.tokens.verify(token)) == (
        f'token audiences ["vault" "registry"] is invalid for the target audiences ["{ISSUER}"]'
    )


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        (("serviceaccounts", "default", "builder"), 'serviceaccounts "builder" not found'),
        (("pods", "default", "web"), "service account token has been invalidated"),
    ],
)
def test_a_token_ends_with_what_it_is_bound_to(
    cluster: SmallCluster, refused: Says, gone: tuple[str, str, str], says: str
) -> None:
    token = issued(cluster, bound=WEB)
    cluster.tokens.verify(token)
    del cluster.there[gone]
    assert refused(lambda: cluster.tokens.verify(token)) == says


@pytest.mark.parametrize("kind", ["secret", "node"])
def test_a_token_ends_with_its_secret_or_node(
    cluster: SmallCluster, refused: Says, kind: str
) -> None:
    name, uid = {"secret": ("seal", "secret-1"), "node": ("node-1", "n-1")}[kind]
    token = issued(cluster, bound=Bound(**{kind: Reference(name, uid)}))
    cluster.tokens.verify(token)
    place = (f"{kind}s", "" if kind == "node" else "default", name)
    cluster.there[place] = "another"
    assert refused(lambda: cluster.tokens.verify(token)) == (
        f"{kind} UID (another) does not match service account {kind} ref claim ({uid})"
    )
    del cluster.there[place]
    says = refused(lambda: cluster.tokens.verify(token))
    assert says == "service account token has been invalidated"


def test_a_pods_token_outlives_its_node(cluster: SmallCluster) -> None:
    token = issued(cluster, bound=WEB)
    del cluster.there["nodes", "", "node-1"]
    cluster.tokens.verify(token)


def test_a_namesake_made_later_does_not_inherit_a_token(
    cluster: SmallCluster, refused: Says
) -> None:
    token = issued(cluster)
    cluster.there["serviceaccounts", "default", "builder"] = "sa-2"
    says = refused(lambda: cluster.tokens.verify(token))
    assert says == "service account UID (sa-2) does not match claim (sa-1)"


def test_a_token_of_another_key_is_refused(cluster: SmallCluster, refused: Says) -> None:
    other = certificates.read_key(certificates.new_key_pem())
    assert other
    token, _ = ServiceAccountTokens(lambda: other, cluster.uid_of, clock=lambda: NOW).issue(
        "default", BUILDER
    )
    assert refused(lambda: cluster.tokens.verify(token)) == "invalid signature, no keys found"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", None])
def test_no_other_algorithm_is_believed(
    cluster: SmallCluster, key: Any, refused: Says, algorithm: str | None
) -> None:
    """Among them the trick of signing with the public key as if it were a shared secret."""
    _, claims, signature = issued(cluster).split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=").decode()
    for ending in (signature, ""):
        refused(lambda ending=ending: cluster.tokens.verify(f"{head}.{claims}.{ending}"))


@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_a_token_with_one_byte_changed_is_refused(place: int, change: int) -> None:
    key = certificates.read_key(KEY_PEM)
    assert key
    token = bytearray(TOKEN.encode())
    token[place % len(token)] ^= change
    with pytest.raises(jwt.NotSigned):
        jwt.verify(token.decode("latin-1"), key.public_key())


def test_what_we_signed_ourselves_is_not_believed_in_another_form(key: Any) -> None:
    body = (
        encoded({"alg": "none", "kid": jwt.key_id(key.public_key())}) + "." + encoded({"sub": "x"})
    )
    with pytest.raises(jwt.NotSigned, match="no keys found"):
        jwt.verify(f"{body}.{signature_of(body, key)}", key.public_key())
    head, claims, signature = jwt.sign({"sub": "x"}, key).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    longer = base64.urlsafe_b64encode(raw[:32] + b"\0" + raw[32:]).rstrip(b"=").decode()
    with pytest.raises(jwt.NotSigned, match="length"):
        jwt.verify(f"{head}.{claims}.{longer}", key.public_key())
    with pytest.raises(jwt.NotSigned, match="not a JSON Web Token"):
        jwt.verify(jwt.sign({"sub": "x" * 20_000}, key), key.public_key())


def encoded(part: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def signature_of(body: str, key: Any) -> str:
    r, s = utils.decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_cannot_be_written_in_two_ways() -> None:
    """The last letter of a signature has four bits that mean nothing."""
    key = certificates.read_key(KEY_PEM)
    assert key
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="
    held = [letter for letter in letters if holds(TOKEN[:-1] + letter, key.public_key())]
    assert held == [TOKEN[-1]]


def holds(token: str, key: Any) -> bool:
    try:
        return bool(jwt.verify(token, key))
    except jwt.NotSigned:
        return False


KEY_PEM = certificates.new_key_pem()
TOKEN = jwt.sign({"sub": "x"}, certificates.read_key(KEY_PEM))  # type: ignore[arg-type]


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_.-]{0,80}", fullmatch=True))
def test_no_text_is_taken_for_a_token(text: str) -> None:
    key = certificates.read_key(KEY_PEM)
    assert key
    for call in (lambda: jwt.verify(text, key.public_key()), lambda: jwt.unverified(text)):
        with pytest.raises(jwt.NotSigned):
            call()


def test_claims_of_the_wrong_form_are_refused(
    cluster: SmallCluster, key: Any, refused: Says
) -> None:
    """Only we can sign, but what we signed may come from another version of us."""
    good = decoded(issued(cluster))[1]
    for change in (
        {"exp": "soon"},
        {"exp": None},
        {"aud": 7},
        {"aud": None},
        {"kubernetes.io": None},
        {"kubernetes.io": {"namespace": 1, "serviceaccount": {"name": "builder"}}},
        {"kubernetes.io": {"namespace": "default", "serviceaccount": "builder"}},
    ):
        token = jwt.sign(good | change, key)
        refused(lambda token=token: cluster.tokens.verify(token))


def test_a_claim_of_one_audience_may_be_a_text(cluster: SmallCluster, key: Any) -> None:
    claims = decoded(issued(cluster))[1] | {"aud": ISSUER}
    assert cluster.tokens.verify(jwt.sign(claims, key)).audiences == (ISSUER,)


def test_others_find_the_key_where_openid_says(cluster: SmallCluster, key: Any) -> None:
    found = cluster.tokens.openid_configuration("https://127.0.0.1:6443")
    assert found["issuer"] == ISSUER
    assert found["jwks_uri"] == "https://127.0.0.1:6443/openid/v1/jwks"
    (entry,) = cluster.tokens.key_set()["keys"]
    x = int.from_bytes(base64.urlsafe_b64decode(entry["x"] + "=="), "big")
    assert x == key.public_key().public_numbers().x
