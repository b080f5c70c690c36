"""An author's mistakes are found without running anything, and each says its file and line."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest

from labkit.core.errors import AuthorError
from labkit.course import Course, Sources, build, build_check, find_mistakes
from tests.course.small import edit, line_of

EXERCISE, LAB = "00-first-files/exercise.py", "00-first-files/lab.py"
CHECKS = "00-first-files/checks.py"


def mistakes(course: Course) -> list[AuthorError]:
    return find_mistakes(Sources(course))


def test_the_small_course_has_no_mistakes(course: Course) -> None:
    assert mistakes(course) == []


class Case(NamedTuple):
    """A mistake: ``old`` becomes ``new``; what is said of it; what its line holds."""

    file: str
    old: str
    new: str
    says: str
    at: str = ""


TASK_1 = "\n\n# %% [markdown]\n# ## Task 1"
ASK_1 = '# %% check="write-note"\ncheck("write-note")'

CASES = [
    Case(EXERCISE, "### BEGIN SOLUTION\nPath", "Path", "END SOLUTION without", "### END"),
    Case(EXERCISE, "SOLUTION\nPath", "SOLUTION\n### BEGIN SOLUTION\nPath", "inside", "### BEGIN"),
    Case(EXERCISE, ASK_1, "# %%", "no check follows", 'task="write-note"'),
    Case(EXERCISE, 'check="copy-note"', 'check="copy-not"', "no check 'copy-not'", "copy-not"),
    Case(EXERCISE, '# %% task="write-note"', "# %%", "stands before its task", 'check="write'),
    Case(EXERCISE, '# %% task="write-note"', "# %%", "outside the tasks", "# %%"),
    Case(EXERCISE, 'check="copy-note"', 'check="write-note"', "another cell of this id", "check="),
    Case(EXERCISE, 'check("write-note")\n\n', "check(1)\n\n", "is generated", 'check="write'),
    Case(EXERCISE, "### BEGIN SOLUTION\nPath", "if 1:\n### BEGIN SOLUTION\n  Path", "without its"),
    Case(EXERCISE, 'name = "copy.txt"', "name = = 3", "not valid Python", "name = = 3"),
    Case(EXERCISE, 'name = "copy.txt"', 'name = "\\d"', "not valid Python", "name ="),
    Case(EXERCISE, TASK_1, f"\n# %magic\nx = ){TASK_1}", "not valid Python", "x = )"),
    Case(LAB, "](file.svg)", "](gone.svg)", "leads to gone.svg", "gone.svg"),
    Case(LAB, "00-first-files.ipynb", "01-later-on.ipynb", "leads to", "01-later-on"),
    Case(LAB, "[[file|named", "[[fiel|named", "no term 'fiel'", "[[fiel"),
    Case(LAB, 'id="opening"', 'id="header"', "notebook's own", "header"),
    Case(LAB, 'print("one', '### BEGIN SOLUTION\n1\n### END SOLUTION\nprint("one', "outside"),
    Case("home.py", "00-first-files/lab.ipynb", "lab.ipynb", "leads to lab.ipynb", "lab.ipynb"),
    Case("glossary.py", "[[folder]]", "[[drawer]]", "no term 'drawer'", "drawer"),
    Case("glossary.py", "### Folder", "### File", "another term 'File'", "### File"),
    Case("glossary.py", "A list of [[file|files]].", "", "says nothing", "### Folder"),
    Case("00-first-files/reference.md", "file.svg", "gone.svg", "leads to gone.svg", "gone.svg"),
    Case("00-first-files/topic.toml", "[[file]]", "[[fiel]]", "no term 'fiel'", "fiel"),
    Case("00-first-files/topic.toml", '["later-on"]', '["later"]', "no topic 'later'", "next"),
    Case("00-first-files/topic.toml", "minutes = 10\n", "", "'minutes' is missing"),
    Case(CHECKS, '@write_note.right("command line")\n', "", "another way", '"write-note"'),
    Case(CHECKS, "from labkit.grading", "from labkit.gading", "ModuleNotFound", "gading"),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.file}: {case.says}" for case in CASES])
def test_a_mistake_is_found_with_its_line(course: Course, case: Case) -> None:
    path = course.root / "labs" / case.file
    text = path.read_text()
    assert case.old in text
    path.write_text(text.replace(case.old, case.new, 1))
    found = [error for error in mistakes(course) if case.says in str(error)]
    assert found, [str(error) for error in mistakes(course)]
    file, _, line = found[0].where.rpartition(":")
    assert file == str(path)
    assert case.at in path.read_text().splitlines()[int(line) - 1]
    with pytest.raises(AuthorError):
        build(course, execute=False)
    assert not list(course.root.rglob("*.ipynb"))


def test_a_check_that_no_task_asks_is_found(course: Course) -> None:
    path = course.root / "labs" / CHECKS
    text = path.read_text()
    one_check = text[text.rindex("@check") :]
    path.write_text(text + one_check.replace("copy-note", "third").replace("copy_note", "third"))
    (mistake,) = mistakes(course)
    assert "no task asks the check 'third'" in str(mistake)
    assert mistake.where == f"{path}:{line_of(path, 'third')}"


def test_one_id_for_checks_of_two_topics_is_found(course: Course) -> None:
    shutil.copytree(course.root / "labs/00-first-files", course.root / "labs/01-later-on")
    said = "\n".join(str(error) for error in mistakes(course))
    assert "topic 00-first-files has a check 'write-note' too" in said


def test_all_mistakes_are_listed_and_the_first_is_raised(course: Course) -> None:
    lab = course.root / "labs" / LAB
    edit(lab, "[[file|named", "[[fiel|named")
    edit(lab, "](file.svg)", "](gone.svg)")
    assert len(mistakes(course)) == 2
    with pytest.raises(AuthorError) as caught:
        build_check(course)
    assert caught.value.where == f"{lab}:{line_of(lab, 'gone')}"
    assert "and 1 more" in caught.value.__notes__[0]


def test_code_that_shall_raise_may_be_wrong(course: Course) -> None:
    edit(course.root / "labs" / LAB, 'open("missing.txt")', "this is no Python")
    assert mistakes(course) == []


def test_a_near_term_is_proposed(course: Course) -> None:
    edit(course.root / "labs" / LAB, "[[file|named", "[[foldr|named")
    assert mistakes(course)[0].hint == "Did you mean folder?"
