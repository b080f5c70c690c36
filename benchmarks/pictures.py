"""How long each picture takes to be drawn: the processor's time, for nobody waits for a picture."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from benchmarks.report import Table, at_most
from labkit.views.picture import Picture
from tests.views.pictures import DRAW, prepared

ROUNDS, DRAWN_S = 50, 0.005
WHOLE_MACHINE_S = {"namespaces of 500 processes": 0.1, "groups, 100 of them": 0.04}
"""Targets of the pictures of whole machines; the others of them have that of 500 processes."""


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Draws each picture of the tests, as HTML with its text."""
    rounds = ROUNDS // 10 if is_quick else ROUNDS
    rows = tuple(
        at_most(name, min(_drawn_s(draw) for _ in range(rounds)), DRAWN_S)
        for name, draw in DRAW.items()
    )
    yield Table("A picture is drawn: the best of some", rows)
    large = tuple(
        at_most(name, min(_drawn_s(draw) for _ in range(rounds)), WHOLE_MACHINE_S.get(name, 0.1))
        for name, draw in prepared().items()
    )
    yield Table("A picture of a whole machine is drawn, without the look at it", large)


def _drawn_s(draw: Callable[[], Picture]) -> float:
    before = time.process_time()
    draw().html()
    return time.process_time() - before
