"""Every state that a check's author lists, by name: what the tests play, here or in a machine.

Run as ``python -m tests.labs.states``, in a machine: plays the states of the checks that need one,
and prints a line of JSON for each.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.course import Topic, find_course
from labkit.grading import OTHER, Check, Lab, Verdict

COURSE = find_course(Path(__file__))
CHECKS = [
    check for topic in COURSE.topics if not topic.is_planned for check in topic.checks().values()
]
MACHINES = "cgroup-v2"
"""Checks that require it are played in a machine of their own, which always has it, and nowhere
else: what is mandatory may not depend on whose computer it is."""

HERE = [check for check in CHECKS if MACHINES not in check.requires]
INSIDE = [check for check in CHECKS if MACHINES in check.requires]


def needs_machine(topic: Topic) -> bool:
    """Whether a topic's notebooks are played in a machine."""
    return any(check.topic == topic.slug for check in INSIDE)


@dataclass(frozen=True)
class State:
    """A state, and what the check has to say of it.

    Attributes:
        check: whose.
        kind: ``untouched``, ``wrong``, ``unlisted`` or ``right``.
        name: its id or its title.
        make: brings it about.
    """

    check: Check
    kind: str
    name: str
    make: Callable[[Lab], object]

    @property
    def id(self) -> str:
        return f"{self.check.id}: {self.kind}: {self.name}"

    def play(self, folder: Path) -> Verdict:
        """Brings it about in a new lab, and asks the check."""
        topic = COURSE.topic(self.check.topic)
        values = topic.checks().variant.values("a seed", topic.slug)
        with Lab(topic.slug, folder / "work", values) as lab:
            self.make(lab)
            return self.check.run(lab)

    def mistake(self, verdict: Verdict) -> str:
        """What is wrong with a verdict on it; empty when nothing is."""
        said = f"{verdict.status} {verdict.state}: {verdict.message} {list(verdict.evidence)}"
        differ = [row for row in verdict.evidence if not row.agrees]
        if self.kind == "right":
            return "" if verdict.is_passed and not differ else said
        state = {"wrong": self.name, "unlisted": OTHER}.get(self.kind, verdict.state)
        if (verdict.status, verdict.state) != ("not yet", state) or not differ:
            return said
        if self.kind == "wrong" and verdict.message != self.check.wrong_states[self.name].says:
            return said
        return "" if verdict.message else said


def states_of(checks: list[Check]) -> Iterator[State]:
    """All states of some checks, in the authors' order."""
    for check in checks:
        yield State(check, "untouched", "exercise", lambda lab: None)
        for state in check.listed:
            yield State(check, "wrong", state.id, state.make)
        for way in check.unlisted_states:
            yield State(check, "unlisted", way.title, way.make)
        for way in check.right_ways:
            yield State(check, "right", way.title, way.make)


def main() -> None:
    for state in states_of(INSIDE):
        with tempfile.TemporaryDirectory() as folder:
            try:
                mistake = state.mistake(state.play(Path(folder)))
            except Exception as error:
                mistake = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps({"state": state.id, "mistake": mistake}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
