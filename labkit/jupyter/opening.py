"""``begin``, ``reference``, ``course_map``, ``doctor``: finding one's way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from labkit.core.errors import BadInput
from labkit.jupyter.desk import desk
from labkit.jupyter.text import Text

if TYPE_CHECKING:
    from labkit.course import Course, Topic
    from labkit.grading import Lab, Progress
    from labkit.jupyter.diagnosis import Diagnosis
    from labkit.views import CourseMap, Picture, TopicCard
    from labkit.views.snapshots import TopicStatus


def begin(topic: str) -> Lab:
    """Opens a topic: your values and your work folder for it.

    Args:
        topic: its slug, its number, or both, such as ``"what-is-a-container"``.

    Returns:
        The lab: ``lab["hostname"]`` is a value of yours, ``lab.folder`` your work folder.

    Raises:
        NotFound: there is no such topic; says which are near.
        BadInput: it is planned, and not there yet.
    """
    workspace = desk()
    found = workspace.course.topic(topic)
    if found.is_planned:
        there = ", ".join(one.slug for one in workspace.course.present)
        raise BadInput(f"topic {found.name} is still to come", hint=f"There are: {there}")
    return workspace.open(found)


def reference(topic: str) -> Text:
    """The quick reference of a topic, on one screen.

    Args:
        topic: its slug, its number, or both.
    """
    from labkit.course import reference as read_reference

    course = desk().course
    markdown = read_reference(course.topic(topic))
    return Text(markdown, markdown)


def course_map() -> Picture:
    """The map of the course: its topics, the routes through it, and what is done."""
    from labkit.views import map_view

    workspace = desk()
    return map_view(map_of(workspace.course, workspace.progress, Path.cwd()))


def doctor() -> Diagnosis:
    """What this machine can do, what would bring the rest, and which labs are real here.

    Each thing is found out by doing it; takes a few seconds where a program is slow to answer.
    """
    from labkit.jupyter.diagnosis import diagnose

    return diagnose()


def map_of(course: Course, progress: Progress, here: Path) -> CourseMap:
    """The course as the map shows it.

    Args:
        course: the course.
        progress: the learner's progress.
        here: the folder of the notebook with the map; links are relative to it.
    """
    from labkit.views import CourseMap, Route

    opened = {event.topic for event in progress.events(kind="opened")}
    cards = tuple(_card(course, topic, progress, topic.slug in opened, here)
                  for topic in course.topics)  # fmt: skip
    routes = tuple(
        Route(route.title, route.sentence, tuple(topic.slug for topic in route.first))
        for route in course.routes
    )
    return CourseMap(cards, routes)


def _card(
    course: Course, topic: Topic, progress: Progress, is_opened: bool, here: Path
) -> TopicCard:
    from labkit.views import TopicCard

    part = _part(course, topic)
    number = int(topic.number)
    if topic.is_planned:
        return TopicCard(number, topic.slug, topic.title, part, topic.needs)
    score = progress.score(topic.checks().values())
    status: TopicStatus = "started" if is_opened or score.done else "open"
    if score.tasks and score.done == score.tasks:
        status = "done"
    lab, is_inside = topic.notebook("lab"), here.is_relative_to(course.root)
    return TopicCard(
        number, topic.slug, topic.title, part, topic.needs,
        status=status,
        passed=score.done,
        tasks=score.tasks,
        minutes=topic.details.minutes + topic.details.exercise_minutes,
        link=Path(os.path.relpath(lab, here)).as_posix() if is_inside else None,
    )  # fmt: skip


def _part(course: Course, topic: Topic) -> Literal["containers", "orchestration"]:
    return "containers" if topic.part == course.parts[0].id else "orchestration"
