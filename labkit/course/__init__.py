"""The course: one source for lab, exercise and solution; find, build, run, lay out.

::

    find, course, topic      labs/course.toml and topic.toml → Course, Topic;  toml, files
    source, solutions        jupytext's percent files, and the solution regions in them
    markdown, glossary       links between notebooks, [[terms]]
    frame, cells, notebook   header and footer, ids, nbgrader's metadata → a notebook
    pages, sources           which notebooks there are, and everything they are made from
    mistakes, faults, python an author's mistakes, with file and line
    building, outputs        writes notebooks, says which are stale
    place, play, settle      plays a notebook in a copy of the course, in a fresh kernel
    running, verdicts        plays notebooks, collects verdicts
    answers                  the tested solutions: to show one, to build the state before a task
    layout, trusting         a copy for the learner; stored pictures that JupyterLab shows

Knows nothing about how a check is shown, or of the command line. Names are resolved when first
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.course.answers import setup_and_solutions_before, solution_code
    from labkit.course.building import Built, Stale, build, build_check, each_built
    from labkit.course.course import Course, Part, Route, read_course
    from labkit.course.find import find_course
    from labkit.course.layout import LaidOut, lay_out
    from labkit.course.mistakes import find_mistakes
    from labkit.course.play import Failure
    from labkit.course.running import (
        CellPlayed,
        NotebookEnded,
        NotebookStarted,
        RunReport,
        run,
    )
    from labkit.course.sources import Sources
    from labkit.course.topic import Link, Topic, reference
    from labkit.course.trusting import trust
    from labkit.course.verdicts import CheckResult

_HOMES = {
    "answers": ("setup_and_solutions_before", "solution_code"),
    "building": ("Built", "Stale", "build", "build_check", "each_built"),
    "course": ("Course", "Part", "Route", "read_course"),
    "find": ("find_course",),
    "layout": ("LaidOut", "lay_out"),
    "mistakes": ("find_mistakes",),
    "play": ("Failure",),
    "running": ("CellPlayed", "NotebookEnded", "NotebookStarted", "RunReport", "run"),
    "sources": ("Sources",),
    "topic": ("Link", "Topic", "reference"),
    "trusting": ("trust",),
    "verdicts": ("CheckResult",),
}
"""Module → the public names that it defines."""

__all__ = [
    "Built",
    "CellPlayed",
    "CheckResult",
    "Course",
    "Failure",
    "LaidOut",
    "Link",
    "NotebookEnded",
    "NotebookStarted",
    "Part",
    "Route",
    "RunReport",
    "Sources",
    "Stale",
    "Topic",
    "build",
    "build_check",
    "each_built",
    "find_course",
    "find_mistakes",
    "lay_out",
    "read_course",
    "reference",
    "run",
    "setup_and_solutions_before",
    "solution_code",
    "trust",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
