"""Finds the course: around the learner, or the copy that came with the package."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.core.errors import BadInput, NotFound
from labkit.course.course import COURSE_FILE, Course, read_course

VARIABLE = "LABKIT_COURSE"
"""The environment variable that names a course's folder."""


def find_course(start: Path | None = None) -> Course:
    """The course that ``start`` lies in, else the one of ``$LABKIT_COURSE``, else the shipped one.

    Args:
        start: where to look first, and then upwards; the working folder when not given.

    Raises:
        BadInput: ``$LABKIT_COURSE`` names a folder that holds no course.
        NotFound: there is no course at all.
        AuthorError: its course.toml is wrong.
    """
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / COURSE_FILE).is_file():
            return read_course(folder)
    if named := os.environ.get(VARIABLE):
        # Path.is_file() would raise where one may not look.
        if not os.path.isfile(Path(named) / COURSE_FILE):  # noqa: PTH113
            raise BadInput(
                f"{VARIABLE} names {named}, and that is no course",
                why=f"there is no {COURSE_FILE} in it",
                hint=f"Unset {VARIABLE}, or set it to a folder made by `labkit lab DIR`",
            )
        return read_course(Path(named))
    return read_course(shipped_folder())


def shipped_folder() -> Path:
    """Where the course lies that came with this package; in a checkout, the checkout itself.

    Raises:
        NotFound: the package came without it.
    """
    package = Path(__file__).parent
    for folder in (package / "content", package.parents[1]):
        if (folder / COURSE_FILE).is_file():
            return folder
    raise NotFound(
        "course",
        str(COURSE_FILE),
        hint="This installation came without it. Reinstall labkit, or work in its checkout",
    )
