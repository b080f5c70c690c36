"""``predict`` and ``compare``: what a learner expects, beside what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labkit.core.errors import NotFound
from labkit.jupyter.desk import desk, is_notebook, opened_topic
from labkit.jupyter.text import Text

if TYPE_CHECKING:
    from labkit.grading import Prediction
    from labkit.views import Picture


def predict(id: str, question: str, choices: Sequence[str], answer: str | None = None) -> Any:
    """Asks what will happen, before it does. The first answer stays the prediction.

    Args:
        id: the prediction's name within the topic; ``compare`` uses it.
        question: what is asked.
        choices: what may be answered.
        answer: the answer; asked for when not given.

    Returns:
        In a notebook the question with its choices to click; elsewhere the same as text.

    Raises:
        NotFound: ``answer`` is none of the choices.
    """
    workspace = desk()
    topic = opened_topic(workspace).slug
    workspace.questions[topic, id] = question

    def record(answer: str) -> Prediction:
        return workspace.progress.predict(topic, id, question, choices, answer)

    if answer is not None:
        return _told(record(answer))
    known = workspace.progress.prediction(topic, id)
    if is_notebook():
        from labkit.views import choice

        chosen = (known.changed_to or known.answer) if known else None
        return choice(question, choices, record, chosen=chosen if chosen in choices else None)
    return _told(known) if known else _asked(id, question, choices)


def compare(id: str, happened: object) -> Picture:
    """Shows the prediction beside what happened.

    Args:
        id: the prediction's name.
        happened: what happened, in the words of the choices.

    Raises:
        NotFound: nothing of that name was asked in this notebook, or predicted before.
    """
    from labkit.views import Comparison, comparison_view

    workspace = desk()
    topic = opened_topic(workspace).slug
    question = workspace.questions.get((topic, id), "")
    if not question and workspace.progress.prediction(topic, id) is None:
        asked = [name for slug, name in workspace.questions if slug == topic]
        hint = "Run the cell above that asks for it: predict(…)"
        raise NotFound("prediction", id, asked, hint=hint)
    found = workspace.progress.compare(topic, id, str(happened), question=question)
    return comparison_view(
        Comparison(found.question, found.predicted, found.happened, found.is_right)
    )


def _told(prediction: Prediction) -> Text:
    lines = [prediction.question, "", f"You predicted: {prediction.answer}"]
    if prediction.changed_to:
        lines.append(f"and later thought: {prediction.changed_to}")
    return _text(lines)


def _asked(id: str, question: str, choices: Sequence[str]) -> Text:
    lines = [question, "", *(f"- {choice}" for choice in choices), ""]
    return _text([*lines, f'To answer: predict("{id}", …, answer="{choices[0]}")'])


def _text(lines: Sequence[str]) -> Text:
    text = "\n".join(lines)
    return Text(text, text)
