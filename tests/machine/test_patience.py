"""How long a machine that starts is waited for: what is given up, and what is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from labkit.machine.patience import IDLE_S, Patience

PID = 4711
MOST_S = 400.0


def given_up(works: Callable[[float], float], every_s: float = 0.5) -> Iterator[tuple[float, str]]:
    """When, and with which words; ``works`` tells the processor time at a time. An hour at most."""
    now_s = 1000.0
    patience = Patience(PID, MOST_S, lambda: now_s, lambda _: works(now_s - 1000.0))
    while now_s < 4600.0:
        now_s += every_s
        if why := patience.why_over():
            yield now_s - 1000.0, why


@pytest.mark.parametrize("share", [1.0, 0.5, 0.06])
def test_what_works_is_waited_for_however_busy_the_computer_is(share: float) -> None:
    is_there_after_s = 180.0
    passed_s, why = next(given_up(lambda s: s * share), (3600.0, ""))
    assert passed_s * share > is_there_after_s, why


def test_what_works_without_end_is_given_up_by_what_it_has_used() -> None:
    passed_s, why = next(given_up(lambda s: s * 0.5))
    assert passed_s == MOST_S / 0.5
    assert why == "it was not ready after 400 s of processor time"


@pytest.mark.parametrize("ticks", [0.0, 0.01])
def test_what_hangs_after_some_work_is_given_up_soon(ticks: float) -> None:
    passed_s, why = next(given_up(lambda s: min(s, 20.0) + s * ticks))
    assert 20 + IDLE_S - 4 <= passed_s <= 20 + IDLE_S + 4
    assert why == f"it has done next to nothing for {IDLE_S:g} s"


def test_what_we_were_not_let_run_does_not_count() -> None:
    """A computer that slept for an hour, or that let nobody run."""
    assert list(given_up(lambda s: s * 0.001, every_s=1200.0)) == []
