"""Playing notebooks: verdicts, broken ones, and nothing touched or left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.core.errors import BadInput, NotFound
from labkit.course import (
    CellPlayed,
    CheckResult,
    Course,
    NotebookEnded,
    NotebookStarted,
    build,
    run,
)
from labkit.course.building import as_bytes
from labkit.course.files import write_whole
from labkit.course.settle import settle
from tests.course.small import edit

NAME = "00-first-files.ipynb"


@pytest.fixture
def built(course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.setenv("LABKIT_TEST_MARK", str(tmp_path))
    build(course, execute=False)
    return course


def change(course: Course, name: str, old: str, new: str) -> None:
    """Changes the code of one notebook, as its learner would."""
    path = course.root / name
    notebook = nbformat.read(path, as_version=4)
    changed = [cell for cell in notebook.cells if old in cell.source]
    assert changed
    for cell in changed:
        cell.source = cell.source.replace(old, new)
    write_whole(path, as_bytes(notebook))


def kernels() -> set[int]:
    """The kernels of this test that live: other tests on this machine have kernels, too."""
    mark = os.environ["LABKIT_TEST_MARK"].encode()
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_kernel = b"ipykernel_launcher" in (entry / "cmdline").read_bytes()
            if is_kernel and mark in (entry / "environ").read_bytes():
                found.add(int(entry.name))
    return found


def test_a_solution_passes_and_an_untouched_exercise_does_not(built: Course) -> None:
    report = run(built, which=("exercise", "solution"))
    said = {(one.notebook, one.check): (one.verdict, one.state) for one in report.checks}
    assert said == {
        ("exercise", "write-note"): ("not yet", "nothing"),
        ("exercise", "copy-note"): ("not yet", "nothing"),
        ("solution", "write-note"): ("passed", ""),
        ("solution", "copy-note"): ("passed", ""),
    }
    assert report.exit_code == 1
    assert all(0 < one.seconds < 60 for one in report.checks)
    assert not any(one.is_broken for one in report.notebooks)


def test_events_follow_the_cells(built: Course) -> None:
    events: list[Any] = []
    report = run(built, ["00"], ("solution",), events.append)
    assert isinstance(events[0], NotebookStarted)
    assert events[0].cells == 7
    assert isinstance(events[-1], NotebookEnded)
    assert report.notebooks == (events[-1],)
    cells = [event for event in events if isinstance(event, CellPlayed)]
    assert [event.cell for event in cells] == list(range(1, 8))
    verdicts = [event for event in events if isinstance(event, CheckResult)]
    assert verdicts == report.checks
    assert events.index(verdicts[0]) == events.index(cells[2]) + 1


def test_what_a_learner_has_is_not_touched(built: Course, labkit_home: Path) -> None:
    change(built, f"exercises/{NAME}", "# Your turn: write a note", 'Path("note.txt").touch()')
    before = {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    report = run(built, which=("exercise",))
    assert [one.verdict for one in report.checks] == ["passed", "not yet"]
    after = {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    assert {path for path in after if "__pycache__" not in path.parts} == {
        path for path in before if "__pycache__" not in path.parts
    }
    assert all(after[path] == content for path, content in before.items())


def test_an_exercise_is_played_with_the_learners_seed_and_the_rest_with_the_courses(
    built: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = "raise OSError(os.environ['LABKIT_SEED'] + ' ' + os.environ['LABKIT_HOME'])"
    for folder in ("exercises", "solutions"):
        change(built, f"{folder}/{NAME}", 'name = "copy.txt"', tell)
    monkeypatch.setenv("LABKIT_SEED", "mine")
    report = run(built, which=("exercise", "solution"))
    said = [str(one.failure) for one in report.notebooks]
    assert "OSError: mine /" in said[0]
    assert "OSError: course /" in said[1]
    assert os.environ["LABKIT_HOME"] not in " ".join(said)


def test_a_notebook_is_played_in_the_place_that_it_asks_for(built: Course) -> None:
    path = built.root / "solutions" / NAME
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata["labkit"]["place"] = "moon"
    write_whole(path, as_bytes(notebook))
    report = run(built, which=("solution",))
    assert "there is no place for a kernel 'moon'" in str(report.notebooks[0].failure)


def test_a_broken_cell_is_named_and_the_next_notebook_is_played(built: Course) -> None:
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", "6 * seven\n7")
    report = run(built, which=("lab", "solution"))
    lab, solution = report.notebooks
    assert lab.failure
    assert (lab.failure.cell, lab.failure.first_line) == (2, "6 * seven")
    assert lab.failure.error == "NameError: name 'seven' is not defined"
    assert [one.verdict for one in solution.checks] == ["passed", "passed"]
    assert report.exit_code == 2


def test_a_check_without_a_verdict_is_broken(built: Course) -> None:
    change(built, f"solutions/{NAME}", "display({kind: verdict, ", "display({")
    report = run(built, which=("solution",))
    assert [one.verdict for one in report.checks] == ["broken", "broken"]
    assert report.exit_code == 2


@pytest.mark.parametrize(("status", "code"), [("blocked", 2), ("passed", 0), ("wonderful", 2)])
def test_the_exit_code_follows_the_worst_verdict(built: Course, status: str, code: int) -> None:
    change(built, f"solutions/{NAME}", '"passed" if done', f'"{status}" if done')
    assert run(built, which=("solution",)).exit_code == code


def test_a_cell_that_hangs_is_ended_and_its_kernel_too(built: Course) -> None:
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", "import time; time.sleep(600)")
    began = time.monotonic()
    report = run(built, which=("lab",), deadline_s=2)
    assert time.monotonic() - began < 25
    assert "it did not end within 2 s" in str(report.notebooks[0].failure)
    assert not kernels()


def test_a_kernel_that_dies_breaks_its_notebook(built: Course) -> None:
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", "import os; os._exit(3)")
    report = run(built, which=("lab",))
    assert "the kernel died" in str(report.notebooks[0].failure)
    assert report.notebooks[0].failure.cell == 2


def test_the_last_words_of_a_kernel_that_dies_are_told(
    built: Course, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "import faulthandler; faulthandler.enable(); faulthandler._sigsegv()"
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", code)
    failure = str(run(built, which=("lab",)).notebooks[0].failure)
    assert "the kernel died\n" in failure
    assert "faulthandler" in failure  # the stack that faulthandler writes, or its end
    assert "Fatal Python error" not in capfd.readouterr().err


def test_a_notebook_that_is_missing_or_none_is_broken(built: Course) -> None:
    (built.root / "labs/00-first-files/lab.ipynb").unlink()
    (built.root / "solutions" / NAME).write_text("{")
    report = run(built, which=("lab", "solution"))
    said = [str(one.failure) for one in report.notebooks]
    assert "it is not there" in said[0]
    assert "not a notebook" in said[1]
    assert report.exit_code == 2


def test_a_kernel_that_is_not_installed_breaks_its_notebook(built: Course) -> None:
    path = built.root / "labs/00-first-files/lab.ipynb"
    edit(path, '"name": "labkit"', '"name": "cobol"')
    (ended,) = run(built, which=("lab",)).notebooks
    assert "cobol" in str(ended.failure)


def test_an_error_of_the_listener_ends_the_kernel(built: Course) -> None:
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", "import time; time.sleep(600)")
    began = time.monotonic()

    def listen(event: object) -> None:
        if isinstance(event, CellPlayed):
            assert len(kernels()) == 1
            raise BrokenPipeError("nobody reads")

    with pytest.raises(BrokenPipeError):
        run(built, which=("lab",), on_event=listen)
    assert time.monotonic() - began < 25
    assert not kernels()


def test_a_kernel_listens_on_no_port(built: Course) -> None:
    seen: list[dict[str, Any]] = []

    def listen(event: object) -> None:
        if isinstance(event, CellPlayed) and not seen:
            for pid in kernels():
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                seen.append(json.loads(Path(words[words.index("-f") + 1]).read_text()))

    slow = 'name = "copy.txt"\nimport time; time.sleep(3)'  # time to look at it
    change(built, f"solutions/{NAME}", 'name = "copy.txt"', slow)
    run(built, which=("solution",), on_event=listen)
    assert [one["transport"] for one in seen] == ["ipc"]
    assert not Path(seen[0]["ip"]).parent.exists()


def test_it_runs_where_an_event_loop_runs_already(built: Course) -> None:
    async def in_a_notebook() -> int:
        return run(built, which=("solution",)).exit_code

    assert asyncio.run(in_a_notebook()) == 0


@pytest.mark.parametrize("after_s", [0.3, 2.5])
def test_an_interrupt_ends_it_and_leaves_nothing(
    built: Course, tmp_path: Path, after_s: float
) -> None:
    change(built, "labs/00-first-files/lab.ipynb", "6 * 7", "import time; time.sleep(600)")
    code = (
        "import pathlib, sys\n"
        "from labkit.course import read_course, run\n"
        "print('started', flush=True)\n"
        "run(read_course(pathlib.Path(sys.argv[1])), which=('lab',))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(built.root)],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert not kernels()
    assert not list(tmp_path.glob("labkit-*"))


def test_unknown_names_are_refused(built: Course) -> None:
    with pytest.raises(BadInput, match="labs"):
        run(built, which=("labs",))
    with pytest.raises(BadInput, match="it is planned"):
        run(built, ["later-on"])
    with pytest.raises(NotFound, match="no topic 'other'"):
        run(built, ["other"])


def test_settling_waits_for_a_session_that_still_lives(labkit_home: Path) -> None:
    from labkit.core.session import Session

    assert settle()
    session = Session()
    assert not settle(deadline_s=0.1)
    session.close()
    assert settle()
