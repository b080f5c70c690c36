"""All sources of a course, each read once: cells, checks, glossary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from labkit.course.course import Course
from labkit.course.glossary import Glossary, read_glossary
from labkit.course.notebook import Context, Notebook, compose
from labkit.course.pages import Page
from labkit.course.source import SourceCell, read_source
from labkit.course.topic import Topic
from labkit.grading.checks import Check


class Sources:
    """The sources of a course. Each method raises AuthorError when a source is wrong.

    Args:
        course: the course.
    """

    def __init__(self, course: Course) -> None:
        self.course = course
        self._cells: dict[Path, Sequence[SourceCell]] = {}
        self._checks: dict[str, Mapping[str, Check]] = {}

    def cells(self, path: Path) -> Sequence[SourceCell]:
        """The cells of a source file."""
        if path not in self._cells:
            self._cells[path] = read_source(path)
        return self._cells[path]

    def checks(self, topic: Topic | None) -> Mapping[str, Check]:
        """The checks of a topic by id; none where there is no topic."""
        if topic is None:
            return {}
        if topic.slug not in self._checks:
            self._checks[topic.slug] = topic.checks()
        return self._checks[topic.slug]

    @cached_property
    def glossary(self) -> Glossary:
        """The course's terms; none when it has no glossary."""
        path = self.course.root / "labs/glossary.py"
        return read_glossary(self.cells(path)) if path.exists() else {}

    def compose(self, page: Page) -> Notebook:
        """The notebook of a page, without outputs."""
        context = Context(self.course, self.glossary, self.checks(page.topic))
        return compose(page, self.cells(page.source), context)
