from __future__ import annotations

from pathlib import Path

import pytest

from labkit.core.errors import BadInput, Blocked
from labkit.machine.layers.sources import sources


class Host:
    """An /etc and a folder of keys."""

    def __init__(self, folder: Path, release: str) -> None:
        self.etc, self.keyrings = folder / "etc", folder / "keyrings"
        (self.etc / "apt/sources.list.d").mkdir(parents=True)
        self.keyrings.mkdir()
        (self.etc / "os-release").write_text(release)

    def write(self, name: str, text: str) -> None:
        (self.etc / "apt" / name).write_text(text)

    def with_keys(self) -> Host:
        (self.keyrings / "debian-archive-keyring.gpg").touch()
        return self

    def sources(self, mirror: str = "") -> str:
        return sources({"LABKIT_DEBIAN_MIRROR": mirror}, self.etc, self.keyrings)


TRIXIE = 'ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'


def test_a_debian_hosts_own_sources_of_debian_are_taken_and_no_others(tmp_path: Path) -> None:
    host = Host(tmp_path, TRIXIE)
    host.write(
        "sources.list",
        "deb [signed-by=/k.gpg arch=amd64] https://near/debian trixie main contrib # near\n"
        "deb https://near/debian trixie-backports main\n"
        "deb-src https://near/debian trixie main\n"
        "#deb https://far/debian trixie main\n"
        "deb https://shop/ trixie stable\n",
    )
    host.write(
        "sources.list.d/debian.sources",
        "# A comment\nTypes: deb deb-src\nURIs: http://a/debian http://b/debian\n"
        "Suites: trixie trixie-updates trixie-backports\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP\n .\n -----END\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://c/debian\nSuites: trixie\nComponents: main\n",
    )
    host.write(
        "sources.list.d/shop.sources",
        "Types: deb\nURIs: http://shop/\nSuites: nodistro\nComponents: main\n",
    )
    text = host.sources()
    assert [line for line in text.splitlines() if line.startswith("URIs")] == [
        "URIs: https://near/debian",
        "URIs: http://a/debian",
        "URIs: http://b/debian",
    ]
    assert "Signed-By: /k.gpg" in text
    assert "Suites: trixie trixie-updates\n" in text
    assert "Signed-By: \n -----BEGIN PGP\n .\n -----END" in text
    assert "backports" not in text


@pytest.mark.parametrize("release", [UBUNTU, "", TRIXIE.replace("13", "11"), "ID=fedora\n"])
def test_other_hosts_get_debian_12_from_its_own_mirror(tmp_path: Path, release: str) -> None:
    host = Host(tmp_path, release).with_keys()
    host.write("sources.list", "deb http://archive.ubuntu.com/ubuntu noble main\n")
    text = host.sources()
    assert "URIs: http://deb.debian.org/debian\nSuites: bookworm bookworm-updates\n" in text
    assert "URIs: http://deb.debian.org/debian-security\nSuites: bookworm-security\n" in text
    assert f"Signed-By: {host.keyrings}/debian-archive-keyring.gpg" in text
    assert "ubuntu" not in text


def test_without_debians_keys_it_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="debian-archive-keyring"):
        Host(tmp_path, UBUNTU).sources()


def test_the_environment_names_another_mirror(tmp_path: Path) -> None:
    host = Host(tmp_path, TRIXIE).with_keys()
    text = host.sources("http://near/debian http://near/security")
    assert "URIs: http://near/debian\nSuites: trixie trixie-updates\n" in text
    assert "URIs: http://near/security\nSuites: trixie-security\n" in text
    assert "debian.org" not in text


@pytest.mark.parametrize("mirror", ["near", "ftp://near/debian", "--help"])
def test_what_is_no_address_is_refused(tmp_path: Path, mirror: str) -> None:
    with pytest.raises(BadInput, match="no address"):
        Host(tmp_path, TRIXIE).with_keys().sources(mirror)
