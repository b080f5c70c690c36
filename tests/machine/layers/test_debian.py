from __future__ import annotations

import socket
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, SystemFault
from labkit.machine.layers import build
from labkit.machine.layers.debian import Debian, Unreachable, configuration, parse_uris

SHA = "a86e2049672f52354c4536a089203b6c82639420424d31c91cf31a181fd4d8f1"


def test_what_apt_prints_is_a_closure() -> None:
    (libc, udev) = parse_uris(
        f"'http://m/p/libudev1_252~deb12u2_amd64.deb' libudev1_1%3a252~deb12u2_amd64.deb 9 "
        f"SHA256:{SHA}\n\n'http://m/p/libc6_2.36-9%2bdeb12u14_amd64.deb' "
        f"libc6_2.36-9+deb12u14_amd64.deb 2759320 SHA256:{SHA}\n"
    )
    assert (libc.name, libc.version, libc.size) == ("libc6", "2.36-9+deb12u14", 2759320)
    assert (udev.name, udev.version, udev.architecture) == ("libudev1", "1:252~deb12u2", "amd64")
    assert udev.file == "libudev1_1%3a252~deb12u2_amd64.deb"


@pytest.mark.parametrize("said", ["", "\n", "'http://m/a_1_all.deb' a_1_all.deb 9 MD5Sum:12\n"])
def test_a_package_without_its_hash_is_not_trusted(said: str) -> None:
    with pytest.raises(SystemFault):
        parse_uris(said)


def test_of_the_hosts_apt_only_its_way_to_the_network_is_taken() -> None:
    host = (
        'Acquire::http::Proxy "http://proxy:3128";\n'
        'Acquire::https "";\n'
        'Acquire::Check-Valid-Until "false";\n'
        'APT::Update::Post-Invoke:: "rm -rf /";\n'
        'DPkg::Pre-Invoke:: "x";\n'
        'Dir::State "/var/lib/apt";\n'
    )
    text = configuration(host, is_root=False)
    assert 'Acquire::http::Proxy "http://proxy:3128";' in text
    assert 'Acquire::Check-Valid-Until "false";' in text
    assert "Invoke" not in text
    assert "/var/lib/apt" not in text


@pytest.mark.requires("program:apt-get")
def test_without_a_network_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and nobody listens
        port = nobody.getsockname()[1]
        monkeypatch.setenv("LABKIT_DEBIAN_MIRROR", f"http://127.0.0.1:{port}/debian")
        with pytest.raises(Unreachable, match="Connect to the network") as caught:
            build(tmp_path)
    assert "LABKIT_DEBIAN_MIRROR" in caught.value.hint


def test_without_apt_it_says_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Blocked, match="apt-get"):
        build(tmp_path)


def test_a_disk_without_room_is_found_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.machine.layers.making.ROOM_BYTES", 1 << 60)
    with pytest.raises(Blocked, match="no room"):
        build(tmp_path)


def test_a_broken_memory_is_none(tmp_path: Path) -> None:
    debian = Debian(tmp_path)
    for content in ("", "{", "[]", '{"x": 1}'):
        debian._memory.write_text(content)
        assert debian.remembered(["a"]) is None
