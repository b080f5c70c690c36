"""Reading sources: as jupytext does, with line numbers."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from labkit.core.errors import AuthorError
from labkit.course.solutions import Unbalanced, find_regions, solved, unsolved
from labkit.course.source import read_source
from tests.course.small import EXERCISE, GLOSSARY, HOME, LAB

STRANGE = '''\
# %% [markdown] tags=["a"]
"""
## In quotes

Text.
"""

# %% A title tags=["b", "c"]

# a comment

x = 1


def f():
    return x
# %%
# %%bash
# echo "$HOME"

# %% [raw]
# raw
# %%
# !ls
'''


@pytest.mark.parametrize("text", [LAB, EXERCISE, HOME, GLOSSARY, STRANGE])
def test_the_cells_are_those_that_jupytext_reads(tmp_path: Path, text: str) -> None:
    file = tmp_path / "source.py"
    file.write_text(text)
    theirs = jupytext.reads(text[text.index("# %%") :], fmt="py:percent").cells
    ours = read_source(file)
    assert [(cell.kind, cell.text) for cell in ours] == [
        (cell.cell_type, cell.source.strip("\n")) for cell in theirs
    ]
    assert [list(cell.tags) for cell in ours] == [cell.metadata.get("tags", []) for cell in theirs]


@pytest.mark.parametrize("text", [LAB, EXERCISE, STRANGE])
def test_each_cell_knows_its_lines(tmp_path: Path, text: str) -> None:
    file = tmp_path / "source.py"
    file.write_text(text)
    lines = text.splitlines()
    for cell in read_source(file):
        assert lines[cell.line - 1].startswith("# %%")
        if cell.text:
            assert cell.text.splitlines()[0] in lines[cell.first - 1]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\n# %%\n", 1, "above the first cell"),
        ("# %%\n1\n# %% tsk='a'\n2\n", 3, "Did you mean task?"),
        ("# %%\n1\n# %% task=\n2\n", 3, "task"),
        ('# %% task="a b"\n', 1, "letters, digits"),
        ('# %% task="a" check="a"\n', 1, "not more"),
        ("# %% setup=1\n1\n", 1, "only be true"),
        ('# %% tags="a"\n1\n', 1, "not of type 'array'"),
        ('# %% [markdown] check="a"\n# b\n', 1, "only a code cell"),
        ('# %%\nx = """\n# %% inside\n"""\n# %%\n2\n', 3, "inside a text"),
    ],
)
def test_a_mistake_in_a_header_has_its_line(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    file = tmp_path / "source.py"
    file.write_text(text)
    with pytest.raises(AuthorError) as caught:
        read_source(file)
    assert caught.value.where == f"{file}:{line}"
    assert says in str(caught.value)


def test_a_source_that_is_missing_or_no_text_says_so(tmp_path: Path) -> None:
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe")
    for name in ("none.py", "binary.py"):
        with pytest.raises(AuthorError, match="cannot be read"):
            read_source(tmp_path / name)


REGIONS = """\
given = 1
### BEGIN SOLUTION
a = 2
b = 3
### END SOLUTION
def f():
    ### BEGIN SOLUTION: give the answer
    return 42
    ### END SOLUTION
    # and no more
if given:
    print(given)
    ### BEGIN SOLUTION
    print(f())
    ### END SOLUTION
"""


def test_the_solution_is_the_cell_without_the_marks() -> None:
    without = [line for line in REGIONS.splitlines() if "SOLUTION" not in line]
    assert solved(REGIONS).splitlines() == without


def test_the_exercise_says_what_to_do_and_gives_nothing_away() -> None:
    text = unsolved(REGIONS, says="add two numbers")
    assert "# Your turn: add two numbers\n\ndef f" in text
    assert "    # Your turn: give the answer\n    ...\n" in text
    assert "    print(given)\n    # Your turn: add two numbers\n" in text
    for answer in ("a = 2", "42", "print(f())", "SOLUTION"):
        assert answer not in text


@pytest.mark.parametrize(
    "before",
    [
        "for i in range(3):",
        "try:\n    pass\nexcept OSError:",
        "def f(\n    a,\n):",
        "if 1:\n    pass\nelse:\n    # a comment",
        "class A:\n    def f(self):\n        pass",
    ],
)
def test_the_exercise_is_python_wherever_the_region_stands(before: str) -> None:
    region = "    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION\n"
    for after in ("", "x = 1\n", "    # the end\n", region):
        compile(unsolved(f"{before}\n{region}{after}"), "cell", "exec")


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("x\n### BEGIN SOLUTION\ny\n", 1),
        ("x\n### END SOLUTION\n", 1),
        ("### BEGIN SOLUTION\nx\n### BEGIN SOLUTION\n### END SOLUTION", 2),
        ("### BEGIN SOLUTION\n### END SOLUTION", 1),
    ],
)
def test_an_unbalanced_region_is_found(text: str, row: int) -> None:
    with pytest.raises(Unbalanced) as caught:
        find_regions(text)
    assert caught.value.row == row
