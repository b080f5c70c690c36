"""What the doctor says to a learner: the machine's capabilities, and which labs are real here.

Knows nothing about how a capability is found out (``labkit.host``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.errors import NotFound
from labkit.machine.places import BROUGHT, MICROVM, NATIVE, Place, choose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labkit.course import Course, Topic
    from labkit.grading import Check
    from labkit.host import Capability, Report

WIDTH = 35
"""Columns of a title in plain text; the longest has 34."""


LEFT = ".labkit.labkit-doctor :is(td,th){text-align:left;vertical-align:top}"
"""JupyterLab aligns tables to the right, by a rule that only two classes outweigh."""


@dataclass(frozen=True)
class TopicHealth:
    """What of one topic is real on this machine.

    Attributes:
        name: its number and slug.
        title: its heading.
        tasks: how many tasks its exercise has.
        real: how many of them can be done here.
        missing: ids of the capabilities that the others lack.
        place: where its notebooks run.
    """

    name: str
    title: str
    tasks: int
    real: int
    missing: tuple[str, ...]
    place: Place

    @property
    def is_real(self) -> bool:
        """Whether all of it can be done here."""
        return not self.missing

    @property
    def says(self) -> str:
        """How it stands, in words."""
        if self.is_real and self.place.name == NATIVE:
            return "all of it is real here"
        if self.is_real:
            return f"all of it is real, in a machine of its own: {self.place.why}"
        where = "here" if self.place.name == NATIVE else "in a machine of its own"
        lacks = ", ".join(self.missing)
        return f"{self.real} of {self.tasks} tasks can be done {where}; missing: {lacks}"


@dataclass(frozen=True)
class Diagnosis:
    """What was found. Shows itself in a notebook; ``print`` shows the same as text."""

    report: Report
    topics: tuple[TopicHealth, ...] = ()

    @property
    def needed(self) -> tuple[Capability, ...]:
        """The capabilities that are missing here, and that some topic, or every lab, needs."""
        wanted = {id for topic in self.topics for id in topic.missing}
        return tuple(
            found
            for found in self.report.capabilities
            if not found.is_ok and (found.id in wanted or (found.is_basic and not self.is_moved))
        )

    @property
    def moved(self) -> tuple[TopicHealth, ...]:
        """The topics that run in a machine of their own."""
        return tuple(topic for topic in self.topics if topic.place.name == MICROVM)

    @property
    def is_moved(self) -> bool:
        """Whether every topic does: what this machine lacks is no lack then."""
        return bool(self.topics) and self.moved == self.topics

    @property
    def is_ready(self) -> bool:
        """Whether the labs are real, here or in machines of their own."""
        return self.report.is_ready or self.is_moved

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "ready": self.is_ready,
            "capabilities": [asdict(found) for found in self.report.capabilities],
            "topics": [{**asdict(topic), "is_real": topic.is_real} for topic in self.topics],
        }

    def __str__(self) -> str:
        lines = ["This machine", *(capability_line(found) for found in self.report.capabilities)]
        if self.topics:
            lines += ["", "The topics on this machine", *map(_topic_line, self.topics)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        ok = sum(found.is_ok for found in self.report.capabilities)
        return f"<Diagnosis: {ok} of {len(self.report.capabilities)} capabilities>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": str(self)}

    def html(self) -> str:
        """Two tables: the capabilities, and the topics."""
        from labkit.views.picture import css
        from labkit.views.table import Table

        capabilities = Table(
            "This machine",
            ("what", "is there", "found, or why not", "what brings it"),
            tuple(
                (one.title, mark(one.is_ok), one.found if one.is_ok else one.why,
                 "" if one.is_ok else one.fix)
                for one in self.report.capabilities
            ),
        )  # fmt: skip
        topics = Table(
            "The topics on this machine",
            ("topic", "is real", "how much of it"),
            tuple((topic.title, mark(topic.is_real), topic.says) for topic in self.topics),
        )
        tables = [capabilities, topics] if self.topics else [capabilities]
        body = "".join(table.html() for table in tables)
        return f'<div class="labkit labkit-doctor"><style>{css()}{LEFT}</style>{body}</div>'


def diagnose() -> Diagnosis:
    """Probes this machine, and holds the course's topics against what was found.

    Takes as long as the slowest probe. Where there is no course, it tells of the machine alone.
    """
    from labkit.course import find_course
    from labkit.host import doctor

    report = doctor()
    try:
        course = find_course()
    except NotFound:
        return Diagnosis(report)
    return Diagnosis(report, topics_of(course, report))


def topics_of(course: Course, report: Report) -> tuple[TopicHealth, ...]:
    """How each topic that is there stands to what was found."""
    have = {found.id: "" if found.is_ok else found.why for found in report.capabilities}
    return tuple(_health(topic, topic.checks().values(), have) for topic in course.present)


def mark(is_ok: bool) -> str:
    """A sign and a word: neither colour nor sign carries the meaning alone."""
    return "✓ yes" if is_ok else "✗ no"


def capability_line(found: Capability) -> str:
    """One capability in plain text; a second line says what would bring it."""
    sign = "✓" if found.is_ok else "✗"
    line = f"  {sign} {found.title:<{WIDTH}} {found.found if found.is_ok else found.why}"
    return f"{line}\n{'':<{WIDTH + 5}}→ {found.fix}" if found.fix and not found.is_ok else line


def _health(topic: Topic, checks: Iterable[Check], have: dict[str, str]) -> TopicHealth:
    checks = list(checks)
    needs = dict.fromkeys(id for check in checks for id in check.requires)
    have = {**dict.fromkeys(needs, ""), **have}  # what nobody has probed is not said to be missing
    place = choose(needs, None, have)
    brought = BROUGHT if place.name == MICROVM else frozenset()
    missing = [id for id in needs if have[id] and id not in brought]
    real = sum(not set(missing).intersection(check.requires) for check in checks)
    return TopicHealth(topic.name, topic.title, len(checks), real, tuple(missing), place)


def _topic_line(topic: TopicHealth) -> str:
    return f"  {'✓' if topic.is_real else '✗'} {topic.name:<{WIDTH}} {topic.says}"
