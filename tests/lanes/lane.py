"""A lane: commands that run one after another, and what came of them.

Knows nothing about which lanes there are. Source of the counts: the JUnit XML that pytest writes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE_S = 3000.0
"""No lane takes that long, on the slowest machine; one that does hangs."""

_WIDTH = 240
_KINDS = ("tests", "failures", "errors", "skipped")


@dataclass(frozen=True)
class Lane:
    """Commands, and how many cores they use.

    Attributes:
        name: what it is called on the command line and in the table.
        what: what it proves, in a few words.
        commands: each is one test, or reports many: then it has ``{junit}`` for the path of its
            report.
        env: further environment.
        cores: how many of the two cores it wants; a lane with two runs alone.
        is_quiet: whether it leaves alone what all on the machine see: processes, cgroups, networks.
        looks_around: whether it looks at all of that, so that only quiet lanes may run beside it.
    """

    name: str
    what: str
    commands: tuple[tuple[str, ...], ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cores: int = 1
    is_quiet: bool = False
    looks_around: bool = False

    def bears(self, other: Lane) -> bool:
        """Whether another lane may run beside this one."""
        return other.is_quiet or not self.looks_around


@dataclass(frozen=True)
class Outcome:
    """What came of a lane.

    Attributes:
        log: a file with what its commands printed.
        faults: a line for each test that failed: which, and how.
    """

    lane: Lane
    tests: int
    failed: int
    skipped: int
    seconds: float
    log: Path
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> int:
        """Tests that ran and passed."""
        return max(0, self.tests - self.failed - self.skipped)

    @property
    def is_good(self) -> bool:
        """Whether something ran, and nothing failed."""
        return self.failed == 0 and self.tests > 0

    def tail(self, lines: int = 40) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def run_lane(lane: Lane, results: Path) -> Outcome:
    """Runs every command of a lane, a failing one no less than the next; output goes to a file."""
    started = time.monotonic()
    log = results / f"{lane.name}.log"
    counts: dict[str, int] = dict.fromkeys(_KINDS, 0)
    faults: list[str] = []
    with log.open("w") as output:
        for number, command in enumerate(lane.commands):
            report = results / f"{lane.name}-{number}.xml"
            report.unlink(missing_ok=True)
            argv = [part.replace("{junit}", str(report)) for part in command]
            print(f"$ {shlex.join(argv)}", file=output, flush=True)
            left_s = DEADLINE_S - (time.monotonic() - started)
            code = _run(argv, {**_environment(), **lane.env}, output.fileno(), left_s)
            print(f"exit code {code}\n", file=output, flush=True)
            reports = any("{junit}" in part for part in command)
            for kind, count in _count(code, report if reports else None).items():
                counts[kind] += count
            faults += _faults(report) if report.exists() else []
    failed = counts["failures"] + counts["errors"]
    seconds = time.monotonic() - started
    return Outcome(lane, counts["tests"], failed, counts["skipped"], seconds, log, tuple(faults))


def _faults(report: Path) -> list[str]:
    """The tests of a report that failed, each with the first line of what was said."""
    found = []
    for test in ET.parse(report).getroot().iter("testcase"):
        for fault in (*test.iter("failure"), *test.iter("error")):
            said = fault.get("message", "").strip().partition("\n")[0]
            name = f"{test.get('classname')}::{test.get('name')}".removeprefix("tests.")
            found.append(f"{name}: {said}"[:_WIDTH])
    return found


def _environment() -> dict[str, str]:
    """This process's, with Python keeping what it has compiled: the tests start it very often."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _run(argv: list[str], env: Mapping[str, str], output: int, timeout_s: float) -> int:
    """Runs one command; ends it when the time is up."""
    with subprocess.Popen(
        argv, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
    ) as process:
        try:
            return process.wait(max(1.0, timeout_s))
        except subprocess.TimeoutExpired:
            process.terminate()
            os.write(output, f"\nended: no lane takes {DEADLINE_S:g} s\n".encode())
            return 124


def _count(code: int, report: Path | None) -> dict[str, int]:
    """Tests, failures, errors and skips of one command; one without a report is one test."""
    if report is None or not report.exists():
        return {"tests": 1, "failures": int(code != 0 or report is not None)}
    suites = ET.parse(report).getroot().iter("testsuite")
    rows = [suite.attrib for suite in suites]
    counts = {kind: sum(int(row.get(kind, 0)) for row in rows) for kind in _KINDS}
    if code != 0 and not counts["failures"] + counts["errors"]:
        counts["errors"] = 1  # pytest itself failed, or found no test
    return counts
