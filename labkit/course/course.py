"""The course: its topics, its parts, and the routes through it. What labs/course.toml says.

Knows nothing about notebooks; where the course lies is found by ``labkit.course.find``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import AuthorError, BadInput, NotFound
from labkit.course.toml import TomlFile
from labkit.course.topic import Topic

if TYPE_CHECKING:
    from labkit.grading.checks import Check

COURSE_FILE = Path("labs/course.toml")
"""What makes a folder a course."""

NUMBER, SLUG = re.compile(r"\d\d"), re.compile(r"[a-z][a-z0-9-]{0,39}")
"""A slug begins every cell id of its topic, and those have 64 characters."""


@dataclass(frozen=True)
class Part:
    """A part of the course: its id (a letter), and its title."""

    id: str
    title: str


@dataclass(frozen=True)
class Route:
    """A way through the course.

    Attributes:
        id: its name, such as ``"use-it"``.
        title: its heading.
        sentence: whom it suits.
        first: the topics that make it this route, in order.
        topics: all topics in the order of this route: where everybody starts, ``first``, the rest.
    """

    id: str
    title: str
    sentence: str
    first: tuple[Topic, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True)
class Course:
    """The whole course.

    Attributes:
        root: its folder; ``labs``, ``exercises`` and ``solutions`` are in it.
        title: its name.
        parts: its parts, in order.
        topics: all topics, the planned ones too, in order of their numbers.
        routes: the ways through it.
    """

    root: Path
    title: str
    parts: tuple[Part, ...]
    topics: tuple[Topic, ...]
    routes: tuple[Route, ...]

    @property
    def present(self) -> tuple[Topic, ...]:
        """The topics that are there, not only planned."""
        return tuple(topic for topic in self.topics if not topic.is_planned)

    def topic(self, name: str) -> Topic:
        """A topic, by number, slug or both: ``"02"``, ``"namespaces"``, ``"02-namespaces"``.

        Raises:
            NotFound: there is none; says which are near.
        """
        for topic in self.topics:
            if topic.is_called(name):
                return topic
        known = [word for topic in self.topics for word in (topic.slug, topic.name)]
        there = ", ".join(topic.name for topic in self.present)
        raise NotFound("topic", name, known, hint=f"There are {there}")

    def check(self, name: str) -> tuple[Topic, Check]:
        """A check and its topic, by the check's id or by ``topic/id``.

        Raises:
            NotFound: there is none; says which are near.
            BadInput: it names a topic; says which checks that has.
            AuthorError: a checks.py is broken, or two topics have a check of that id.
        """
        first, slash, last = name.strip().rpartition("/")
        topics = (self.topic(first),) if slash else self.present
        found = {id: (topic, check) for topic, id, check in self._checks(topics)}
        if last not in found:
            known = [f"{topic.slug}/{id}" if slash else id for id, (topic, _) in found.items()]
            of_topic = [id for id, (topic, _) in found.items() if topic.is_called(name)]
            if of_topic:
                what = f"{name.strip()!r} is a topic, not a check"
                raise BadInput(what, hint=f"Its checks are {', '.join(of_topic)}")
            raise NotFound("check", name, known, hint="`labkit progress` lists them all")
        return found[last]

    def _checks(self, topics: Sequence[Topic]) -> Iterator[tuple[Topic, str, Check]]:
        seen: dict[str, Topic] = {}
        for topic in topics:
            for id, check in topic.checks().items():
                if id in seen:
                    raise AuthorError(
                        f"topic {seen[id].name} has a check {id!r} too", where=check.where
                    )
                seen[id] = topic
                yield topic, id, check


def read_course(root: Path) -> Course:
    """Reads a course.

    Args:
        root: the folder that holds labs/course.toml.

    Raises:
        AuthorError: course.toml is wrong; says the line.
    """
    root = root.absolute()
    file = TomlFile(root / COURSE_FILE)
    file.refuse_unknown(file.values, ("title", "parts", "routes", "topics"))
    parts = tuple(_part(file, part) for part in file.get(file.values, "parts", list))
    ids = [part.id for part in parts]
    entries = file.get(file.values, "topics", list)
    topics = tuple(_topic(file, entry, ids, root) for entry in entries)
    _refuse_disorder(file, topics)
    by_slug = {topic.slug: topic for topic in topics}
    routes = tuple(_route(file, entry, by_slug) for entry in file.get(file.values, "routes", list))
    return Course(root, file.get(file.values, "title", str), parts, topics, routes)


def _part(file: TomlFile, values: Mapping[str, Any]) -> Part:
    file.refuse_unknown(values, ("id", "title"))
    return Part(*(file.get(values, key, str, near="[[parts]]") for key in ("id", "title")))


def _topic(file: TomlFile, values: Mapping[str, Any], parts: Sequence[str], root: Path) -> Topic:
    slug = file.get(values, "slug", str, near="[[topics]]")
    near = f'"{slug}"'
    file.refuse_unknown(values, ("number", "slug", "title", "part", "needs", "sentence"))
    number, title, part, sentence = (
        file.get(values, key, str, near=near) for key in ("number", "title", "part", "sentence")
    )
    if not NUMBER.fullmatch(number):
        raise file.error(f"the number {number!r} is not two digits", near=near)
    if not SLUG.fullmatch(slug):
        raise file.error(
            f"the slug {slug!r} is not made of at most 40 small letters, digits and hyphens",
            near=near,
        )
    if part not in parts:
        raise file.error(f"topic {slug} is in part {part!r}, which is not there", near=near)
    return Topic(number, slug, title, part, file.texts(values, "needs", near=near), sentence, root)


def _refuse_disorder(file: TomlFile, topics: Sequence[Topic]) -> None:
    done: set[str] = set()
    last = ""
    for topic in topics:
        near = f'"{topic.slug}"'
        if topic.number <= last or topic.slug in done:
            raise file.error(f"topic {topic.name} is not after the one before it", near=near)
        for need in topic.needs:
            if need not in done:
                what = f"{topic.slug} needs {need!r}, and no such topic is before it"
                raise file.error(what, near=near)
        done.add(topic.slug)
        last = topic.number


def _route(file: TomlFile, values: Mapping[str, Any], topics: Mapping[str, Topic]) -> Route:
    id = file.get(values, "id", str, near="[[routes]]")
    near = f'"{id}"'
    file.refuse_unknown(values, ("id", "title", "sentence", "first"))
    slugs = file.texts(values, "first", near=near)
    for slug in slugs:
        if slug not in topics:
            raise file.error(f"the route {id} has a topic {slug!r}, which is not there", near=near)
    start = next(iter(topics))
    order = dict.fromkeys([start, *slugs, *topics])  # keeps the first place of each
    done: set[str] = set()
    for slug in order:
        if late := [need for need in topics[slug].needs if need not in done]:
            what = f"on the route {id}, {slug} comes before its need {late[0]}"
            raise file.error(what, near=near)
        done.add(slug)
    return Route(
        id,
        file.get(values, "title", str, near=near),
        file.get(values, "sentence", str, near=near),
        tuple(topics[slug] for slug in slugs),
        tuple(topics[slug] for slug in order),
    )
