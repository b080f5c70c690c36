"""Keys and certificates: openssl and ssl accept them, they are kept, damage is seen."""

from __future__ import annotations

import datetime
import os
import ssl
import subprocess
from pathlib import Path

import pytest

from labkit.cluster.embedded.apiserver.authentication import certificates
from labkit.cluster.embedded.apiserver.authentication import pki as module
from labkit.cluster.embedded.apiserver.authentication.pki import (
    LEAF_DAYS,
    RENEW_DAYS,
    SERVER_NAMES,
    Pki,
    open_pki,
)
from labkit.cluster.private_file import write_private
from labkit.core.errors import BadInput, Blocked, SystemFault

NOW = datetime.datetime.now(datetime.UTC)
OTHER_KEY = certificates.new_key_pem()


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return open_pki(tmp_path / "pki")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.requires("program:openssl")
def test_openssl_verifies_the_servers_certificate_for_each_of_its_names(pki: Pki) -> None:
    certificate, _ = pki.server_files
    for name in (*SERVER_NAMES, "10.96.0.1"):
        is_address = name[0].isdigit() or ":" in name
        option = "-verify_ip" if is_address else "-verify_hostname"
        purpose = ("-purpose", "sslserver", "-x509_strict")
        openssl("verify", "-CAfile", pki.ca_file, *purpose, option, name, certificate)


@pytest.mark.requires("program:openssl")
def test_openssl_reads_user_and_groups_in_a_clients_certificate(pki: Pki, tmp_path: Path) -> None:
    path = tmp_path / "client.crt"
    path.write_bytes(pki.client("ann", ["system:masters", "dev"]).certificate_pem)
    openssl("verify", "-CAfile", pki.ca_file, "-purpose", "sslclient", "-x509_strict", path)
    said = openssl("x509", "-in", path, "-noout", "-subject", "-nameopt", "multiline")
    lines = [line.split(" = ") for line in said.splitlines() if " = " in line]
    assert [(name.strip(), value) for name, value in lines] == [
        ("organizationName", "system:masters"),
        ("organizationName", "dev"),
        ("commonName", "ann"),
    ]


def test_a_client_and_the_server_meet_over_tls(pki: Pki, tmp_path: Path) -> None:
    pair = pki.client("ann", ["dev"])
    certificate, key = tmp_path / "crt", tmp_path / "key"
    certificate.write_bytes(pair.certificate_pem)
    key.write_bytes(pair.key_pem)
    mine = ssl.create_default_context(cafile=pki.ca_file)
    mine.verify_flags |= ssl.VERIFY_X509_STRICT  # Python 3.13's default
    mine.load_cert_chain(certificate, key)
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.ca_file)
    theirs.verify_mode = ssl.CERT_REQUIRED
    theirs.verify_flags |= ssl.VERIFY_X509_STRICT
    theirs.load_cert_chain(*pki.server_files)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = mine.wrap_bio(back, there, server_hostname="127.0.0.1")
    server = theirs.wrap_bio(there, back, server_side=True)
    for side in (client, server, client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"
    subject = dict(part[0] for part in (server.getpeercert() or {})["subject"])
    assert subject == {"organizationName": "dev", "commonName": "ann"}


def test_what_is_there_is_used_again(pki: Pki) -> None:
    signing = pki.signing_key()
    before = contents(pki.folder)
    again = open_pki(pki.folder)
    assert again.signing_key().private_numbers() == signing.private_numbers()
    assert contents(pki.folder) == before


def test_a_key_is_never_readable_by_others_however_wide_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        pki = open_pki(tmp_path / "pki")
        pki.signing_key()
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in pki.folder.iterdir()}
    assert {modes[name] for name in ("ca.key", "apiserver.key", "sa.key")} == {0o600}
    assert pki.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["ca.key", "sa.key"])
def test_a_key_that_others_may_read_is_refused(pki: Pki, name: str) -> None:
    pki.signing_key()
    (pki.folder / name).chmod(0o640)
    with pytest.raises(Blocked, match="others than you") as caught:
        open_pki(pki.folder).signing_key()
    assert name in str(caught.value)
    assert (pki.folder / name).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "sa.key"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"-----BEGIN CERTIFICATE-----\n"])
