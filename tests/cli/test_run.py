from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.course import build, read_course
from tests.cli.program import invoke, on_terminal
from tests.jupyter.small import write_course

pytestmark = pytest.mark.requires("sandbox")


@pytest.fixture
def built(root: Path) -> Path:
    """The small course with its notebooks, which were not played yet."""
    build(read_course(write_course(root, is_sound=True)), execute=False)
    return root


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_labs_and_solutions_are_played_and_pass(built: Path) -> None:
    result = invoke("run")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "first-box, lab: 3 cells" in lines
    assert any(line.startswith("first-box, solution: played in ") for line in lines)
    assert "2 of 2 notebooks ran through, 4 of 4 checks passed." in lines
    assert result.stdout.count("✓ passed") == 4
    assert "exercise" not in result.stdout


def test_as_json_each_verdict_is_a_line(built: Path) -> None:
    result = invoke("run", "00", "--solutions", "--json")
    assert result.exit_code == 0
    found = objects(result.stdout)
    assert [one["check"] for one in found] == ["write-note", "run-box", "copy-note", "write-end"]
    for one in found:
        assert set(one) == {"topic", "notebook", "check", "verdict", "seconds"}
        assert (one["topic"], one["notebook"], one["verdict"]) == (
            "first-box",
            "solution",
            "passed",
        )
        assert 0 <= float(str(one["seconds"])) < 20  # to the millisecond


def test_an_untouched_exercise_is_not_passed(built: Path) -> None:
    result = invoke("run", "--exercises", "--json")
    assert result.exit_code == 1
    assert {one["verdict"] for one in objects(result.stdout)} == {"not yet"}


def test_a_broken_notebook_exits_with_2_and_says_where(built: Path) -> None:
    notebook = built / "labs/00-first-box/lab.ipynb"
    notebook.write_text(notebook.read_text().replace("compare(", "comprae("))
    result = invoke("run", "--json")
    assert result.exit_code == 2
    first, *rest = objects(result.stdout)
    assert (first["notebook"], first["verdict"], first["check"]) == ("lab", "broken", "")
    assert "comprae" in str(first["error"])
    assert [one["verdict"] for one in rest] == ["passed"] * 4  # the others are played all the same


def test_a_learners_own_things_are_not_touched(built: Path, labkit_home: Path) -> None:
    invoke("run", "--solutions", "--json")
    assert not (built / "my-work").exists()
    assert not (labkit_home / "progress.sqlite").exists()


@pytest.mark.parametrize(
    ("name", "words"), [("frist-box", "Did you mean first-box"), ("later-on", "still to come")]
)
def test_a_topic_that_is_not_there_exits_with_2(built: Path, name: str, words: str) -> None:
    result = invoke("run", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_on_a_terminal_there_is_a_bar_for_each_notebook(built: Path) -> None:
    code, text = on_terminal("run", "--solutions")
    assert code == 0
    assert "━" in text
    assert "first-box, solution" in text
    assert "4 of 4 checks passed" in text
