"""The lanes leave no test out, and a lane is good only when something ran and nothing failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.lanes.__main__ import Cores
from tests.lanes.lane import Lane, Outcome, run_lane
from tests.lanes.plan import ROOT, all_lanes
from tests.support.wait import wait_until


def run_pytest(folder: Path, source: str) -> Outcome:
    (folder / "test_it.py").write_text(source)
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml={junit}")
    plain = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return run_lane(Lane("it", "", ((*command, "-c", "/dev/null", str(folder)),), plain), folder)


def test_passed_failed_and_skipped_are_counted(tmp_path: Path) -> None:
    source = (
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\ndef test_c(): pytest.skip()"
    )
    outcome = run_pytest(tmp_path, source)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 1, 1)
    assert not outcome.is_good
    assert "assert 0" in outcome.tail()
    assert outcome.faults == ("test_it::test_b: assert 0",)


def test_a_lane_without_a_test_is_not_good(tmp_path: Path) -> None:
    assert not run_pytest(tmp_path, "").is_good


def test_a_lane_that_crashes_is_not_good(tmp_path: Path) -> None:
    assert not run_pytest(tmp_path, "import os\ndef test_a(): os._exit(0)").is_good


def test_every_command_of_a_lane_runs_and_counts(tmp_path: Path) -> None:
    outcome = run_lane(Lane("it", "", (("false",), ("true",))), tmp_path)
    assert (outcome.passed, outcome.failed) == (1, 1)


def test_a_lane_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lanes.lane.DEADLINE_S", 0.1)
    outcome = run_lane(Lane("it", "", (("sleep", "100"),)), tmp_path)
    assert not outcome.is_good
    assert "no lane takes" in outcome.tail()


def test_every_test_file_is_in_a_lane() -> None:
    named = {part for lane in all_lanes() for command in lane.commands for part in command}
    for path in (ROOT / "tests").rglob("test_*.py"):
        name = str(path.relative_to(ROOT))
        assert named.intersection({name, *map(str, Path(name).parents)}), name


def lane(name: str, **more: Any) -> Lane:
    return Lane(name, "", (), **more)


def test_who_comes_later_does_not_overtake_who_wants_both_cores() -> None:
    cores, wide_ran, late_ran = Cores(2), threading.Event(), threading.Event()
    with cores.take(lane("first")):
        wide = run_beside(cores, lane("wide", cores=2), wide_ran)
        wait_until(lambda: len(cores._queue) == 1)
        late = run_beside(cores, lane("late"), late_ran)
        wait_until(lambda: len(cores._queue) == 2)
        assert not late_ran.wait(0.1)
    for thread in (wide, late):
        thread.join(5)
    assert wide_ran.is_set() and late_ran.is_set()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lane("first"), lane("wide", cores=2)),
        (lane("wide", cores=2), lane("second")),
        (lane("looking", looks_around=True), lane("loud")),
        (lane("loud"), lane("looking", looks_around=True)),
    ],
)
def test_some_do_not_run_beside_each_other(first: Lane, second: Lane) -> None:
    cores, running = Cores(2), threading.Event()
    with cores.take(first):
        thread = run_beside(cores, second, running)
        assert not running.wait(0.1)
    assert running.wait(5)
    thread.join()


def test_a_quiet_lane_runs_beside_one_that_looks_around() -> None:
    cores, running = Cores(2), threading.Event()
    with cores.take(lane("looking", looks_around=True)):
        thread = run_beside(cores, lane("quiet", is_quiet=True), running)
        assert running.wait(5)
    thread.join()


ONE_AFTER_ANOTHER = """
import sys
from pathlib import Path
from tests.lanes import __main__ as runner
from tests.lanes.lane import Lane
folder = Path(sys.argv[1])
slow_end = f"trap 'sleep 1; exit 2' INT; touch {folder}/began; sleep 60"
first = Lane("first", "", (("sh", "-c", slow_end),), cores=2)
others = [Lane(f"lane{n}", "", (("touch", f"{folder}/{n}"),), cores=2) for n in range(3)]
runner.RESULTS, runner.ROOT = folder, folder
runner.all_lanes = lambda: [first, *others]
sys.exit(runner.main([]))
"""


def test_after_ctrl_c_nothing_more_begins(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ONE_AFTER_ANOTHER, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0
    ) as runner:
        wait_until((tmp_path / "began").exists)
        os.killpg(runner.pid, signal.SIGINT)
        said, _ = runner.communicate(timeout=20)
    assert runner.returncode == 130
    assert "Interrupted" in said
    assert {path.name for path in tmp_path.iterdir()} == {"began", "first.log"}


def run_beside(cores: Cores, one: Lane, running: threading.Event) -> threading.Thread:
    def run() -> None:
        with cores.take(one):
            running.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
