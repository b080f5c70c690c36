"""Which machine the terminal of JupyterLab's card is opened in."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.jupyter.lab.terminals import which
from labkit.machine.running import Running


def machine(path: str) -> Running:
    """That of a notebook; of a console in a folder where ``path`` ends with a slash."""
    notebook = "" if path.endswith("/") else path
    folder = path.rpartition("/")[0]
    return Running(Path("/s"), notebook, "", folder, "/course", 1)


@pytest.mark.parametrize(
    ("running", "at_hand", "meant"),
    [
        ([], "/c/a.ipynb", ""),
        (["/c/a.ipynb"], "/c/a.ipynb", "/c/a.ipynb"),
        (["/c/a.ipynb"], "/c/native.ipynb", "/c/a.ipynb"),
        (["/c/a.ipynb"], "/c", "/c/a.ipynb"),
        (["/c/"], "/c", "/c"),
        (["/c/a.ipynb", "/c/b.ipynb"], "/c/b.ipynb", "/c/b.ipynb"),
        (["/c/a.ipynb", "/c/b.ipynb"], "/c/native.ipynb", ""),
    ],
)
def test_it_is_that_of_the_notebook_at_hand_or_else_the_only_one(
    running: list[str], at_hand: str, meant: str
) -> None:
    assert which([machine(path) for path in running], Path(at_hand)) == meant
