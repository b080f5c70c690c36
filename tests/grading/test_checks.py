"""A check names what it sees, and a broken one says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import AuthorError, Blocked, SystemFault
from labkit.grading import (
    OTHER,
    Check,
    Evidence,
    Lab,
    Verdict,
    blocked,
    check,
    not_yet,
    passed,
)


def made(look: Callable[[Lab], Any], **settings: Any) -> Check:
    made = check("a-check", title="A check", hints=("a hint",), **settings)(look)

    @made.wrong("odd", says="It is odd.")
    def _(lab: Lab) -> None:
        pass

    return made


@pytest.mark.parametrize("state", ["absent", "empty", "capitals"])
def test_a_listed_wrong_state_is_named_with_its_own_message(
    note: Check, lab: Lab, state: str
) -> None:
    note.wrong_states[state].make(lab)
    verdict = note.run(lab)
    assert (verdict.status, verdict.state) == ("not yet", state)
    assert verdict.message == note.wrong_states[state].says
    assert verdict.disagreements


def test_a_wrong_state_that_nobody_listed_shows_expected_beside_observed(
    note: Check, lab: Lab
) -> None:
    note.unlisted_states[0].make(lab)
    verdict = note.run(lab)
    assert (verdict.status, verdict.state) == ("not yet", OTHER)
    assert verdict.message
    assert verdict.disagreements == (Evidence("its text", str(lab["word"]), "badger"),)


@pytest.mark.parametrize("way", [0, 1])
def test_each_right_way_passes(note: Check, lab: Lab, way: int) -> None:
    note.right_ways[way].make(lab)
    assert note.run(lab).is_passed


def test_what_the_author_wrote_is_kept(note: Check) -> None:
    assert (note.id, note.title, note.points, note.topic) == ("note", "Write a note", 2, "notes")
    assert note.doc == "Looks at note.txt in the work folder."
    assert list(note.wrong_states) == ["absent", "empty", "capitals"]
    assert [state.near_miss for state in note.wrong_states.values()] == [False, True, True]
    assert [way.title for way in note.right_ways] == ["command line", "Python"]


def test_what_the_machine_lacks_blocks_before_the_check_looks(tmp_path: Path) -> None:
    def look(lab: Lab) -> Any:
        raise RuntimeError("it looked")

    def missing(ids: Sequence[str]) -> list[str]:
        return [f"needs {id}" for id in ids]

    lab = Lab("t", tmp_path, {}, missing=missing)
    verdict = made(look, requires=("sandbox", "limits")).run(lab)
    assert verdict == blocked("needs sandbox\nneeds limits")


def test_a_capability_that_nobody_knows_is_the_authors_mistake(tmp_path: Path) -> None:
    # Asks labkit.host itself.
    checked = made(lambda lab: passed(), requires=("sandbocks",))
    with pytest.raises(AuthorError, match="sandbocks"):
        checked.run(Lab("t", tmp_path, {}))


def test_blocked_raised_while_looking_is_a_verdict(lab: Lab) -> None:
    def look(lab: Lab) -> Any:
        raise Blocked("no limits here", why="cgroup v1 is not yours", hint="run as root")

    verdict = made(look).run(lab)
    assert verdict.status == "blocked"
    assert "cgroup v1 is not yours" in verdict.message
    assert "run as root" in verdict.message


@pytest.mark.parametrize(
    "error", [ValueError("boom"), SystemFault("mount", errno=1), SystemExit(3)]
)
def test_any_other_exception_is_a_broken_check_with_file_and_line(
    lab: Lab, error: BaseException
) -> None:
    def look(lab: Lab) -> Any:
        raise error

    line = look.__code__.co_firstlineno + 1
    with pytest.raises(AuthorError) as caught:
        made(look).run(lab)
    assert caught.value.where == f"{__file__}:{line}"
    assert type(error).__name__ in str(caught.value)
    assert caught.value.__cause__ is error


def test_the_line_is_the_one_in_the_checks_own_file(lab: Lab) -> None:
    def look(lab: Lab) -> Any:
        return Path("/nonexistent").read_text()

    with pytest.raises(AuthorError) as caught:
        made(look).run(lab)
    assert caught.value.where == f"{__file__}:{look.__code__.co_firstlineno + 1}"


def test_an_interrupt_is_not_swallowed(lab: Lab) -> None:
    def look(lab: Lab) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made(look).run(lab)


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (None, "instead of a verdict"),
        (True, "instead of a verdict"),
        (not_yet("od", Evidence("a", "1", "2")), "'od'; listed are: odd"),
        (not_yet("odd"), "nothing that disagrees"),
        (not_yet(OTHER, Evidence("a", "1", "1")), "nothing that disagrees"),
        (not_yet("odd", Evidence("a", "at least 1", "3", is_met=True)), "nothing that disagrees"),
    ],
)
def test_a_verdict_that_cannot_be_meant_is_refused(lab: Lab, verdict: object, says: str) -> None:
    with pytest.raises(AuthorError, match=says):
        made(lambda lab: verdict).run(lab)


def test_each_run_looks_at_the_machine_anew(lab: Lab) -> None:
    seen = []

    def look(lab: Lab) -> Any:
        seen.append(lab.processes())
        assert lab.processes() is seen[-1]
        return passed()

    checked = made(look)
    checked.run(lab)
    checked.run(lab)
    assert seen[0] is not seen[1]


def test_evidence_compares_numbers_by_their_text() -> None:
    assert Evidence("pids.max", 20, "20").agrees  # type: ignore[arg-type]
    assert not Evidence("pids.max", "20", "21").agrees
    assert Evidence("processes", "at least 1", "3", is_met=True).agrees


def test_a_verdict_is_a_value() -> None:
    assert {passed("x", Evidence("a", "1", "1")), passed("x", Evidence("a", "1", "1"))} == {
        Verdict("passed", message="x", evidence=(Evidence("a", "1", "1"),))
    }
