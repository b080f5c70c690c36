"""The keys that a process beside makes: the same as those made here, and the same errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.cluster.embedded import keymaking
from labkit.core.errors import Blocked

MAKE = """
import sys
from pathlib import Path
from labkit.cluster.embedded import keymaking
from labkit.core.errors import LabkitError
wait = keymaking.make_beside(Path(sys.argv[1]))
try:
    keys = wait()
except LabkitError as error:
    print(error.what, "|", error.why)
else:
    print("cryptography" in sys.modules)
    print(keys.certificate + keys.key)
"""


def made_beside(folder: Path) -> str:
    """What a program of one thread gets."""
    words = [sys.executable, "-c", MAKE, str(folder)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def test_the_administrators_certificate_is_of_the_authority_in_the_folder(tmp_path: Path) -> None:
    first, _, pair = made_beside(tmp_path / "pki").partition("\n")
    assert first == "False"  # which is what it is good for
    (tmp_path / "admin").write_text(pair)
    told = subprocess.run(
        ["openssl", "verify", "-CAfile", tmp_path / "pki/ca.crt", tmp_path / "admin"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.endswith(": OK\n")
    subject = ["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"]
    subject += ["-in", str(tmp_path / "admin")]
    said = subprocess.run(subject, capture_output=True, text=True, check=True).stdout
    assert said == "subject=CN=kubernetes-admin,O=system:masters\n"
    assert (tmp_path / "pki/sa.key").exists()


def test_a_key_that_others_may_read_is_refused_in_the_same_words(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    keymaking.make(folder)
    (folder / "ca.key").chmod(0o644)
    with pytest.raises(Blocked) as caught:
        keymaking.make(folder)
    assert made_beside(folder) == f"{caught.value.what} | {caught.value.why}\n"


def test_where_that_process_says_nothing_they_are_made_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fork", lambda: os.posix_spawn("/bin/true", ["true"], {}))
    keys = keymaking.make_beside(tmp_path / "pki")()
    assert keys.pki.authority.certificate_pem == (tmp_path / "pki/ca.crt").read_bytes()
    assert "BEGIN CERTIFICATE" in keys.certificate
