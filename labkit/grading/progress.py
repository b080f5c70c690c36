"""One learner's progress: what was seen, tried, hinted, revealed and predicted.

A thin face on an append-only list of events (:mod:`labkit.grading.database`); every answer is
counted up from it (:mod:`labkit.grading.summary`). Knows nothing about how it is shown. The
learner is root beside it: it is a help, not a proof. What must count is replayed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput, NotFound
from labkit.core.paths import data_dir
from labkit.grading.checks import Check
from labkit.grading.database import EventStore
from labkit.grading.events import SEED, Event, clean, new_event
from labkit.grading.predictions import Comparison, Prediction, compare, prediction_in
from labkit.grading.summary import Score, Tally, TaskState, tally
from labkit.grading.verdict import Verdict

if TYPE_CHECKING:
    from labkit.grading.exports import Export
    from labkit.grading.messages import Events
    from labkit.grading.transfer import Imported

SEED_VARIABLE = "LABKIT_SEED"
"""The environment variable that overrides the learner's seed and is never stored."""

EVENTS_VARIABLE = "LABKIT_EVENTS"
"""The environment variable that has the path of a socket to whoever keeps the events."""


class Progress:
    """The progress of the learner of one file.

    Args:
        path: the file; made when first used. Not given: ``progress.sqlite`` in the data folder, or
            what the host keeps, where ``LABKIT_EVENTS`` is the path of a socket to it.

    Every method may raise :class:`Blocked` (the file cannot be written), :class:`SystemFault`
    (the disk is full) or :class:`TimedOut` (another process holds the file).
    """

    def __init__(self, path: Path | None = None) -> None:
        self._store = _store_of(path)
        self.path = self._store.path

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<progress in {self.path}>"

    def close(self) -> None:
        """Closes the file; it is opened again when next used."""
        self._store.close()

    @property
    def notice(self) -> str:
        """What the learner should know about the file, such as that it was damaged; else empty."""
        self._store.read(kind="seed")
        return self._store.notice

    @property
    def seed(self) -> str:
        """The learner's seed: from ``LABKIT_SEED``, else drawn at first use and kept.

        Raises:
            BadInput: ``LABKIT_SEED`` is no seed.
        """
        if seed := os.environ.get(SEED_VARIABLE):
            if not SEED.holds(seed):
                raise BadInput(f"{SEED_VARIABLE} is {seed[:80]!r}", why=f"it must be {SEED.says}")
            return seed
        # Writing needs the disk; reading first keeps each later call cheap.
        own = self._own_seeds() or self._draw_seed()
        return str(own[-1].data["seed"])

    def events(self, *, kind: str = "", task: str = "") -> list[Event]:
        """The events in the order in which they were written, of one kind or task if given."""
        return self._store.read(kind=kind, task=task)

    def record_verdict(
        self, check: Check, verdict: Verdict, *, is_verified: bool = False, only_new: bool = False
    ) -> None:
        """Records what a check found.

        Args:
            check: the check.
            verdict: its verdict.
            is_verified: whether a replay found it on a state made by the tested solution.
            only_new: record it only if it is not the status and wrong state recorded last; for
                those who look again and again.
        """
        if only_new:
            last = self.state_of(check)
            if (last.last_status, last.last_state) == (verdict.status, verdict.state):
                return
        form = {"status": verdict.status, "state": verdict.state, "verified": is_verified}
        self._record(new_event("verdict", topic=check.topic, task=check.id, **form))

    def record_hint(self, check: Check, key: str, share: float) -> None:
        """Records that a hint was given; ``share`` of the points is its cost."""
        event = new_event("hint", topic=check.topic, task=check.id, hint=key, share=share)
        self._record(event)

    def record_reveal(self, check: Check) -> float:
        """Records that the solution was shown.

        Returns:
            What it cost: all the points that the task could still earn.
        """
        cost = self.state_of(check).remaining
        share = min(1.0, round(cost / check.points, 6))
        self._record(new_event("reveal", topic=check.topic, task=check.id, share=share))
        return cost

    def record_opened(self, topic: str) -> None:
        """Records that a topic was opened."""
        self._record(new_event("opened", topic=topic))

    def state_of(self, check: Check) -> TaskState:
        """How the learner stands to a task."""
        found = tally(self._store.read(task=check.id))
        return found.get(check.id, Tally()).state(check.points)

    def states_of(self, checks: Iterable[Check]) -> dict[str, TaskState]:
        """How the learner stands to several tasks, by the check's id, in one reading."""
        found = tally(self._store.read())
        return {check.id: found.get(check.id, Tally()).state(check.points) for check in checks}

    def score(self, checks: Iterable[Check]) -> Score:
        """The points of several checks together."""
        checks = list(checks)
        states = self.states_of(checks).values()
        return Score(
            earned=round(sum(state.earned for state in states), 2),
            possible=sum(check.points for check in checks),
            done=sum(state.status == "passed" for state in states),
            tasks=len(checks),
        )

    def predict(
        self, topic: str, id: str, question: str, choices: Sequence[str], answer: str
    ) -> Prediction:
        """Records what the learner expects. The first answer stays the prediction.

        Args:
            topic: the topic's id.
            id: the prediction's name within the topic.
            question: what is asked.
            choices: what may be answered; none for a free answer.
            answer: the answer.

        Raises:
            NotFound: ``answer`` is none of the choices.
            BadInput: a text is too long, or ``answer`` is empty.
        """
        if not answer.strip():
            raise BadInput(f"the prediction {id} needs an answer")
        if choices and answer not in choices:
            raise NotFound("choice", answer, choices, hint=f"Choose one of: {', '.join(choices)}")
        known = self.prediction(topic, id)
        if known is None or answer != (known.changed_to or known.answer):
            form = {"question": question, "choices": list(choices), "answer": clean(answer)}
            self._record(new_event("prediction", topic=topic, task=id, **form))
        return self.prediction(topic, id) or Prediction(topic, id, question, (*choices,), answer)

    def prediction(self, topic: str, id: str) -> Prediction | None:
        """The learner's prediction, or ``None``."""
        answers = self._store.read(kind="prediction", task=id)
        return prediction_in(event for event in answers if event.topic == topic)

    def compare(self, topic: str, id: str, happened: str, *, question: str = "") -> Comparison:
        """The learner's prediction beside what happened; says so where there is none."""
        return compare(self.prediction(topic, id), happened, question=question)

    def export(self, path: Path) -> None:
        """Writes the seed and all events to one file. See :func:`exports.write_export`."""
        from labkit.grading.exports import write_export

        write_export(path, self.seed, self.events())

    def import_(self, export: Export, *, take_seed: bool | None = None) -> Imported:
        """Adds the events of an export; those already here are left out.

        What they say was passed is a claim, worth nothing until :func:`replay` has verified it.

        Args:
            export: what :func:`read_export` gave.
            take_seed: whether to go on with the export's seed, and so with its values. Not given:
                yes where nothing has happened yet.

        Raises:
            BadInput: both have a seed of their own, and ``take_seed`` is not given.
        """
        from labkit.grading.transfer import merge

        return merge(self, export, take_seed)

    def add(self, *events: Event) -> int:
        """Writes events as they are, after the learner's seed. Returns how many were new."""
        return self._record(*events)

    def _record(self, *events: Event) -> int:
        if not os.environ.get(SEED_VARIABLE) and not self._own_seeds():
            self._draw_seed()  # the seed is the first event
        return self._store.append(*events)

    def _own_seeds(self) -> list[Event]:
        return [event for event in self._store.read(kind="seed") if not event.is_foreign]

    def _draw_seed(self) -> list[Event]:
        self._store.append_first(new_event("seed", seed=secrets.token_hex(4)))
        return self._own_seeds()


def _store_of(path: Path | None) -> Events:
    if path is None and (sock := os.environ.get(EVENTS_VARIABLE)):
        from labkit.grading.remote import RemoteEventStore

        return RemoteEventStore(Path(sock))
    return EventStore(path.absolute() if path else data_dir() / "progress.sqlite")