def test_a_damaged_authority_or_signing_key_is_refused(pki: Pki, name: str, content: bytes) -> None:
    pki.signing_key()
    (pki.folder / name).write_bytes(content)
    with pytest.raises(Blocked, match=r"cannot be used") as caught:
        open_pki(pki.folder).signing_key()
    assert str(pki.folder) in caught.value.hint
    assert (pki.folder / name).read_bytes() == content


@pytest.mark.parametrize("content", [None, OTHER_KEY])
def test_an_authority_without_its_own_key_is_refused(pki: Pki, content: bytes | None) -> None:
    path = pki.folder / "ca.key"
    path.unlink()
    if content:
        write_private(path, content)
    with pytest.raises(Blocked, match="damaged"):
        open_pki(pki.folder)


def test_an_expired_authority_is_refused_with_the_day(pki: Pki) -> None:
    later = pki.authority.expires + datetime.timedelta(seconds=1)
    with pytest.raises(Blocked, match=f"expired on {later:%d %B %Y}"):
        open_pki(pki.folder, now=later)


@pytest.mark.parametrize("name", ["apiserver.crt", "apiserver.key"])
@pytest.mark.parametrize("content", [None, b"", b"nothing of the kind", OTHER_KEY])
def test_a_damaged_certificate_of_the_server_is_made_anew(
    pki: Pki, name: str, content: bytes | None
) -> None:
    path = pki.folder / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    assert_serves(open_pki(pki.folder))


def test_a_servers_key_that_others_may_read_is_made_anew(pki: Pki) -> None:
    _, key = pki.server_files
    before = key.read_bytes()
    key.chmod(0o604)
    assert_serves(open_pki(pki.folder))
    assert key.read_bytes() != before
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_that_runs_out_soon_is_made_anew(pki: Pki) -> None:
    before = pki.server_files[0].read_bytes()
    open_pki(pki.folder, now=NOW + datetime.timedelta(days=LEAF_DAYS - RENEW_DAYS - 1))
    assert pki.server_files[0].read_bytes() == before
    open_pki(pki.folder, now=NOW + datetime.timedelta(days=LEAF_DAYS - RENEW_DAYS + 1))
    assert pki.server_files[0].read_bytes() != before


def test_a_certificate_of_another_authority_or_for_other_names_is_made_anew(
    pki: Pki, tmp_path: Path
) -> None:
    other = open_pki(tmp_path / "other")
    for mine, theirs in zip(pki.server_files, other.server_files, strict=True):
        mine.write_bytes(theirs.read_bytes())
    assert_serves(open_pki(pki.folder))
    assert_serves(open_pki(pki.folder, service_address="10.97.0.1"), "10.97.0.1")


def assert_serves(pki: Pki, *names: str) -> None:
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*pki.server_files)
    certificate, key = pki.server_files
    pair = certificates.read_pair(certificate.read_bytes(), key.read_bytes())
    assert pair
    pair.certificate.verify_directly_issued_by(pki.authority.certificate)
    assert certificates.serves(pair, pki.authority, (*SERVER_NAMES, *names))


@pytest.mark.parametrize("cut_off", range(4))
def test_a_start_that_was_cut_off_is_no_obstacle(
    tmp_path: Path, cut_off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []

    def write(path: Path, content: bytes) -> None:
        if len(written) == cut_off:
            raise OSError(28, "No space left on device")
        write_private(path, content)
        written.append(path)

    monkeypatch.setattr(module, "write_private", write)
    with pytest.raises(SystemFault, match="No space left"):
        open_pki(tmp_path / "pki")
    monkeypatch.undo()
    assert_serves(open_pki(tmp_path / "pki"))


def test_nothing_is_left_beside_the_files(pki: Pki) -> None:
    pki.signing_key()
    names = {path.name for path in pki.folder.iterdir()}
    assert names == {"ca.crt", "ca.key", "apiserver.crt", "apiserver.key", "sa.key"}


def test_no_leaf_outlives_its_authority(pki: Pki) -> None:
    pair = pki.client("ann", days=36500)
    assert pair.expires <= pki.authority.expires


@pytest.mark.parametrize("user", ["", "x" * 65])
def test_a_name_that_no_certificate_can_hold_is_refused(pki: Pki, user: str) -> None:
    with pytest.raises(BadInput, match="64"):
        pki.client(user)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="make the folder"):
        open_pki(tmp_path / "file" / "pki")
