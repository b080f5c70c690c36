"""Two notebooks of topic 02 at once, on one machine: neither takes what is the other's.

What is looked at is what ``ip netns`` lists, and what the notebooks' own checks say.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from tests.labs.states import COURSE
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox", "netns")

TOPIC = COURSE.topic("02")
NAMED = Path("/run/netns")
CHECK_ALL = """
from labkit.jupyter.desk import desk
print([desk().run(id).verdict.status for id in ("own-view", "joined", "way-out", "pod")])
"""


class Player:
    """A kernel that plays notebooks of a course."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str) -> str:
        """What a cell prints; fails where the cell does."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            said.append(message["content"].get("text", ""))

        reply = self._client.execute_interactive(code, timeout=60, output_hook=hear)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(said)

    def play(self, which: str, *, until: str = "no such cell") -> None:
        """All cells of a notebook, or those before the first that has this in it."""
        for cell in nbformat.read(TOPIC.notebook(which), as_version=4).cells:
            if until in cell.source:
                return
            if cell.cell_type == "code":
                self.run(cell.source)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(COURSE.root / "labs", tmp_path / "course" / "labs")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return tmp_path / "course"


@contextmanager
def opened(course: Path) -> Iterator[Player]:
    manager, client = start_new_kernel(cwd=str(course / "labs" / TOPIC.name))
    try:
        yield Player(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def named() -> set[str]:
    return {path.name for path in NAMED.iterdir()} if NAMED.is_dir() else set()


def test_the_lab_leaves_the_solution_as_it_was_and_the_solution_the_lab(course: Path) -> None:
    before = named()
    with opened(course) as solution:
        solution.play("solution")
        of_the_solution = named() - before
        assert len(of_the_solution) == 5
        with opened(course) as lab:
            lab.play("lab", until="box.stop()")
            of_the_lab = named() - before - of_the_solution
            assert len(of_the_lab) == 4
            assert solution.run(CHECK_ALL).count("passed") == 4
            assert lab.run('print(answers("203.0.113.9"), box.is_running)') == "True True\n"
        wait_until(lambda: not of_the_lab & named(), what="the end of the lab's namespaces")
        assert of_the_solution <= named()
        assert solution.run(CHECK_ALL).count("passed") == 4
    wait_until(lambda: named() == before, what="the end of the solution's namespaces")


def test_an_exercise_that_is_closed_takes_nothing_of_a_solution_that_stays_open(
    course: Path,
) -> None:
    """They are the same learner's, and use the same names: the last one out takes them away."""
    before = named()
    with opened(course) as solution:
        solution.play("solution")
        of_both = named() - before
        assert len(of_both) == 5
        with opened(course) as exercise:
            exercise.play("exercise")  # it begins task 3 anew; the rest it finds done
            passed = "['passed', 'passed', 'not yet', 'passed']"
            assert exercise.run(CHECK_ALL).strip() == passed
            # Its setting up again ends what it started itself, and no more.
            exercise.play("exercise", until="beginning =")
        assert of_both <= named()
        assert solution.run(CHECK_ALL).strip() == passed
    wait_until(lambda: named() == before, what="the end of the namespaces")
