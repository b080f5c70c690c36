"""The tested solutions of a topic's tasks: to show one, or to build the state before a task.

The code is a notebook's: it may hold IPython's magics, and is meant to be run cell by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.core.errors import BadInput
from labkit.course.course import Course
from labkit.course.notebook import code_of
from labkit.course.source import SourceCell, read_source
from labkit.grading.checks import Check


def solution_code(course: Course, check_id: str) -> str:
    """The solution of one task: its cells, each whole, without the marks of the regions.

    Args:
        course: the course.
        check_id: the check's id, or ``topic/id``.

    Raises:
        NotFound: there is no such check.
        BadInput: no notebook asks it.
        AuthorError: a source is wrong.
    """
    cells, checks, id, _ = _asked(course, check_id)
    return _solution(cells, checks, id)


def setup_and_solutions_before(course: Course, check_id: str) -> list[tuple[str, str]]:
    """What builds the state in which a task begins: what to run, in order.

    Args:
        course: the course.
        check_id: the check's id, or ``topic/id``.

    Returns:
        A title and the code of each step: the set-up cells and the solutions of the tasks that
        stand before the task in its notebook. The task's own set-up is among them.

    Raises:
        NotFound: there is no such check.
        BadInput: no notebook asks it.
        AuthorError: a source is wrong.
    """
    cells, checks, _, row = _asked(course, check_id)
    steps: list[tuple[str, str]] = []
    done: set[str] = set()
    for cell in cells[:row]:
        if cell.is_setup:
            steps.append(("Set-up", cell.text))
        elif cell.kind == "code" and cell.task and cell.task not in done:
            done.add(cell.task)
            title = checks[cell.task].title if cell.task in checks else cell.task
            steps.append((title, _solution(cells, checks, cell.task)))
    return steps


def _asked(
    course: Course, check_id: str
) -> tuple[Sequence[SourceCell], Mapping[str, Check], str, int]:
    """The cells of the notebook that asks a check, its checks, the id, and its task's first row.

    The exercise comes before the lab: in there a task is the learner's own.
    """
    topic, check = course.check(check_id)
    checks = topic.checks()
    for name in ("exercise", "lab"):
        if topic.sources[name].exists():
            cells = read_source(topic.sources[name])
            for row, cell in enumerate(cells):
                if cell.task == check.id and cell.kind == "code":
                    return cells, checks, check.id, row
    raise BadInput(f"no notebook of {topic.name} has the task {check.id}")


def _solution(cells: Sequence[SourceCell], checks: Mapping[str, Check], id: str) -> str:
    own = [cell for cell in cells if cell.task == id and cell.kind == "code"]
    return "\n\n".join(code_of(cell, is_solved=True, checks=checks) for cell in own)
