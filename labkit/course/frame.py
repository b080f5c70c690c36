"""What every notebook of a topic begins and ends with, made from topic.toml and course.toml.

Texts are Markdown; links are as seen from the topic's folder, and are moved with the notebook.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from labkit.course.course import Course
from labkit.course.markdown import cell_text, relative
from labkit.course.topic import Topic, reference
from labkit.grading.checks import Check

HOW = (
    "Work from the top down: do a task, then run the check below it, as often as you like. "
    'Stuck? `hint("NAME")` gives a hint that fits what you did; the check says what it costs. '
    '`reveal("NAME")` shows the solution of that one task, once you have agreed to its cost. '
    '`task("NAME")` brings you to the beginning of any task.'
)

PLACES = (("home", "map of the course"), ("glossary", "glossary"))
"""The notebooks beside the topics, and what a link to them says."""


def header(course: Course, topic: Topic, kind: str, checks: Sequence[Check]) -> str:
    """The first cell of a notebook.

    Args:
        course: the course.
        topic: the topic.
        kind: ``lab``, ``exercise`` or ``solution``.
        checks: what the notebook asks, in its order.
    """
    title = topic.title if kind == "lab" else f"{topic.title} · {kind}"
    parts = [f"# {title}", _place(course, topic, kind)]
    if kind == "solution":
        link = f"[exercise]({_link(topic, 'exercise')})"
        return "\n\n".join([*parts, f"The {link}, solved. You learn more when you try it first."])
    parts.append(_facts(course, topic, kind, checks))
    if kind == "exercise":
        tasks = [
            f"{n}. {check.title} · `{check.id}`, {_points(check.points)}"
            for n, check in enumerate(checks, 1)
        ]
        parts += ["\n".join(tasks), HOW]
    return "\n\n".join(part for part in parts if part)


def footer(course: Course, topic: Topic, kind: str) -> list[tuple[str, str]]:
    """The last cells of a notebook: each cell's name, and its text."""
    following = ("next", _where_next(course, topic, kind))
    if kind != "lab":
        return [following]
    cells = [("reference", f"## Quick reference\n\n{_body(reference(topic))}")]
    if topic.details.links:
        lines = [f"- [{link.title}]({link.url}): {link.gives}" for link in topic.details.links]
        cells.append(("links", "\n".join(["## Links", "", *lines])))
    return [*cells, following]


def _place(course: Course, topic: Topic, kind: str) -> str:
    """One line: where in the course this is, and the ways out."""
    part = next(part for part in course.parts if part.id == topic.part)
    words = [f"Topic **{topic.number}**", f"part {part.id}, {part.title}"]
    words += [
        f"[{other}]({_link(topic, other)})"
        for other in ("lab", "exercise")
        if other != kind and topic.sources[other].exists()
    ]
    for name, title in PLACES:
        if (course.root / "labs" / f"{name}.py").exists():
            words.append(f"[{title}](../{name}.ipynb)")
    return " · ".join(words)


def _facts(course: Course, topic: Topic, kind: str, checks: Sequence[Check]) -> str:
    """The table: what to know, how long, what for."""
    details = topic.details
    if kind == "lab":
        minutes, done = details.minutes, details.done
        know = [*(_topic_link(course.topic(need), topic) for need in topic.needs), *details.know]
    else:
        minutes = details.exercise_minutes
        total = sum(check.points for check in checks)
        done = (f"{_count(len(checks), 'task')}, {_points(total)}",)
        know = [f"the [lab]({_link(topic, 'lab')}) of this topic"]
    rows = [
        "| You need to know | It takes | You will have done |",
        "|:--|:--|:--|",
        f"| {_lines(know) or 'nothing yet'} | about {_count(minutes, 'minute')} | {_lines(done)} |",
    ]
    return "\n".join(rows)


def _where_next(course: Course, topic: Topic, kind: str) -> str:
    lines = ["## Where next", ""]
    if kind == "lab" and topic.sources["exercise"].exists():
        lines.append(f"- Now you: the [exercise]({_link(topic, 'exercise')}) of this topic")
    if kind != "lab":
        lines.append(f"- Look it up: the [quick reference]({_link(topic, 'lab')}#Quick-reference)")
    for slug in topic.details.next:
        following = course.topic(slug)
        lines.append(f"- {_topic_link(following, topic)}: {following.sentence}")
    return "\n".join(lines)


def _topic_link(topic: Topic, here: Topic) -> str:
    if topic.is_planned:
        return f"{topic.title} (topic {topic.number}, still to come)"
    return f"[{topic.title}]({relative(topic.notebook('lab'), here.folder)})"


def _link(topic: Topic, kind: str) -> str:
    return relative(topic.notebook(kind), topic.folder)


def _body(text: str) -> str:
    """A quick reference without the heading of its own, which is the cell's."""
    return re.sub(r"\A# [^\n]*\n+", "", text).strip()


def _lines(texts: Iterable[str]) -> str:
    found = [cell_text(text) for text in texts]
    return "<br>".join(f"· {text}" for text in found) if len(found) > 1 else "".join(found)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _points(number: int) -> str:
    return _count(number, "point")
