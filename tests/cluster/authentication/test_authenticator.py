"""Who asks: what certificates, tokens and their absence come to."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from labkit.cluster.embedded.apiserver.authentication import authenticator as module
from labkit.cluster.embedded.apiserver.authentication import certificates
from labkit.cluster.embedded.apiserver.authentication.authenticator import (
    Authenticator,
    Unauthorized,
    read_tokens,
)
from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
    AUDIENCES,
    ISSUER,
    Reference,
)
from labkit.cluster.embedded.apiserver.authentication.users import (
    CREDENTIAL_ID,
    User,
    anonymous,
    service_account_name,
    split_service_account,
)
from labkit.core.errors import BadInput

from .conftest import SmallCluster

NOW = datetime.datetime.now(datetime.UTC)
ADMIN = User("admin", "1", ("system:masters", "system:authenticated"))


@pytest.fixture(scope="module")
def authority() -> certificates.Pair:
    return certificates.authority(days=10, now=NOW)


@pytest.fixture
def ask(cluster: SmallCluster) -> Authenticator:
    return Authenticator(cluster.tokens, {"secret-of-admin": ADMIN})


def der(authority: certificates.Pair, user: str, *groups: str, days: int = 1) -> bytes:
    pair = certificates.client(authority, user, groups, days=days)
    return pair.certificate.public_bytes(Encoding.DER)


def test_a_certificate_names_user_and_groups(
    ask: Authenticator, authority: certificates.Pair
) -> None:
    certificate = der(authority, "ann", "dev", "ops")
    user = ask.authenticate(certificate, None)
    assert user.name == "ann"
    assert user.groups == ("dev", "ops", "system:authenticated")
    digest = hashlib.sha256(certificate).hexdigest()
    assert user.extra == {CREDENTIAL_ID: (f"X509SHA256={digest}",)}
    assert ask.authenticate(certificate, "Bearer nonsense") == user  # the certificate comes first


def test_a_certificate_that_ran_out_while_the_connection_lasted_is_refused(
    ask: Authenticator, authority: certificates.Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = der(authority, "ann")
    ask.authenticate(certificate, None)

    class Tomorrow(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return NOW + datetime.timedelta(days=2)

    monkeypatch.setattr(module.datetime, "datetime", Tomorrow)
    with pytest.raises(Unauthorized, match="expired"):
        ask.authenticate(certificate, None)


def test_a_certificate_that_cannot_be_read_is_refused(ask: Authenticator) -> None:
    with pytest.raises(Unauthorized, match="x509"):
        ask.authenticate(b"no certificate", None)


def test_many_clients_are_not_remembered_for_ever(
    ask: Authenticator, authority: certificates.Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    for number in range(8):
        assert ask.authenticate(der(authority, f"user-{number}"), None).name == f"user-{number}"
        assert len(ask._certificates) <= 3


@pytest.mark.parametrize(
    "header", [None, "", "Basic YTpi", "Bearer", "Bearer ", "secret-of-admin", "Digest x"]
)
def test_whoever_shows_nothing_is_anonymous(ask: Authenticator, header: str | None) -> None:
    user = ask.authenticate(None, header)
    assert user == anonymous()
    assert (user.name, user.groups) == ("system:anonymous", ("system:unauthenticated",))


def test_a_certificate_without_a_name_is_nobodys(ask: Authenticator) -> None:
    key = certificates.read_key(certificates.new_key_pem())
    assert key
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + datetime.timedelta(days=1))
    nameless = builder.public_key(key.public_key()).sign(key, hashes.SHA256())
    assert ask.authenticate(nameless.public_bytes(Encoding.DER), None) == anonymous()


def test_nobody_is_anonymous_where_that_is_not_allowed() -> None:
    with pytest.raises(Unauthorized):
        Authenticator(allows_anonymous=False).authenticate(None, None)


@pytest.mark.parametrize("header", ["Bearer secret-of-admin", "bearer  secret-of-admin "])
def test_a_token_of_the_file_stands_for_its_user(ask: Authenticator, header: str) -> None:
    assert ask.authenticate(None, header) == ADMIN


@pytest.mark.parametrize("token", ["wrong", "secret-of-admi", "a.b.c", "\udcff", "é" * 20_000])
def test_a_token_that_nobody_gave_is_refused_and_not_anonymous(
    ask: Authenticator, token: str
) -> None:
    with pytest.raises(Unauthorized, match="invalid bearer token"):
        ask.authenticate(None, f"Bearer {token}")


def test_a_service_accounts_token_stands_for_it(ask: Authenticator, cluster: SmallCluster) -> None:
    token, _ = cluster.tokens.issue("default", Reference("builder", "sa-1"))
    assert ask.authenticate(None, f"Bearer {token}").name == service_account_name(
        "default", "builder"
    )
    cluster.there.clear()
    with pytest.raises(Unauthorized) as caught:
        ask.authenticate(None, f"Bearer {token}")
    assert str(caught.value) == '[invalid bearer token, serviceaccounts "builder" not found]'


def test_a_token_of_the_file_is_meant_for_the_api_server_alone(ask: Authenticator) -> None:
    assert ask.review("secret-of-admin").audiences == AUDIENCES
    assert ask.review("secret-of-admin", ["vault", ISSUER]).audiences == (ISSUER,)
    with pytest.raises(Unauthorized):
        ask.review("secret-of-admin", ["vault"])


def test_a_file_of_tokens_is_read_as_kube_apiserver_reads_one(tmp_path: Path) -> None:
    path = tmp_path / "tokens.csv"
    path.write_text('t1,ann,7,"dev,ops"\n\nt2,bob,8\n')
    assert read_tokens(path) == {
        "t1": User("ann", "7", ("dev", "ops", "system:authenticated")),
        "t2": User("bob", "8", ("system:authenticated",)),
    }


@pytest.mark.parametrize(
    "text", ["t1\n", "t1,\n", ",ann,7\n", "t1,ann,7\nt1,bob,8\n", "\x00", "a\xff"]
)
def test_a_file_of_tokens_that_means_nothing_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"tokens\.csv"):
        read_tokens(path)
    with pytest.raises(BadInput, match="No such file"):
        read_tokens(tmp_path / "none")


@pytest.mark.parametrize(
    ("username", "parts"),
    [
        ("system:serviceaccount:default:builder", ("default", "builder")),
        ("system:serviceaccount:a:b.c-d", ("a", "b.c-d")),
        ("system:serviceaccount:default:", None),
        ("system:serviceaccount:default:a:b", None),
        ("system:serviceaccount:Default:b", None),
        ("system:serviceaccount:default:b\n", None),
        ("system:serviceaccounts:default:b", None),
        ("ann", None),
    ],
)
def test_a_service_account_is_known_by_its_name(
    username: str, parts: tuple[str, str] | None
) -> None:
    assert split_service_account(username) == parts
