"""The first answer is the prediction."""

from __future__ import annotations

import pytest

from labkit.core.errors import BadInput, NotFound
from labkit.grading import Comparison, Progress

ASK = ("what-is-a-container", "first-pid", "Which PID has it inside?", ("1", "2", "as outside"))


def test_the_first_answer_counts_and_a_change_is_kept_beside_it(progress: Progress) -> None:
    progress.predict(*ASK, "as outside")
    progress.predict(*ASK, "2")
    changed = progress.predict(*ASK, "1")
    assert (changed.answer, changed.changed_to) == ("as outside", "1")
    assert progress.prediction(*ASK[:2]) == changed
    answers = [event.data["answer"] for event in progress.events(kind="prediction")]
    assert answers == ["as outside", "2", "1"]


def test_running_a_cell_again_records_nothing(progress: Progress) -> None:
    for _ in range(3):
        progress.predict(*ASK, "1")
    assert len(progress.events(kind="prediction")) == 1


def test_it_stands_beside_what_happened(progress: Progress) -> None:
    progress.predict(*ASK, "as outside")
    assert progress.compare(*ASK[:2], "1") == Comparison(ASK[2], "as outside", "1", False)
    assert progress.compare(*ASK[:2], "as outside").is_right


def test_without_a_prediction_there_is_nothing_right_or_wrong(progress: Progress) -> None:
    found = progress.compare(*ASK[:2], "1", question=ASK[2])
    assert found == Comparison(ASK[2], None, "1", None)


def test_the_same_name_in_two_topics_is_two_predictions(progress: Progress) -> None:
    progress.predict(*ASK, "1")
    assert progress.prediction("namespaces", ASK[1]) is None


def test_a_free_answer_is_compared_without_spaces_and_capitals(progress: Progress) -> None:
    progress.predict("t", "free", "Who is PID 1?", (), "  My  Shell ")
    assert progress.compare("t", "free", "my shell").is_right


def test_an_answer_that_is_no_choice_is_refused(progress: Progress) -> None:
    with pytest.raises(NotFound, match="Did you mean as outside"):
        progress.predict(*ASK, "as outsid")
    assert progress.prediction(*ASK[:2]) is None


@pytest.mark.parametrize(
    ("question", "choices", "answer"),
    [("q", (), " "), ("q" * 501, (), "a"), ("q", ["x"] * 21, "x"), ("q\x1b[2J", (), "a")],
)
def test_what_could_not_be_exported_is_not_recorded(
    progress: Progress, question: str, choices: list[str], answer: str
) -> None:
    with pytest.raises(BadInput):
        progress.predict("t", "p", question, choices, answer)
    assert progress.events(kind="prediction") == []
