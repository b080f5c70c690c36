"""How long a sandbox takes from start to exit of ``true``, beside other ways to do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from benchmarks.kernel import in_kernel
from benchmarks.report import Row, Table, duration
from benchmarks.starts import LABKIT, Figures, time_starts

TARGETS = {"bwrap --unshare-all": 1.5, "runc run": 1 / 5, "docker run --rm": 1 / 50}
"""Rival to how long labkit may take, in its time."""

ROUNDS = 60


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Times starts from a live notebook kernel, and from a plain Python process."""
    rounds = ROUNDS // 10 if is_quick else ROUNDS
    code = f"from benchmarks.starts import time_starts; time_starts({rounds})"
    yield _table("from a live notebook kernel", cast("Figures", in_kernel(code)), has_targets=True)
    yield _table("from a plain Python process", time_starts(rounds), has_targets=False)


def _table(where: str, figures: Figures, *, has_targets: bool) -> Table:
    threads = int(float(figures.pop("process")["threads"]))
    own = float(figures[LABKIT]["median_s"])
    rows = [_row(name, figure, own, has_targets) for name, figure in figures.items()]
    title = f"Start to exit of `true` in a full sandbox, {where} ({threads} threads): medians"
    return Table(title, tuple(rows))


def _row(name: str, figure: dict[str, float | str], own: float, has_targets: bool) -> Row:
    target = TARGETS.get(name) if has_targets else None
    text = f"labkit ≤ {target:g} × this" if target else ""
    if "why_not" in figure:
        return Row(name, "-", f"not measured: {figure['why_not']}", text)
    median, best = float(figure["median_s"]), float(figure["best_s"])
    ratio = own / median
    note = f"best {duration(best)}, {int(float(figure['runs']))} runs"
    if name != LABKIT:
        note += f"; labkit takes {ratio:.3g} × this"
    return Row(name, duration(median), note, text, ratio <= target if target else None)
