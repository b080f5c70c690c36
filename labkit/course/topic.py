"""One topic of the course: what course.toml says of it, and what its folder holds.

A topic that is only planned has no folder yet: it has a number, a title, a part, its needs and a
sentence. Knows nothing about how notebooks are made and played.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput
from labkit.course.toml import TomlFile

if TYPE_CHECKING:
    from labkit.grading.loading import Checks

KINDS = ("lab", "exercise", "solution")
"""The notebooks of a topic, in the order in which a learner meets them."""

KEYS = ("minutes", "exercise_minutes", "know", "done", "links", "reference", "next")
LINK_KEYS = ("url", "title", "gives")


@dataclass(frozen=True)
class Link:
    """A link of the topic's reference: where it leads, and what one gets there."""

    url: str
    title: str
    gives: str


@dataclass(frozen=True)
class Details:
    """What topic.toml says.

    Attributes:
        minutes: how long the lab takes.
        exercise_minutes: how long the exercise takes.
        know: what one needs to know, one phrase each.
        done: what one will have done, one phrase each.
        links: the topic's links.
        reference: the file of the quick reference.
        next: slugs of the topics that follow well.
    """

    minutes: int
    exercise_minutes: int
    know: tuple[str, ...]
    done: tuple[str, ...]
    links: tuple[Link, ...]
    reference: Path
    next: tuple[str, ...]


@dataclass(frozen=True)
class Topic:
    """One topic.

    Attributes:
        number: two digits, such as ``"01"``.
        slug: its name, such as ``"what-is-a-container"``; also its id in progress and checks.
        title: its heading.
        part: id of the part of the course it stands in.
        needs: slugs of the topics to do first.
        sentence: what it is about, in one sentence.
        root: the course's folder.
    """

    number: str
    slug: str
    title: str
    part: str
    needs: tuple[str, ...]
    sentence: str
    root: Path

    @property
    def name(self) -> str:
        """Number and slug, as its folder and its notebooks are called."""
        return f"{self.number}-{self.slug}"

    def is_called(self, name: str) -> bool:
        """Whether this is its number (``"1"`` will do), its slug, or both."""
        wanted = name.strip().strip("/").lower()
        return wanted.zfill(2) == self.number or wanted in (self.slug, self.name)

    @property
    def folder(self) -> Path:
        """Where its sources and its lab lie."""
        return self.root / "labs" / self.name

    @property
    def is_planned(self) -> bool:
        """Whether there is nothing of it yet but the plan."""
        return not (self.folder / "topic.toml").exists()

    def notebook(self, kind: str) -> Path:
        """Where one of its notebooks lies; it need not be there.

        Args:
            kind: one of :data:`KINDS`.
        """
        if kind == "lab":
            return self.folder / "lab.ipynb"
        if kind not in KINDS:
            raise BadInput(f"no topic has a notebook {kind!r}", hint=f"Known: {', '.join(KINDS)}")
        return self.root / f"{kind}s" / f"{self.name}.ipynb"

    @property
    def sources(self) -> dict[str, Path]:
        """Its source files by name: ``lab`` and ``exercise``."""
        return {name: self.folder / f"{name}.py" for name in ("lab", "exercise")}

    @cached_property
    def details(self) -> Details:
        """What topic.toml says.

        Raises:
            BadInput: the topic is only planned.
            AuthorError: the file lacks something.
        """
        if self.is_planned:
            raise BadInput(
                f"topic {self.name} is planned, and not there yet",
                hint="`labkit progress` lists what is there",
            )
        return read_details(self.folder / "topic.toml")

    def checks(self) -> Checks:
        """Its checks by id, in the author's order; none when it is only planned.

        Raises:
            AuthorError: they are broken; says where.
        """
        from labkit.grading.loading import Checks, load_checks

        for place in (self.folder / "checks.py", self.folder / "checks"):
            if place.exists():
                return load_checks(place, topic=self.slug)
        return Checks()


def read_details(path: Path) -> Details:
    """Reads a topic.toml.

    Raises:
        AuthorError: something is missing, unknown or of the wrong kind. Says file and line.
    """
    file = TomlFile(path)
    values = file.values
    file.refuse_unknown(values, KEYS)
    reference = path.parent / file.get(values, "reference", str)
    if not reference.is_file():
        raise file.error(f"there is no file {reference.name}", near="reference")
    return Details(
        minutes=_minutes(file, "minutes"),
        exercise_minutes=_minutes(file, "exercise_minutes"),
        know=file.texts(values, "know"),
        done=file.texts(values, "done"),
        links=tuple(_link(file, link) for link in file.get(values, "links", list)),
        reference=reference,
        next=file.texts(values, "next"),
    )


def _minutes(file: TomlFile, key: str) -> int:
    value = file.get(file.values, key, int)
    if not 1 <= value <= 600:
        raise file.error(f"{key} is {value}, and must be from 1 to 600", near=key)
    return value


def _link(file: TomlFile, values: Mapping[str, str]) -> Link:
    url = file.get(values, "url", str, near="[[links]]")
    file.refuse_unknown(values, LINK_KEYS)
    if not url.startswith(("https://", "http://")):
        raise file.error(f"the link {url!r} is no web address", near=url)
    title, gives = (file.get(values, key, str, near=url) for key in ("title", "gives"))
    return Link(url, title, gives)


def reference(topic: Topic) -> str:
    """The topic's quick reference: Markdown that fits one screen."""
    return topic.details.reference.read_text(encoding="utf-8").strip() + "\n"
