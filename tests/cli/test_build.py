from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import invoke
from tests.jupyter.small import write_course

NOTEBOOKS = (
    "labs/00-first-box/lab.ipynb",
    "exercises/00-first-box.ipynb",
    "solutions/00-first-box.ipynb",
)


@pytest.fixture(autouse=True)
def sound(root: Path) -> None:
    """The small course without its odd checks."""
    write_course(root, is_sound=True)


def test_what_was_never_built_is_out_of_date(root: Path) -> None:
    result = invoke("build", "--check")
    assert result.exit_code == 1
    for notebook in NOTEBOOKS:
        assert f"{notebook}: it is missing" in result.stdout
    assert "3 out of date" in result.stdout


def test_building_makes_every_notebook_and_then_none_is_out_of_date(root: Path) -> None:
    result = invoke("build", "--no-execute")
    assert result.exit_code == 0
    for notebook in NOTEBOOKS:
        assert f"written  {notebook}" in result.stdout
    assert "same     labs/" in invoke("build", "00", "--no-execute").stdout
    check = invoke("build", "--check")
    assert (check.exit_code, check.stdout) == (0, "Every notebook is what its source says.\n")


def test_a_changed_source_is_out_of_date_until_it_is_built(root: Path) -> None:
    invoke("build", "--no-execute")
    lab = root / "labs/00-first-box/lab.py"
    lab.write_text(lab.read_text().replace("Which PID", "What PID"))
    result = invoke("build", "--check", "first-box")
    assert result.exit_code == 1
    assert NOTEBOOKS[0] in result.stdout
    assert NOTEBOOKS[1] not in result.stdout


def test_an_authors_mistake_says_file_and_line(root: Path) -> None:
    lab = root / "labs/00-first-box/lab.py"
    lab.write_text(lab.read_text() + "\n# %%\nx = (\n")
    result = invoke("build", "--no-execute")
    assert result.exit_code == 2
    assert "lab.py:11" in result.stderr
    assert "Traceback" not in result.stderr


def test_several_mistakes_are_counted(root: Path) -> None:
    lab = root / "labs/00-first-box/lab.py"
    lab.write_text(lab.read_text() + "\n# %%\nx = (\n\n# %%\ny = (\n")
    assert "and 1 more" in invoke("build", "--no-execute").stderr
