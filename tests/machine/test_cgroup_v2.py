"""Each proof of ``tests/sandbox/groups/both``, in a machine: cgroup v2 with every controller.

All of them are played in one machine, by one process; each is a test of its own.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labkit.core.session import Session
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import Snapshot
from tests.machine.inside import Inside, StillRunning
from tests.sandbox.groups.both.all_of_them import PROOFS

pytestmark = [
    pytest.mark.requires("program:qemu-system-x86_64"),
    pytest.mark.usefixtures("shared_home"),
    pytest.mark.timeout(900),
]

_DEADLINE_S = 600.0
"""Python in there is fifteen times as slow as out here."""

_TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def played(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """The traceback of a proof that was played in the machine; empty when it held."""
    folder = tmp_path_factory.mktemp("proofs")
    package = folder / "tests" / "sandbox" / "groups"
    shutil.copytree(
        _TESTS / "sandbox" / "groups" / "both", package / "both",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    for each in (package, package.parent, package.parent.parent):
        (each / "__init__.py").touch()
    with ExitStack() as stack:
        session = Session()
        stack.callback(session.close)
        machine = stack.enter_context(MicroVM(snapshot, session, folder))
        machine.begin()
        command = "cp -r /course/tests /tmp/ && cd /tmp && "
        command += "python3 -m tests.sandbox.groups.both.all_of_them"
        try:
            _, said = Inside(machine).run(command, deadline_s=_DEADLINE_S)
        except StillRunning as error:
            said = error.said
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("[")]
    results = dict(lines)
    yield lambda name: results.get(name, f"it was never played:\n{said[-3000:]}")


@pytest.mark.parametrize("name", PROOFS)
def test_in_a_machine(name: str, played: Callable[[str], str]) -> None:
    if traceback := played(name):
        pytest.fail(traceback, pytrace=False)
