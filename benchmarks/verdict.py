"""How long the course's checks take to say what is the case.

Each check is asked in the state before its task, and as often again with a sandbox and a few dozen
further processes on the machine, which is more for it to look at.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.report import Row, Table, at_most
from labkit.core.errors import LabkitError
from labkit.course import find_course
from labkit.grading import Check, Lab
from labkit.sandbox import Sandbox

TARGET_S = 0.2
ROUNDS = 7
CROWD = 40


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Runs each check of the course."""
    rounds = 2 if is_quick else ROUNDS
    rows = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stack.enter_context(Sandbox())
        for _ in range(CROWD):
            stack.enter_context(_bystander())
        for topic in find_course(Path(__file__).parents[1]).present:
            checks = topic.checks()
            values = checks.variant.values("benchmark", topic.slug)
            for check in checks.values():
                with Lab(topic.slug, Path(folder) / topic.slug, values) as lab:
                    rows.append(_row(f"{topic.slug}/{check.id}", check, lab, rounds))
    yield Table(f"A check's verdict, beside {CROWD} more processes: medians", tuple(rows))


def _row(name: str, check: Check, lab: Lab, rounds: int) -> Row:
    times, verdict = [], None
    for _ in range(rounds):
        started = time.perf_counter()
        lab.refresh()
        try:
            verdict = check.run(lab)
        except LabkitError as error:
            return Row(name, "-", f"not measured: {error}", f"≤ {TARGET_S * 1000:g} ms", False)
        times.append(time.perf_counter() - started)
    note = f"worst {max(times) * 1000:.1f} ms; {verdict.status if verdict else ''}"
    return at_most(name, statistics.median(times), TARGET_S, note)


@contextmanager
def _bystander() -> Iterator[None]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield
        process.kill()
