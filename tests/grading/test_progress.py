"""Progress: a seed that stays, points that add up, passes that are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.grading import (
    OTHER,
    Check,
    Checks,
    Evidence,
    Progress,
    Verdict,
    blocked,
    check,
    next_hint,
    not_yet,
    passed,
)

EMPTY = not_yet("empty", Evidence("its text", "kite", ""))


def test_the_seed_is_the_first_event_and_stays(progress: Progress, note: Check) -> None:
    progress.record_verdict(note, passed())
    assert [event.kind for event in progress.events()] == ["seed", "verdict"]
    with Progress(progress.path) as again:
        assert again.seed == progress.seed


def test_two_learners_have_two_seeds(tmp_path: Path) -> None:
    with Progress(tmp_path / "a") as one, Progress(tmp_path / "b") as two:
        assert one.seed != two.seed


def test_labkit_seed_overrides_and_is_not_stored(
    progress: Progress, note: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_SEED", "class-of-2026")
    assert progress.seed == "class-of-2026"
    progress.record_verdict(note, passed())
    assert [event.kind for event in progress.events()] == ["verdict"]
    monkeypatch.delenv("LABKIT_SEED")
    assert progress.seed != "class-of-2026"


@pytest.mark.parametrize("seed", ["a b", "x" * 65, "-x", "a\n", "\x1b[2J"])
def test_a_seed_that_is_none_is_refused(
    progress: Progress, monkeypatch: pytest.MonkeyPatch, seed: str
) -> None:
    monkeypatch.setenv("LABKIT_SEED", seed)
    with pytest.raises(BadInput, match="LABKIT_SEED"):
        _ = progress.seed


def test_the_default_place_is_the_data_folder(labkit_home: Path) -> None:
    with Progress() as progress:
        assert progress.seed
    assert (labkit_home / "progress.sqlite").exists()


def test_an_untouched_task_can_still_earn_everything(progress: Progress, note: Check) -> None:
    state = progress.state_of(note)
    assert (state.status, state.attempts, state.earned, state.remaining) == ("untouched", 0, 0, 2)


def test_the_last_wrong_state_and_the_attempts_are_kept(progress: Progress, note: Check) -> None:
    for verdict in (not_yet("absent"), blocked("no"), EMPTY):
        progress.record_verdict(note, verdict)
    state = progress.state_of(note)
    assert (state.status, state.last_state, state.attempts) == ("not yet", "empty", 2)


def test_once_passed_it_stays_passed_and_the_last_is_kept_too(
    progress: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed())
    progress.record_verdict(note, EMPTY)
    state = progress.state_of(note)
    assert (state.status, state.earned) == ("passed", 2)
    assert (state.last_status, state.last_state) == ("not yet", "empty")


@pytest.mark.parametrize(("hints", "earned"), [(0, 2), (1, 1.8), (3, 1.4)])
def test_each_hint_costs_a_tenth(
    progress: Progress, note: Check, hints: int, earned: float
) -> None:
    for _ in range(hints):
        next_hint(note, progress, state="empty")
    progress.record_verdict(note, passed())
    assert progress.state_of(note).earned == earned


def test_one_hint_taken_by_two_processes_at_once_is_paid_once(
    progress: Progress, note: Check
) -> None:
    for _ in range(2):
        progress.record_hint(note, "0123456789abcdef", 0.1)
    assert progress.state_of(note).remaining == 1.8
    assert progress.state_of(note).hints_taken == 1


def test_after_a_reveal_a_pass_earns_nothing_and_counts_as_done(
    progress: Progress, note: Check
) -> None:
    next_hint(note, progress)
    assert progress.record_reveal(note) == 1.8
    progress.record_verdict(note, passed())
    state = progress.state_of(note)
    assert (state.status, state.earned, state.is_revealed) == ("passed", 0, True)
    assert progress.score([note]).done == 1


def test_what_was_earned_is_not_lost_by_a_later_hint_or_reveal(
    progress: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed())
    assert next_hint(note, progress).cost == 0
    assert progress.record_reveal(note) == 0
    progress.record_verdict(note, passed())
    assert progress.state_of(note).earned == 2


def test_points_never_fall_below_nothing(progress: Progress) -> None:
    many = check("many", title="x", points=1, hints=[f"hint {n}" for n in range(15)])(
        lambda lab: passed()
    )
    costs = [next_hint(many, progress).cost for _ in range(15)]
    assert costs == [0.1] * 10 + [0] * 5
    assert progress.record_reveal(many) == 0
    progress.record_verdict(many, passed())
    assert progress.state_of(many).earned == 0


def test_the_score_adds_up_what_each_task_earned(progress: Progress, note: Check) -> None:
    other = check("other-task", title="x", points=3)(lambda lab: passed())
    progress.record_verdict(note, passed())
    progress.record_verdict(other, not_yet(OTHER))
    score = progress.score([note, other])
    assert (score.earned, score.possible, score.done, score.tasks) == (2, 5, 1, 2)
    assert progress.states_of([note, other])["note"] == progress.state_of(note)


def test_a_watchers_verdicts_are_recorded_only_when_they_are_new(
    progress: Progress, note: Check
) -> None:
    sequence: list[Verdict] = [EMPTY, EMPTY, passed("a"), passed("b"), EMPTY]
    for verdict in sequence:
        progress.record_verdict(note, verdict, only_new=True)
    statuses = [event.data["status"] for event in progress.events(kind="verdict")]
    assert statuses == ["not yet", "passed", "not yet"]


def test_an_opened_topic_is_recorded(progress: Progress) -> None:
    progress.record_opened("what-is-a-container")
    assert [event.topic for event in progress.events(kind="opened")] == ["what-is-a-container"]


def test_progress_survives_a_restart(progress: Progress, note: Check, checks: Checks) -> None:
    progress.record_verdict(note, passed())
    progress.close()
    with Progress(progress.path) as again:
        assert again.state_of(note).status == "passed"
