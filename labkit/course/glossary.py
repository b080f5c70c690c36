"""The glossary: what each term means, and the links to it.

In labs/glossary.py each term is a heading of level 3; its other names follow after bars, and the
first paragraph below says what it is::

    # ### Control group | cgroup, cgroups
    #
    # A group of processes whose use of memory, CPU time and the like is counted and limited.

Anywhere in the course ``[[cgroup]]``, or ``[[cgroup|its limits]]`` for other words, becomes a link
to it at its first use in a notebook, with the first sentence as its title; later it is plain text.
Knows nothing about how notebooks are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from labkit.core.errors import NotFound
from labkit.course.markdown import map_prose, relative
from labkit.course.source import SourceCell

NOTEBOOK = Path("labs/glossary.ipynb")

HEADING = re.compile(r"^### +(?P<name>[^|\n]+?) *(?:\| *(?P<others>[^\n]*?) *)?$", re.MULTILINE)
USE = re.compile(r"\[\[(?P<term>[^][|\n]+)(?:\|(?P<words>[^][\n]+))?\]\]")
SENTENCE = re.compile(r"^.*?[.!?](?=\s|$)", re.DOTALL)
MARKUP = re.compile(r"\[([^]]*)\]\([^)]*\)|[*`]")


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        name: as its heading writes it.
        others: its other names.
        means: what it is, in one sentence of plain text.
    """

    name: str
    others: tuple[str, ...]
    means: str

    @property
    def anchor(self) -> str:
        """Its place in the glossary, as JupyterLab and nbconvert name headings."""
        return quote(self.name.replace(" ", "-"))


Glossary = Mapping[str, Term]
"""Terms by each of their names, in small letters."""


def read_glossary(cells: Sequence[SourceCell]) -> dict[str, Term]:
    """The terms of the glossary's source.

    Raises:
        AuthorError: a term says nothing, or two terms have one name.
    """
    terms: dict[str, Term] = {}
    for cell in cells:
        for heading in HEADING.finditer(cell.text if cell.kind == "markdown" else ""):
            row = cell.text.count("\n", 0, heading.start())
            term = _term(heading, cell.text[heading.end() :])
            if not term.means:
                raise cell.error(f"the term {term.name!r} says nothing", row=row)
            for name in (term.name, *term.others):
                if name.lower() in terms:
                    raise cell.error(f"there is another term {name!r}", row=row)
                terms[name.lower()] = term
    return terms


def _term(heading: re.Match[str], below: str) -> Term:
    paragraph = below.strip("\n").split("\n\n")[0]
    if paragraph.startswith("#"):
        paragraph = ""
    plain = USE.sub(lambda use: use["words"] or use["term"], paragraph)
    plain = " ".join(MARKUP.sub(lambda found: found[1] or "", plain).split())
    sentence = SENTENCE.match(plain)
    others = tuple(name.strip() for name in (heading["others"] or "").split(",") if name.strip())
    return Term(heading["name"], others, sentence[0] if sentence else plain)


def without_names(text: str) -> str:
    """The glossary's own text: headings without the other names."""
    return map_prose(text, lambda prose, _: HEADING.sub(lambda h: f"### {h['name']}", prose))


def unknown_terms(text: str, glossary: Glossary) -> Iterator[tuple[str, int, NotFound]]:
    """Each ``[[term]]`` of a text that the glossary lacks: its name, its offset, what to say."""
    found: list[tuple[str, int, NotFound]] = []

    def look(prose: str, offset: int) -> str:
        for use in USE.finditer(prose):
            if use["term"].lower() not in glossary:
                error = NotFound("term", use["term"], glossary, hint="Add it to labs/glossary.py")
                found.append((use["term"], offset + use.start(), error))
        return prose

    map_prose(text, look)
    return iter(found)


class Linker:
    """Makes links to the glossary in one notebook: at the first use of each term.

    Args:
        glossary: the terms.
        root: the course's folder.
        folder: the folder of the notebook.
        is_glossary: whether the notebook is the glossary itself.
    """

    def __init__(
        self, glossary: Glossary, root: Path, folder: Path, *, is_glossary: bool = False
    ) -> None:
        self.glossary = glossary
        self.page = "" if is_glossary else relative(root / NOTEBOOK, folder)
        self._used: set[str] = set()

    def link(self, text: str) -> str:
        """The text with its ``[[terms]]`` resolved; cells are given in the notebook's order."""
        return map_prose(text, lambda prose, _: USE.sub(self._one, prose))

    def _one(self, use: re.Match[str]) -> str:
        words, term = use["words"] or use["term"], self.glossary.get(use["term"].lower())
        if term is None or term.name in self._used:
            return words
        self._used.add(term.name)
        title = term.means.replace("\\", "\\\\").replace('"', "&quot;").replace("|", "&#124;")
        return f'[{words}]({self.page}#{term.anchor} "{title}")'
