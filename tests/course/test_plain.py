"""Plain sources, read without jupytext: the same cells, or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.course.plain import read_plain
from labkit.course.source import DROPPED_KEYS
from tests.course.small import EXERCISE, GLOSSARY, HOME

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in ROOT.glob("labs/**/*.py") if "checks" not in path.parts)
COURSE = [path.read_text() for path in SOURCES if "\n# %%" in path.read_text()]
LINES = [
    "# %%", "# %% [markdown]", '# %% task="one" tags=["a", "b"]', "# %% a title", "# %%time",
    "    # %%", "# %% active=true", '# %% task="one" task="two"', "", "", "# text", "#text", "#",
    "#   more", "x = 1", "    y = x", '"""', "'''", "# !ls", "#!ls", "!ls", "# %time x", "x = !ls",
    "# echo no", "echo = 1", "# help?", "x?", "### BEGIN SOLUTION", "### END SOLUTION", "# # two",
    '# %% language="bash"', '# %% setup=true language="bash"', "# cd /tmp; ls | wc", "# a='b # c'",
    "# region", "# +", "# -", "def f():", '    """Says."""', "# x = %pwd", "\t", "# ",
]  # fmt: skip


@pytest.mark.parametrize("text", [EXERCISE, HOME, GLOSSARY, *COURSE])
def test_what_the_course_is_made_of_is_plain_and_read_as_jupytext_does(text: str) -> None:
    text = text[text.index("# %%") :]
    ours = read_plain(text)
    # For an exercise `task` and `reveal` are waited for; shell in its cells is left to jupytext.
    if "\n### BEGIN SOLUTION" in text and "\n# !" not in text:
        assert ours is not None
    if ours is not None:
        assert cells_of(ours) == cells_of(theirs(text))


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_whatever_is_read_is_what_jupytext_reads(lines: list[str]) -> None:
    text = "\n".join(["# %%", *lines]) + "\n"
    if (ours := read_plain(text)) is not None:
        assert cells_of(ours) == cells_of(theirs(text))


@pytest.mark.parametrize("line", ["# !ls", "%time x", "x = !ls", "# echo no", "x?", '"""'])
def test_code_that_may_mean_more_is_left_to_jupytext(line: str) -> None:
    assert read_plain(f"# %%\nx = 1\n{line}\n") is None


def test_a_solution_is_found_without_the_heavy_imports() -> None:
    code = """
import sys
from labkit.course import find_course, setup_and_solutions_before
assert len(setup_and_solutions_before(find_course(), "freeze")) == 3
print(sorted({"jupytext", "jsonschema", "nbformat"}.intersection(sys.modules)))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def theirs(text: str) -> Any:
    return jupytext.reads(text, fmt="py:percent").cells


def cells_of(cells: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (
            cell.cell_type,
            cell.source.strip("\n"),
            {key: value for key, value in cell.metadata.items() if key not in DROPPED_KEYS},
        )
        for cell in cells
    ]
