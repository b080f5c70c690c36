"""``labkit shell`` where no machine runs, and which one it takes; with real ones: tests/machine."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from labkit.cli.shell import choose
from labkit.core.errors import BadInput
from labkit.machine.agent import Agent
from labkit.machine.console import _resizes
from labkit.machine.running import Running
from tests.cli.program import labkit
from tests.cli.shell import Shell


def test_without_a_machine_it_is_said_what_to_do(labkit_home: Path) -> None:
    done = labkit("shell")
    assert done.returncode == 2
    assert "no notebook has a machine of its own now" in done.stderr
    assert "Open a notebook" in done.stderr
    assert labkit("machine", "list").stdout == "No notebook has a machine of its own now.\n"


def test_when_it_is_to_stay_enter_tries_again_and_ctrl_d_ends_it(labkit_home: Path) -> None:
    with Shell("--stay") as shell:
        shell.read_until("Ctrl-D to close this terminal")
        shell.type("\n")
        shell.read_until("terminal. \r\nlabkit: no notebook has a machine of its own now")
        shell.type("\x04")
        assert shell.process.wait(20) == 2


def test_a_window_that_is_resized_before_anybody_listens_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("labkit.machine.console._size", lambda: (30, 100))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(5)
        with _resizes(Agent(ours), (30, 100)), _resizes(Agent(ours), (24, 80)):
            told = theirs.recv(1000)
    assert json.loads(told) == {"op": "resize", "rows": 30, "columns": 100}


def test_two_of_the_same_name_are_told_apart_by_their_path() -> None:
    two = [
        Running(Path("/s"), f"/{where}/a.ipynb", "", f"/{where}", "/course", 1)
        for where in ("x", "y")
    ]
    with pytest.raises(BadInput, match="Say which one"):
        choose(two, "a")
    assert choose(two, "/y/a.ipynb") is two[1]
    assert choose(two, "a", ask=lambda found: found[1]) is two[1]
