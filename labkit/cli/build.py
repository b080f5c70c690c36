"""``labkit build``: makes the notebooks from their sources. For the course's authors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.cli.app import NOT_PASSED
from labkit.cli.console import note, say

if TYPE_CHECKING:
    from labkit.course import Course, Stale


@click.command("build", short_help="Make the notebooks from their sources (for authors).")
@click.argument("topics", nargs=-1)
@click.option("--check", "is_check", is_flag=True, help="Write nothing; say what is out of date.")
@click.option("--no-execute", is_flag=True, help="Do not play the notebooks; keep their outputs.")
@click.pass_context
def build_command(
    ctx: click.Context, topics: tuple[str, ...], is_check: bool, no_execute: bool
) -> None:
    """Make the notebooks of the course from their sources: all, or those of TOPICS.

    With --check it exits with 1 when a notebook is not what its source says.
    """
    from labkit.course import build_check, each_built, find_course

    course = find_course()
    if is_check:
        stale = [one for one in build_check(course) if _is_wanted(one, topics, course)]
        for one in stale:
            say(f"{_short(one.path, course)}: {one.why}")
        say(_summary(len(stale)))
        ctx.exit(NOT_PASSED if stale else 0)
    for built in each_built(course, execute=not no_execute, only=topics or None):
        say(f"{built.what:8} {_short(built.path, course)}  {built.seconds:.1f} s")
        for result in built.checks:
            if result.verdict == "blocked":
                note(f"         {result.check}: blocked on this machine")


def _is_wanted(stale: Stale, topics: tuple[str, ...], course: Course) -> bool:
    names = {course.topic(topic).name for topic in topics}
    return not names or bool(names.intersection([*stale.path.parts, stale.path.stem]))


def _short(path: Path, course: Course) -> str:
    return path.relative_to(course.root).as_posix()


def _summary(count: int) -> str:
    if not count:
        return "Every notebook is what its source says."
    return f"{count} out of date: `labkit build` makes them anew."
