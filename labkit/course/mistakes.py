"""What an author can get wrong in a course, found without running a notebook.

Each mistake names its file and line. Whether the text is true and well said needs a reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from labkit.core.errors import AuthorError, NotFound
from labkit.course.faults import source_mistakes, text_faults
from labkit.course.pages import pages
from labkit.course.sources import Sources
from labkit.course.topic import Topic


def find_mistakes(sources: Sources, only: Iterable[str] | None = None) -> list[AuthorError]:
    """The author's mistakes in a course, or in the topics named.

    Args:
        sources: the course's sources.
        only: names of topics, ``home`` or ``glossary``; everything when not given.

    Raises:
        NotFound: a name in ``only`` is no topic.
    """
    chosen = pages(sources.course, only)
    made = {page.path for page in pages(sources.course)}
    looks = [_check_ids(sources)]
    looks += [source_mistakes(page, sources, made) for page in chosen if page.kind != "solution"]
    topics = dict.fromkeys(page.topic for page in chosen if page.topic)
    looks += [_in_topic(topic, sources, made) for topic in topics]
    found = [error for look in looks for error in _caught(look)]
    return list({str(error): error for error in found}.values())


def _caught(look: Iterator[AuthorError]) -> Iterator[AuthorError]:
    """The mistakes that are found, and the one that makes looking on impossible."""
    try:
        yield from look
    except AuthorError as error:
        yield error


def _check_ids(sources: Sources) -> Iterator[AuthorError]:
    seen: dict[str, Topic] = {}
    for topic in sources.course.present:
        for id, check in sources.checks(topic).items():
            if other := seen.get(id):
                yield AuthorError(f"topic {other.name} has a check {id!r} too", where=check.where)
            seen[id] = topic


def _in_topic(topic: Topic, sources: Sources, made: set[Path]) -> Iterator[AuthorError]:
    yield from _in_checks(topic, sources)
    details, file = topic.details, topic.folder / "topic.toml"
    for slug in details.next:
        try:
            sources.course.topic(slug)
        except NotFound as error:
            yield AuthorError(f"next: {error.what}", where=_find(file, slug), hint=error.hint)
    for text in (*details.know, *details.done):
        for what, _, hint in text_faults(text, topic.folder, sources, made):
            yield AuthorError(what, where=_find(file, text), hint=hint)
    body = details.reference.read_text(encoding="utf-8")
    for what, row, hint in text_faults(body, topic.folder, sources, made):
        yield AuthorError(what, where=f"{details.reference}:{row + 1}", hint=hint)


def _in_checks(topic: Topic, sources: Sources) -> Iterator[AuthorError]:
    paths = [path for path in topic.sources.values() if path.exists()]
    asked = {cell.check for path in paths for cell in sources.cells(path)}
    for check in sources.checks(topic).values():
        yield from check.validate()
        if check.id not in asked:
            yield AuthorError(f"no task asks the check {check.id!r}", where=check.where)


def _find(file: Path, text: str) -> str:
    """``path:line`` of a text in a file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    row = next((row for row, line in enumerate(lines) if text in line), 0)
    return f"{file}:{row + 1}"
