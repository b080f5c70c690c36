"""An import adds what is new, believes nothing, and a replay brings the state back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.core.errors import BadInput, Blocked
from labkit.grading import (
    Check,
    Checks,
    Export,
    Lab,
    Progress,
    next_hint,
    not_yet,
    passed,
    read_export,
    replay,
)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Progress]:
    """The progress on another machine."""
    with Progress(tmp_path / "other.sqlite") as progress:
        yield progress


def moved(progress: Progress) -> Export:
    path = progress.path.with_suffix(".json")
    progress.export(path)
    return read_export(path)


def test_a_fresh_progress_goes_on_with_the_imported_seed(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, not_yet("empty"))
    other.record_opened("notes")
    assert other.import_(moved(progress)).is_seed_taken
    assert other.seed == progress.seed
    with Progress(other.path) as again:
        assert again.seed == progress.seed


def test_importing_twice_adds_nothing(progress: Progress, other: Progress, note: Check) -> None:
    progress.record_verdict(note, not_yet("empty"))
    first = other.import_(moved(progress))
    before = other.events()
    assert first.added == 2
    for take_seed in (None, False, True):
        assert other.import_(moved(progress), take_seed=take_seed).added == 0
        assert other.events() == before


def test_there_and_back_adds_only_what_happened_there(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, not_yet("empty"))
    other.import_(moved(progress))
    other.record_verdict(note, not_yet("capitals"))
    known = {event.id for event in progress.events()}
    progress.import_(moved(other))
    new = [event for event in progress.events() if event.id not in known]
    assert {event.kind for event in new if not event.is_foreign} <= {"import"}
    assert progress.state_of(note).last_state == "capitals"
    assert progress.state_of(note).attempts == 2


def test_the_import_is_recorded_as_unverified(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed())
    export = moved(progress)
    other.import_(export)
    [event] = other.events(kind="import")
    form = {"digest": export.digest, "seed": progress.seed, "events": 2, "verified": False}
    assert event.data == form


def test_two_seeds_are_not_mixed_unasked(progress: Progress, other: Progress, note: Check) -> None:
    progress.record_verdict(note, not_yet("empty"))
    other.record_verdict(note, not_yet("absent"))
    before = other.events()
    with pytest.raises(BadInput, match="take_seed=True"):
        other.import_(moved(progress))
    assert other.events() == before


@pytest.mark.parametrize("take_seed", [True, False])
def test_whose_seed_to_go_on_with_can_be_said(
    progress: Progress, other: Progress, note: Check, take_seed: bool
) -> None:
    progress.record_verdict(note, not_yet("empty"))
    other.record_verdict(note, not_yet("absent"))
    own = other.seed
    assert other.import_(moved(progress), take_seed=take_seed).is_seed_taken is take_seed
    assert other.seed == (progress.seed if take_seed else own)
    other.import_(moved(progress))  # and is not asked again
    assert other.seed == (progress.seed if take_seed else own)


def test_an_imported_pass_earns_nothing_until_it_is_replayed(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed(), is_verified=True)  # whatever the file says
    other.import_(moved(progress))
    state = other.state_of(note)
    assert (state.status, state.earned, state.is_claimed) == ("untouched", 0, True)
    assert other.score([note]).done == 0


def test_whoever_made_the_export_its_events_are_foreign(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed())
    made_by_hand = Export("ada", "0.1.0", tuple(progress.events()), "0" * 16)
    other.import_(made_by_hand)
    assert other.state_of(note).earned == 0


def test_imported_hints_and_predictions_count(
    progress: Progress, other: Progress, note: Check
) -> None:
    hint = next_hint(note, progress)
    progress.predict("notes", "p", "q", (), "a")
    other.import_(moved(progress))
    assert other.state_of(note).remaining == 1.8
    assert next_hint(note, other).text != hint.text
    assert other.predict("notes", "p", "q", (), "b").answer == "a"


def test_a_replay_rebuilds_the_state_checks_it_and_counts_it(
    progress: Progress, other: Progress, checks: Checks, lab: Lab
) -> None:
    note = checks["note"]
    next_hint(note, progress)
    progress.record_verdict(note, passed())
    next_hint(note, progress)  # after passing: free, there and here
    progress.record_reveal(note)
    export = moved(progress)
    other.import_(export)

    def rebuild(check: Check) -> None:
        check.right_ways[1].make(lab)

    [(id, verdict)] = replay(export, checks, rebuild, lambda check: lab, progress=other)
    assert (id, verdict.status) == ("note", "passed")
    assert (lab.folder / "note.txt").read_text() == lab["word"]  # the learner has it again
    state = other.state_of(note)
    assert (state.status, state.earned, state.is_claimed) == ("passed", 1.8, False)
    assert other.events(kind="verdict")[-1].data["verified"] is True


def test_a_replay_whose_state_is_not_right_counts_nothing(
    progress: Progress, other: Progress, checks: Checks, lab: Lab
) -> None:
    progress.record_verdict(checks["note"], passed())
    export = moved(progress)
    other.import_(export)
    [(_, verdict)] = replay(export, checks, lambda check: None, lambda check: lab, progress=other)
    assert verdict.state == "absent"
    assert other.score(checks.values()).earned == 0


def test_a_replay_runs_only_what_was_passed(progress: Progress, checks: Checks, lab: Lab) -> None:
    progress.record_verdict(checks["note"], not_yet("empty"))
    rebuilt: list[Check] = []
    assert replay(moved(progress), checks, rebuilt.append, lambda check: lab) == []
    assert rebuilt == []


def test_a_state_that_this_machine_cannot_make_is_blocked(
    progress: Progress, checks: Checks, lab: Lab
) -> None:
    progress.record_verdict(checks["note"], passed())

    def rebuild(check: Check) -> None:
        raise Blocked("no limits", why="cgroup v1")

    [(_, verdict)] = replay(moved(progress), checks, rebuild, lambda check: lab)
    assert verdict.status == "blocked"
    assert "cgroup v1" in verdict.message


def test_a_task_that_the_course_has_not_is_named(
    progress: Progress, checks: Checks, lab: Lab
) -> None:
    progress.record_verdict(checks["note"], passed())
    [(id, verdict)] = replay(moved(progress), {}, lambda check: None, lambda check: lab)
    assert (id, verdict.status) == ("note", "blocked")
    assert "no check 'note'" in verdict.message


def test_a_reveal_taken_here_before_the_import_still_costs(
    progress: Progress, other: Progress, checks: Checks, lab: Lab
) -> None:
    note = checks["note"]
    progress.record_verdict(note, passed())
    other.record_reveal(note)
    export = moved(progress)
    other.import_(export, take_seed=True)
    note.right_ways[1].make(lab)
    replay(export, checks, lambda check: None, lambda check: lab, progress=other)
    assert other.state_of(note).earned == 0


def test_a_pass_of_ones_own_does_not_need_the_import(
    progress: Progress, other: Progress, note: Check
) -> None:
    progress.record_verdict(note, passed())
    other.import_(moved(progress))
    other.record_verdict(note, passed())
    assert other.state_of(note).earned == 2
    assert not other.state_of(note).is_claimed
