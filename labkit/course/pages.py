"""The notebooks that a course's sources make: which, from what, and where they lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.course.course import Course
from labkit.course.topic import KINDS, Topic

SOURCE_OF = {"lab": "lab", "exercise": "exercise", "solution": "exercise"}
"""Which source each kind of notebook is made from."""

LOOSE = ("home", "glossary")
"""Notebooks that belong to no topic: labs/home.py and labs/glossary.py."""


@dataclass(frozen=True)
class Page:
    """One notebook.

    Attributes:
        kind: ``lab``, ``exercise``, ``solution``, ``home`` or ``glossary``.
        source: the file it is made from.
        path: where it lies.
        topic: its topic; none for ``home`` and ``glossary``.
    """

    kind: str
    source: Path
    path: Path
    topic: Topic | None

    @property
    def prefix(self) -> str:
        """What the ids of its cells begin with."""
        return self.topic.slug if self.topic else self.kind


def pages(course: Course, only: Iterable[str] | None = None) -> list[Page]:
    """The notebooks of a course, in its order.

    Args:
        course: the course.
        only: names of topics, ``home`` or ``glossary``; everything when not given.

    Raises:
        NotFound: a name is no topic.
        BadInput: a topic is only planned.
    """
    if only is None:
        chosen: list[str] = [*LOOSE, *(topic.slug for topic in course.present)]
    else:
        chosen = list(only)
    found: dict[Path, Page] = {}
    for name in chosen:
        made = _loose(course, name) if name in LOOSE else _of_topic(course, name)
        found.update({page.path: page for page in made})
    return list(found.values())


def _loose(course: Course, name: str) -> list[Page]:
    labs = course.root / "labs"
    source = labs / f"{name}.py"
    return [Page(name, source, labs / f"{name}.ipynb", None)] if source.exists() else []


def _of_topic(course: Course, name: str) -> list[Page]:
    topic = course.topic(name)
    if topic.is_planned:
        raise BadInput(
            f"topic {topic.name} has no notebooks",
            why="it is planned, and still to come",
            hint=f"There are: {', '.join(topic.slug for topic in course.present)}",
        )
    return [
        Page(kind, topic.sources[SOURCE_OF[kind]], topic.notebook(kind), topic)
        for kind in KINDS
        if topic.sources[SOURCE_OF[kind]].exists()
    ]
