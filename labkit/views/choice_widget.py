"""A question with a few answers: for a prediction, recorded before one sees what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from labkit.core.errors import BadInput
from labkit.views.escape import clean, escape
from labkit.views.live_widget import describe


def choice(
    question: str,
    choices: Sequence[str],
    on_answer: Callable[[str], object],
    *,
    chosen: str | None = None,
) -> Any:
    """A widget with a radio group and a button that says the answer.

    Args:
        question: what is asked. What stands between backquotes is shown as code, as in ``choices``.
        choices: the answers to choose from.
        on_answer: called with the answer, at each press. A text that it returns is shown; an
            error that it raises is shown, and the answer then does not count.
        chosen: the answer given earlier.

    Returns:
        An anywidget. Its ``receive(message)`` is what a message of the front end calls.

    Raises:
        BadInput: fewer than two answers, one of them twice, or ``chosen`` is none of them.
    """
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise BadInput(
            "a question needs two answers or more, each of them once", why=f"given: {list(choices)}"
        )
    if chosen is not None and chosen not in choices:
        raise BadInput(f"{chosen!r} is not one of the answers", why=f"given: {list(choices)}")
    return _widget_class()(question, tuple(choices), on_answer, chosen)


@cache
def _widget_class() -> Any:
    from traitlets import Dict, Int, List, Unicode

    from labkit.views.widgets import widget_base

    class Choice(widget_base("choice")):  # type: ignore[misc]
        """The question, shown."""

        question = Unicode().tag(sync=True)
        choices: Any = List().tag(sync=True)
        chosen = Int(-1).tag(sync=True)
        message = Unicode().tag(sync=True)
        error = Dict().tag(sync=True)

        def __init__(
            self,
            question: str,
            choices: tuple[str, ...],
            on_answer: Callable[[str], object],
            chosen: str | None,
        ) -> None:
            self.on_answer = on_answer
            super().__init__(
                question=clean(question),
                choices=[clean(words) for words in choices],
                chosen=-1 if chosen is None else choices.index(chosen),
                message="" if chosen is None else _saved(chosen),
            )
            self.answers = choices

        def respond(self, message: Mapping[str, Any]) -> dict[str, Any]:
            """Hands the answer on."""
            try:
                answer = self.answers[_index(message.get("answer"), len(self.answers))]
                result = self.on_answer(answer)
            except Exception as error:  # whatever it is, it is shown: nobody else would see it
                self.error = describe(error)
                return {}
            self.error = {}
            self.chosen = self.answers.index(answer)
            self.message = clean(result) if isinstance(result, str) else _saved(answer)
            return {}

        def still(self) -> dict[str, str]:
            marks = ["●" if i == self.chosen else "○" for i in range(len(self.choices))]
            lines = [f"{mark} {words}" for mark, words in zip(marks, self.choices, strict=True)]
            items = "".join(f"<li>{escape(line)}</li>" for line in lines)
            return {
                "text/html": f"<p><strong>{escape(self.question)}</strong></p>"
                f'<ul style="list-style:none">{items}</ul>',
                "text/plain": "\n".join([self.question, *lines]),
            }

    return Choice


def _index(answer: object, count: int) -> int:
    if type(answer) is int and 0 <= answer < count:
        return answer
    raise BadInput(f"there is no answer number {answer!r}")


def _saved(answer: str) -> str:
    return f"You predicted: {clean(answer)}"
