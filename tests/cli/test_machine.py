"""``doctor`` and ``clean``: what this machine can do, and what was left on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.host import Report, doctor
from labkit.host.packages import install_command
from labkit.sandbox import running
from tests.cli.program import invoke, labkit
from tests.support.snapshot import Snapshot


@pytest.mark.requires("sandbox")
def test_the_doctor_tells_of_the_machine_and_the_topics(root: Path) -> None:
    result = invoke("doctor")
    assert result.exit_code == 0
    assert "✓ containers from scratch" in result.stdout
    assert "00-first-box" in result.stdout


@pytest.mark.requires("sandbox")
def test_as_json_it_says_the_same(root: Path) -> None:
    result = invoke("doctor", "--json")
    found = json.loads(result.stdout)
    assert found["ready"] is True
    assert {one["id"]: one["is_ok"] for one in found["capabilities"]} == {
        one.id: one.is_ok for one in doctor().capabilities
    }
    assert found["topics"][0]["name"] == "00-first-box"


def test_what_is_missing_comes_with_its_command_and_exit_code_2(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.host.doctor", lambda: _without("sandbox", "microvm"))
    result = invoke("doctor")
    assert result.exit_code == 2
    assert "✗ containers from scratch" in result.stdout
    assert "→ sysctl -w x=1" in result.stdout
    assert "tasks can be done here; missing: sandbox" in result.stdout


def test_where_sandboxes_are_forbidden_the_topics_are_real_in_a_machine_of_their_own(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.host.doctor", lambda: _without("sandbox"))
    result = invoke("doctor")
    assert result.exit_code == 0
    assert "tasks can be done in a machine of its own; missing: podman" in result.stdout


def _without(*ids: str) -> Report:
    lacking = {"is_ok": False, "why": "not here", "fix": "sysctl -w x=1"}
    found = {one.id: one for one in doctor().capabilities}
    microvm = {"is_ok": True, "found": "QEMU", "why": ""}
    found["microvm"] = replace(found["microvm"], **microvm)
    return Report(tuple(replace(one, **lacking) if id in ids else one for id, one in found.items()))


def test_without_programs_the_doctor_still_answers(root: Path) -> None:
    done = labkit("doctor", env={"PATH": "/nonexistent"})
    assert install_command("podman") in done.stdout


def test_where_nothing_was_left_clean_says_so(root: Path) -> None:
    assert invoke("clean").stdout == "Nothing was left behind.\n"


@pytest.mark.requires("sandbox", "limits")
def test_clean_takes_away_what_a_killed_session_left(
    root: Path, snapshot: Callable[[], Snapshot]
) -> None:
    before = snapshot()
    code = (
        "from labkit import Sandbox; from labkit.sandbox.client import client;"
        "Sandbox(limits={'pids.max': 20}).start(); print(client().pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout
        helper = int(session.stdout.readline())
        os.kill(helper, signal.SIGSTOP)  # so that it cannot clean up after its kernel
        session.kill()
        session.wait()
        os.kill(helper, signal.SIGKILL)
    said = labkit("clean").stdout
    assert "removed cgroup" in said
    assert snapshot().since(before) == []
    assert running() == []
