"""The topics whose labs need a machine of their own, in one: checks, wrong states, notebooks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from labkit.core.session import Session, sweep
from labkit.course import Topic
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import Snapshot
from tests.labs.states import COURSE, INSIDE, State, needs_machine, states_of
from tests.machine.inside import Inside, StillRunning

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

ROOT = Path(__file__).parents[2]
STATES = list(states_of(INSIDE))
TOPICS = [topic for topic in COURSE.present if needs_machine(topic)]
ALL_STATES_S = 700.0
"""A second each, or two where a check measures; ten on a computer that is busy."""


@pytest.fixture(scope="module")
def mistakes(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What was wrong with the verdict on each state: all are played in one machine."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("labs", "tests/labs"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "tests/__init__.py").touch()
    with ExitStack() as stack:
        session = Session()
        stack.callback(session.close)
        machine = stack.enter_context(MicroVM(snapshot, session, folder))
        machine.begin()
        try:
            _, said = Inside(machine).run("python3 -m tests.labs.states", deadline_s=ALL_STATES_S)
        except StillRunning as error:
            said = error.said
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    never = f"it was never played:\n{said[-3000:]}"
    return dict.fromkeys((state.id for state in STATES), never) | {
        row["state"]: row["mistake"] for row in rows
    }


@pytest.mark.timeout(1400)
@pytest.mark.parametrize("state", [pytest.param(state, id=state.id) for state in STATES])
def test_a_check_says_of_a_state_what_it_is(state: State, mistakes: dict[str, str]) -> None:
    assert mistakes[state.id] == ""


def test_the_doctor_finds_all_of_cgroup_v2_there_and_leaves_no_group(box: Inside) -> None:
    ask = "labkit doctor | grep 'cgroup v2, all'"
    assert "memory, cpu, io, pids, cpuset in groups below /sys/fs/cgroup" in box.ask(ask)
    assert box.run("ls -d /sys/fs/cgroup/labkit-probe*")[0] != 0
    as_user = "setpriv --reuid=2001 --regid=2001 --clear-groups env LABKIT_HOME=/tmp/user"
    said = box.ask(f"{as_user} {ask}")
    assert "✗" in said and "user 2001 may not make groups" in said


@pytest.fixture
def place(snapshot: Snapshot, tmp_path: Path) -> Iterator[Path]:
    """A copy of the course, as its makers have it."""
    for name in ("labs", "exercises", "solutions"):
        shutil.copytree(ROOT / name, tmp_path / "course" / name)
    yield tmp_path / "course"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["lab", "exercise", "solution"])
@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.slug) for topic in TOPICS])
def test_a_notebook_gives_its_stored_outputs(topic: Topic, kind: str, place: Path) -> None:
    notebook = place / topic.notebook(kind).relative_to(COURSE.root)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-cell-timeout", "120", "--nbval-sanitize-with"]
    command += [str(ROOT / "labs/nbval.cfg"), str(notebook)]
    env = {**os.environ, "LABKIT_PLACE": "microvm", "LABKIT_SEED": "course"}
    env |= {"LABKIT_COURSE": str(place), "NO_COLOR": "1", "COLUMNS": "100"}
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
    sweep()  # nbval kills its kernel; what that leaves is taken away by whoever comes next
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
