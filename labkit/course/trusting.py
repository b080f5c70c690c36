"""Signs notebooks as trusted, so that JupyterLab shows their stored pictures.

The signatures lie in a database of the user's own. Source: nbformat, "Security in notebook
documents".
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from labkit.course.course import Course
from labkit.course.layout import shipped_files

SUFFIX = ".ipynb"


def trust(course: Course) -> int:
    """Signs every notebook of a course that its makers built, as it is now.

    Returns:
        How many were signed. A database that cannot be written is no error: the pictures then
        show after a notebook was run.
    """
    return sign(course.root / path for path in shipped_files(course.root))


def sign(paths: Iterable[Path]) -> int:
    """Signs those of the files that are notebooks, and says how many that were."""
    notebooks = [path for path in paths if path.suffix == SUFFIX]
    if not notebooks:
        return 0
    import sqlite3

    import nbformat
    from nbformat.sign import NotebookNotary

    read: Any = nbformat.read
    signed = 0
    notary: Any = NotebookNotary
    try:
        book = notary()
        try:
            for path in notebooks:
                try:
                    book.sign(read(path, as_version=4))
                    signed += 1
                except (ValueError, nbformat.ValidationError):
                    continue  # not a notebook, whatever its name says
        finally:
            book.store.close()
    except (OSError, sqlite3.Error):
        return signed
    return signed
