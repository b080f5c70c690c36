"""The doctor says what is the case: compared with the programs it speaks of."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, NotFound, SystemFault
from labkit.host import capability, doctor, has, missing, require
from labkit.host.capability import Probe, output_of
from labkit.host.packages import install_command, start_command
from labkit.host.probes import all_probes


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    capability.cache_clear()


def test_every_capability_is_told_once_and_in_order() -> None:
    ids = [found.id for found in doctor().capabilities]
    assert ids == [probe.id for probe in all_probes()]
    assert len(set(ids)) == len(ids)


def test_what_is_missing_says_why_and_what_is_there_says_what() -> None:
    for found in doctor().capabilities:
        assert bool(found.found) == found.is_ok, found
        assert bool(found.why) != found.is_ok, found


@pytest.mark.requires("sandbox")
def test_user_namespaces_are_as_unshare_finds_them() -> None:
    done = subprocess.run(["unshare", "--user", "true"], check=False, capture_output=True)
    assert has("user-namespaces") == (done.returncode == 0)


@pytest.mark.requires("sandbox", "program:ip")
def test_a_network_is_as_ip_finds_it() -> None:
    argv = ["unshare", "--user", "--map-root-user", "--net"]
    argv += [
        "sh",
        "-c",
        "PATH=$PATH:/usr/sbin; ip link add b0 type bridge && ip link add type veth",
    ]
    done = subprocess.run(argv, check=False, capture_output=True)
    assert has("network") == (done.returncode == 0), done


@pytest.mark.requires("cgroup-v1")
def test_cgroup_v2_is_missing_where_version_1_has_the_controllers() -> None:
    found = capability("cgroup-v2")
    assert not found.is_ok
    assert "cgroup v1" in found.why


@pytest.mark.parametrize("program", ["runc", "crun", "containerd"])
def test_a_runtime_is_there_when_it_answers(program: str) -> None:
    path = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")
    assert has(program) == (path is not None)


def test_docker_without_a_daemon_is_missing_however_its_client_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    found = capability("docker")
    assert not found.is_ok
    assert f"nobody listens at {tmp_path}/nobody.sock" in found.why
    is_here = shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert found.fix == (start_command("docker") if is_here else install_command("docker"))


def test_a_docker_that_is_not_for_this_user_says_how_it_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(sock: socket.socket, address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse, raising=False)
    found = capability("docker")
    assert "this user may not open" in found.why
    assert "usermod -aG docker" in found.fix


def test_a_program_that_hangs_is_given_up(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(SystemFault, match=r"no answer in 0\.2 s"):
        output_of(["sleep", "30"], deadline_s=0.2)
    assert time.monotonic() - started < 10


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(SystemFault, match="out of luck"):
        output_of(["sh", "-c", "echo out of luck >&2; exit 3"])


def test_a_program_nobody_installed_is_missing() -> None:
    with pytest.raises(SystemFault, match="not installed"):
        output_of(["no-such-program-anywhere"])


def test_an_unknown_capability_suggests_a_near_one() -> None:
    with pytest.raises(NotFound, match="Did you mean docker"):
        has("dokcer")


def test_a_requirement_that_is_not_met_blocks_with_reason_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    (reason,) = missing(["docker"])
    assert "nobody.sock" in reason and "→" in reason
    with pytest.raises(Blocked) as caught:
        require("docker")
    assert caught.value.capability == "docker"


def test_a_probe_that_cannot_open_its_device_says_so() -> None:
    def open_it() -> str:
        return Path("/nonexistent/device").read_text()

    found = Probe("device", "a device", open_it, fix="plug it in").run()
    assert (found.is_ok, found.fix) == (False, "plug it in")
    assert "/nonexistent/device" in found.why


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, "apt install busybox-static"),
        ({"ID": "ubuntu", "ID_LIKE": "debian"}, "apt install busybox-static"),
        ({"ID": "fedora"}, "dnf install busybox"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install busybox"),
        ({"ID": "arch"}, "pacman -S busybox"),
        ({"ID": "alpine"}, "apk add busybox-static"),
        ({"ID": "opensuse-leap", "ID_LIKE": "suse opensuse"}, "zypper install busybox"),
        ({"ID": "unheard-of"}, "install the package busybox"),
    ],
)
def test_the_command_that_installs_is_the_distributions_own(
    release: dict[str, str], command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert install_command("busybox").removeprefix("sudo ") == command


def test_the_doctor_sends_nobody_to_the_doctor() -> None:
    def refuse() -> str:
        raise Blocked("nothing of the kind", why="the kernel will not")

    assert Probe("it", "it", refuse).run().fix == ""
