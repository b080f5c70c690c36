"""Whether networks can be named and clocks moved: as the programs that do it find."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.host import capability, has, missing
from tests.sandbox.both.tools import program
from tests.support.wait import wait_until


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    capability.cache_clear()
    yield
    capability.cache_clear()


def named() -> str:
    return subprocess.run(
        [program("ip"), "netns", "list"], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.requires("program:ip", "program:iptables")
def test_named_networks_are_as_ip_finds_them_and_the_probe_leaves_none() -> None:
    name = f"labkit-test-{os.getpid()}"
    before = named()
    done = subprocess.run([program("ip"), "netns", "add", name], check=False, capture_output=True)
    if done.returncode == 0:
        subprocess.run([program("ip"), "netns", "delete", name], check=True)
    assert has("netns") == (done.returncode == 0), missing(["netns"])
    assert named() == before


@pytest.mark.requires("program:ip", "program:iptables", "netns")
def test_a_doctor_that_is_killed_leaves_no_named_network(tmp_path: Path) -> None:
    begun, before = tmp_path / "begun", named()
    slow = tmp_path / "iptables"
    slow.write_text(f"#!/bin/sh\n[ $1 = --version ] || {{ echo > {begun}; sleep 2; }}\n")
    slow.chmod(0o755)
    code = "from labkit.host import has; has('netns')"
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PATH": path}) as doctor:
        wait_until(begun.exists, timeout_s=20, what="the probe to be in the middle")
        doctor.kill()
    assert named() == before
    time.sleep(2.5)  # what it had started ends by itself
    assert named() == before


def test_without_its_programs_there_are_no_named_networks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    assert not has("netns")
    assert missing(["netns"]) != []


@pytest.mark.requires("sandbox")
def test_time_namespaces_are_as_unshare_finds_them() -> None:
    command = "unshare --user --map-root-user --time --boottime 8640000 --fork cat /proc/uptime"
    done = subprocess.run(command.split(), check=False, capture_output=True, text=True)
    is_moved = done.returncode == 0 and float(done.stdout.split()[0]) > 8640000
    assert has("time-namespaces") == is_moved, missing(["time-namespaces"])
