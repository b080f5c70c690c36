"""What a learner expects before something happens, beside what happened.

The first answer is the prediction; a change of mind is kept beside it, not instead of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from labkit.grading.events import Event


@dataclass(frozen=True)
class Prediction:
    """One answer given before the fact.

    Attributes:
        id: its name within the topic.
        question: what was asked.
        choices: what could be answered; empty for a free answer.
        answer: the first answer given: the prediction.
        changed_to: the last answer given, if it is another one; else empty.
    """

    topic: str
    id: str
    question: str
    choices: tuple[str, ...]
    answer: str
    changed_to: str = ""


@dataclass(frozen=True)
class Comparison:
    """A prediction beside what happened.

    Attributes:
        predicted: the prediction, or ``None`` when there is none.
        happened: what happened, in the words of the choices where there were any.
        is_right: whether they are the same; ``None`` when nothing was predicted.
    """

    question: str
    predicted: str | None
    happened: str
    is_right: bool | None


def prediction_in(events: Iterable[Event]) -> Prediction | None:
    """The prediction that the prediction events of one id come to."""
    answers = list(events)
    if not answers:
        return None
    first, last = answers[0], answers[-1]
    answer, latest = first.data["answer"], last.data["answer"]
    return Prediction(
        topic=first.topic,
        id=first.task,
        question=first.data["question"],
        choices=tuple(first.data["choices"]),
        answer=answer,
        changed_to="" if latest == answer else latest,
    )


def compare(prediction: Prediction | None, happened: str, *, question: str = "") -> Comparison:
    """Puts a prediction beside what happened. ``question`` is used where nothing was predicted."""
    if prediction is None:
        return Comparison(question, None, happened, None)
    is_right = _plain(prediction.answer) == _plain(happened)
    return Comparison(prediction.question, prediction.answer, happened, is_right)


def _plain(answer: str) -> str:
    """Spaces and capitals make no difference to an answer typed freely."""
    return " ".join(answer.split()).casefold()
