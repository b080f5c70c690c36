"""A watcher tells what has changed, once, and never dies unseen."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

import pytest

from labkit.core.errors import LabkitError, TimedOut
from labkit.grading import Check, Evidence, Lab, Verdict, Watcher, check, not_yet, passed

QUIET_S = 0.2
"""Long enough for several looks at the pace of these tests."""

News = queue.Queue[tuple[Check, Verdict]]


def made(look: Callable[[Lab], Verdict], id: str = "a-check") -> Check:
    built = check(id, title="x")(look)
    built.wrong("odd", says="It is odd.")(lambda lab: None)
    return built


def next_of(news: News) -> Verdict:
    return news.get(timeout=30)[1]


def watch(checks: list[Check], lab: Lab, news: News) -> Watcher:
    return Watcher(checks, lambda check: lab, lambda *new: news.put(new), every_s=0.01)


def test_a_check_ticks_itself_off_as_its_state_becomes_true(note: Check, lab: Lab) -> None:
    news: News = queue.Queue()
    with watch([note], lab, news):
        assert next_of(news).state == "absent"
        note.wrong_states["empty"].make(lab)
        assert next_of(news).state == "empty"
        (lab.folder / "note.txt").write_text(str(lab["word"]))
        assert next_of(news).is_passed
        (lab.folder / "note.txt").unlink()
        assert next_of(news).state == "absent"


def test_nothing_is_told_twice(note: Check, lab: Lab) -> None:
    news: News = queue.Queue()
    with watch([note], lab, news):
        next_of(news)
        with pytest.raises(queue.Empty):
            news.get(timeout=QUIET_S)


def test_changed_evidence_is_news(lab: Lab) -> None:
    counter = iter(range(10**6))
    checked = made(lambda lab: not_yet("odd", Evidence("n", "x", str(next(counter)))))
    news: News = queue.Queue()
    with watch([checked], lab, news):
        assert [next_of(news).evidence[0].observed for _ in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize("error", [ValueError("boom"), LabkitError("boom")])
def test_a_broken_check_is_told_once_and_the_others_go_on(
    note: Check, lab: Lab, error: Exception
) -> None:
    def look(lab: Lab) -> Verdict:
        raise error

    news: News = queue.Queue()
    with watch([made(look), note], lab, news) as watcher:
        assert "boom" in next_of(news).message
        assert next_of(news).state == "absent"
        with pytest.raises(queue.Empty):
            news.get(timeout=QUIET_S)
        assert watcher.is_running


def test_a_lab_that_cannot_be_had_is_told_once(note: Check) -> None:
    def no_lab(check: Check) -> Lab:
        raise OSError("no lab")

    news: News = queue.Queue()
    with Watcher([note], no_lab, lambda *new: news.put(new), every_s=0.01):
        verdict = next_of(news)
        assert verdict.status == "blocked"
        assert "no lab" in verdict.message
        with pytest.raises(queue.Empty):
            news.get(timeout=QUIET_S)


def test_an_error_of_the_listener_is_kept_and_the_watching_goes_on(note: Check, lab: Lab) -> None:
    heard: News = queue.Queue()

    def listen(check: Check, verdict: Verdict) -> None:
        heard.put((check, verdict))
        raise RuntimeError("cannot draw")

    with Watcher([note], lambda check: lab, listen, every_s=0.01) as watcher:
        next_of(heard)
        (lab.folder / "note.txt").write_text(str(lab["word"]))
        assert next_of(heard).is_passed
        assert str(watcher.error) == "cannot draw"


def test_stop_ends_the_thread_and_no_news_comes_after(note: Check, lab: Lab) -> None:
    news: News = queue.Queue()
    watcher = watch([note], lab, news).start()
    next_of(news)
    watcher.stop()
    watcher.stop()
    assert not watcher.is_running
    assert "labkit-watcher" not in {thread.name for thread in threading.enumerate()}
    (lab.folder / "note.txt").touch()
    with pytest.raises(queue.Empty):
        news.get(timeout=QUIET_S)


def test_stop_does_not_wait_out_a_long_rest(note: Check, lab: Lab) -> None:
    news: News = queue.Queue()
    watcher = Watcher([note], lambda check: lab, lambda *new: news.put(new), every_s=60).start()
    next_of(news)
    began = time.monotonic()
    watcher.stop()
    assert time.monotonic() - began < 30


def test_stop_has_a_deadline_and_says_what_hangs(lab: Lab) -> None:
    release, entered = threading.Event(), threading.Event()

    def look(lab: Lab) -> Verdict:
        entered.set()
        release.wait(10)
        return passed()

    news: News = queue.Queue()
    watcher = watch([made(look, "slow-check")], lab, news).start()
    try:
        assert entered.wait(5)
        with pytest.raises(TimedOut, match="slow-check"):
            watcher.stop(deadline_s=0.05)
    finally:
        release.set()
    watcher.stop()
    assert news.empty()


def test_a_listener_may_stop_the_watcher(note: Check, lab: Lab) -> None:
    stopped = threading.Event()

    def listen(check: Check, verdict: Verdict) -> None:
        watcher.stop()
        stopped.set()

    watcher = Watcher([note], lambda check: lab, listen, every_s=0.01)
    watcher.start()
    assert stopped.wait(5)
    watcher.stop()
    assert watcher.error is None


def test_slow_checks_get_longer_rests(lab: Lab) -> None:
    looks: queue.Queue[float] = queue.Queue()

    def look(lab: Lab) -> Verdict:
        looks.put(time.monotonic())
        time.sleep(0.05)
        return passed()

    with watch([made(look)], lab, queue.Queue()):
        first, second, third = (looks.get(timeout=20) for _ in range(3))
    assert min(second - first, third - second) > 0.24  # 0.05 s of looking, four times that of rest
