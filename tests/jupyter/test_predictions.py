from __future__ import annotations

from pathlib import Path

import pytest

from labkit import begin, compare, predict
from labkit.core.errors import BadInput, NotFound
from labkit.jupyter.workspace import Workspace

CHOICES = ["1", "the host's"]


@pytest.fixture(autouse=True)
def topic(workspace: Workspace) -> None:
    begin("first-box")


def test_without_a_notebook_the_question_is_text() -> None:
    told = str(predict("pid", "Which PID?", CHOICES))
    assert told.splitlines()[0] == "Which PID?"
    assert "- the host's" in told
    assert 'answer="1"' in told


def test_an_answer_is_recorded_and_stays_the_prediction(workspace: Workspace) -> None:
    predict("pid", "Which PID?", CHOICES, "the host's")
    assert "later thought: 1" in str(predict("pid", "Which PID?", CHOICES, "1"))
    found = workspace.progress.prediction("first-box", "pid")
    assert found is not None
    assert (found.answer, found.changed_to) == ("the host's", "1")
    assert "You predicted: the host's" in str(predict("pid", "Which PID?", CHOICES))


def test_what_happened_stands_beside_the_prediction() -> None:
    predict("pid", "Which PID?", CHOICES, "the host's")
    text = compare("pid", happened=1).text
    assert "Which PID?" in text
    assert "the host's" in text
    assert "no" in text.splitlines()[-1]


def test_without_an_answer_it_says_so() -> None:
    predict("pid", "Which PID?", CHOICES)
    text = compare("pid", happened="1").text
    assert "Which PID?" in text
    assert "(nothing)" in text


def test_what_was_never_asked_cannot_be_compared() -> None:
    predict("pid", "Which PID?", CHOICES)
    with pytest.raises(NotFound, match="Did you mean pid"):
        compare("pidd", happened="1")


def test_an_answer_that_is_no_choice_is_refused(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="no choice '2'"):
        predict("pid", "Which PID?", CHOICES, "2")
    assert workspace.progress.prediction("first-box", "pid") is None


def test_a_lab_that_opens_no_topic_is_known_by_its_folder(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.opened = ""
    with pytest.raises(BadInput, match="no topic is open"):
        predict("pid", "Which PID?", CHOICES, "1")
    monkeypatch.chdir(root / "labs/00-first-box")
    predict("pid", "Which PID?", CHOICES, "1")
    assert workspace.progress.prediction("first-box", "pid") is not None
