"""Reads verdicts out of the outputs of a notebook that is played.

``check()`` shows each verdict also as data, of the type :data:`MIME`; this is how whoever plays a
notebook learns of it. Knows nothing about how a notebook is played.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from labkit.course.notebook import Notebook

MIME = "application/vnd.labkit.verdict+json"
"""The type of ``{"topic", "check", "status", "state", "seconds"}``."""

ASKS = re.compile(r"""^\s*check\(\s*["']([^"']+)["']\s*\)\s*$""", re.MULTILINE)

Result = Literal["passed", "not yet", "blocked", "broken"]


@dataclass(frozen=True)
class CheckResult:
    """What a check said while its notebook was played.

    Attributes:
        topic: the topic's slug.
        notebook: ``lab``, ``exercise`` or ``solution``.
        check: the check's id.
        verdict: ``passed``, ``not yet``, ``blocked``, or ``broken`` when it gave no verdict.
        state: the wrong state that it named; empty for none.
        seconds: how long it took.
    """

    topic: str
    notebook: str
    check: str
    verdict: Result
    state: str
    seconds: float


class VerdictReader:
    """Collects the verdicts of one notebook.

    Args:
        topic: the topic's slug.
        kind: which of its notebooks.
    """

    def __init__(self, topic: str, kind: str) -> None:
        self.topic, self.kind = topic, kind
        self.results: list[CheckResult] = []

    @property
    def final(self) -> tuple[CheckResult, ...]:
        """The last verdict of each check: a lab may show on purpose that it is not yet passed."""
        return tuple({result.check: result for result in self.results}.values())

    def read(self, number: int, of: int, cell: Notebook, took_s: float) -> list[CheckResult]:
        """Takes and gives the verdicts of a cell just played. Fits ``play(on_cell=…)``."""
        new = self.results_of(cell, took_s)
        self.results += new
        return new

    def results_of(self, cell: Notebook, took_s: float) -> list[CheckResult]:
        """The verdicts in a cell's outputs; ``broken`` for a check that gave none."""
        told = [output for output in cell.outputs if _holds(output)]
        found = [self._result(output, took_s) for output in told]
        given = {result.check for result in found}
        return found + [
            CheckResult(self.topic, self.kind, id, "broken", "", took_s)
            for id in asked(cell)
            if id.rpartition("/")[2] not in given
        ]

    def _result(self, output: Notebook, took_s: float) -> CheckResult:
        data = output.data[MIME]
        seconds = data.get("seconds", output.metadata.get("seconds", took_s))
        status = data.get("status")
        verdict: Result = status if status in ("passed", "not yet", "blocked") else "broken"
        return CheckResult(
            self.topic,
            self.kind,
            str(data.get("check", "")),
            verdict,
            str(data.get("state") or ""),
            float(seconds),
        )


def asked(cell: Notebook) -> list[str]:
    """The checks that a cell asks."""
    return ASKS.findall(cell.source)


def _holds(output: Notebook) -> bool:
    return output.output_type in ("display_data", "execute_result") and MIME in output.data
