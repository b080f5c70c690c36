"""What only root could pass on to a sandbox, and does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from labkit.sandbox import Sandbox, xray
from labkit.sandbox.table import namespaces_of
from tests.sandbox.both.commands import C_LIBRARY_SIGNALS

pytestmark = pytest.mark.requires("sandbox", "root", "program:setpriv")

CODE = """
from labkit.sandbox import Sandbox
with Sandbox() as box:
    groups = [box.exec(["id", "-G"]).stdout, Sandbox().run(["id", "-G"]).stdout]
    with open(f"/proc/{box.pid}/status") as file:
        seen = [line.split()[1:] for line in file if line.startswith("Groups:")]
print(groups, seen)
"""


def test_groups_of_the_host_are_given_up() -> None:
    argv = ["setpriv", "--groups", "4,4242", sys.executable, "-c", CODE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == "['0\\n', '0\\n'] [[]]\n"


def test_an_inherited_signal_mask_and_ignored_signals_are_not_passed_on() -> None:
    code = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
from labkit.sandbox import Sandbox
print(Sandbox().run(["grep", "-E", "SigIgn|SigBlk", "/proc/self/status"]).stdout)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    masks = [int(line.split()[1], 16) for line in done.stdout.split("\n") if line]
    assert [mask & ~C_LIBRARY_SIGNALS for mask in masks] == [0, 0]


def test_a_command_enters_a_sandbox_that_shares_every_namespace() -> None:
    with Sandbox(namespaces=()) as box:
        assert namespaces_of(box.pid) == namespaces_of("self")
        assert box.exec(["echo", "here"]).stdout == "here\n"
        assert xray(box).inside.pid == box.pid
