from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit import check, hint, reveal
from labkit.core.errors import NotFound
from labkit.jupyter.verdicts import VERDICT_TYPE, NotPassed
from labkit.jupyter.workspace import Workspace
from tests.jupyter.small import FILES


def earned(workspace: Workspace, id: str) -> float:
    return workspace.progress.state_of(workspace.course.check(id)[1]).earned


def test_a_card_shows_itself_in_every_form(workspace: Workspace) -> None:
    data, metadata = check("write-note")._repr_mimebundle_()
    assert set(data) == {"text/html", "image/svg+xml", "text/plain", VERDICT_TYPE}
    assert data[VERDICT_TYPE] == {
        "topic": "first-box", "check": "write-note", "status": "not yet", "state": "nothing",
    }  # fmt: skip
    assert metadata["seconds"] > 0
    assert "There is no note." in data["text/html"]
    assert data["image/svg+xml"].startswith("<svg")


def test_as_text_it_shows_expected_beside_observed(workspace: Workspace) -> None:
    told = str(check("write-note"))
    word = str(workspace.lab(workspace.course.topic("first-box"))["word"])
    assert word in told
    assert "missing" in told
    assert "0 of 2 points" in told


def test_a_passed_task_earns_its_points(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    write_note()
    card = check("write-note")
    assert card.is_passed
    assert (card.card.earned, earned(workspace, "write-note")) == (2, 2)


def test_a_wrong_state_that_nobody_listed_shows_what_differs(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    write_note()
    (workspace.folder(workspace.course.topic("first-box")) / "note.txt").write_text("something")
    card = check("write-note").card
    assert card.status == "not yet"
    assert [row.observed for row in card.evidence] == ["something"]


def test_a_blocked_check_says_why_and_what_helps(workspace: Workspace) -> None:
    card = check("blocked-here").card
    assert card.status == "blocked"
    assert "it is a test" in card.message
    assert "Do something else" in card.message


def test_what_the_machine_lacks_comes_with_the_command_that_brings_it(root: Path) -> None:
    code = "from labkit import check; print(check('needs-podman'))"
    nothing = {**os.environ, "PATH": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=nothing, capture_output=True, text=True, check=True
    )
    assert "Blocked" in done.stdout
    assert "not installed" in done.stdout
    assert "podman" in done.stdout.partition("what would help")[2]


def test_under_nbgrader_what_is_not_passed_is_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with pytest.raises(NotPassed, match=r"There is no note: note\.txt: expected .*, observed miss"):
        check("write-note")


def test_hints_follow_the_state_seen_and_say_their_cost(workspace: Workspace) -> None:
    note = workspace.lab(workspace.course.topic("first-box")).folder / "note.txt"
    note.touch()
    assert check("write-note").card.hints_left == 3
    first = str(hint("write-note"))
    assert "Say `lab['word']`." in first  # the hint of the wrong state, before the general ones
    assert "Hint 1 of 3" in first
    assert "It cost 0.2 points; the next one costs 0.2 points." in first
    assert "Look at" in str(hint("write-note"))
    assert "this was the last one; to see the solution costs 1.4 points" in str(hint("write-note"))
    assert 'reveal("write-note")' in str(hint("write-note"))
    assert check("write-note").card.hints_taken == 3


def test_hints_cost_points(workspace: Workspace, write_note: Callable[[], None]) -> None:
    hint("write-note")
    write_note()
    assert check("write-note").card.earned == 1.8


def test_reveal_first_says_what_it_costs(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    told = reveal("write-note")
    assert "2 of 2 points" in str(told)
    assert 'reveal("write-note", yes=True)' in str(told)
    assert "write_text" not in str(told)
    write_note()
    assert check("write-note").card.earned == 2  # nothing was recorded


def test_reveal_shows_the_solution_at_its_cost(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    told = reveal("write-note", yes=True)
    solution = '(lab.folder / "note.txt").write_text(lab["word"])'
    assert solution in FILES["labs/00-first-box/exercise.py"]
    assert solution in told.plain
    assert f"```python\n{solution}\n```" in told.markdown
    assert "It cost 2 points." in told.plain
    write_note()
    card = check("write-note").card
    assert (card.status, card.earned, card.is_revealed) == ("passed", 0, True)


def test_after_it_is_passed_the_solution_is_free_and_shown_at_once(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    write_note()
    check("write-note")
    assert "It cost nothing." in str(reveal("write-note"))
    assert earned(workspace, "write-note") == 2


@pytest.mark.parametrize("ask", [check, hint, reveal])
def test_an_unknown_id_names_the_near_ones(
    workspace: Workspace, ask: Callable[[str], object]
) -> None:
    with pytest.raises(NotFound, match="Did you mean copy-note"):
        ask("copy-not")
