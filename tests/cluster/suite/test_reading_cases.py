"""Cases are read as they are written, and a wrong print is seen: the suite's own tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.suite.matching import matches
from tests.cluster.suite.transcript import Step, read

TEXT = """\
-- shared.yaml --
kind: Pod

## One case
@embedded-only it has no nodes
@since 1.27 columns were added
-- own.yaml --
a: 1
$ kubectl get pods
NAME   AGE
a      <age>

b      <age>
! Warning: x
[1]

## Another
$ true
"""


def test_a_file_has_cases_with_files_words_and_steps(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(TEXT)
    one, other = read(tmp_path / "some.txt")
    assert one.title == "One case"
    assert one.words["embedded-only"] == "it has no nodes"
    assert (one.since, other.since) == ((1, 27), (0, 0))
    assert one.files == {"shared.yaml": "kind: Pod\n\n", "own.yaml": "a: 1\n"}
    out = "NAME   AGE\na      <age>\n\nb      <age>"
    assert one.steps == (Step("kubectl get pods", out, "Warning: x", 1),)
    assert other.steps == (Step("true"),)


def test_a_line_that_is_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("## One\nkubectl get pods\n$ true\n")
    with pytest.raises(ValueError, match=r"some\.txt: One: what is 'kubectl get pods'\?"):
        read(tmp_path / "some.txt")


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("a   <age>   b", "a   3s        b"),
        ("uid: <uid>", "uid: 01234567-89ab-cdef-0123-456789abcdef\n"),
        ("x-<suffix>", "x-b2z4c"),
        ("IP<gap>AGE\nNone<gap><none>", "IP       AGE\nNone     <none>"),
        ("first\n...\nlast", "first\n1\n2\nlast\n"),
        ("", ""),
        ("<none>", "<none>"),
    ],
)
def test_what_differs_from_run_to_run_matches(expected: str, printed: str) -> None:
    assert matches(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ("a   b", "a    b"),
        ("a", "a\nb"),
        ("", "a"),
        ("a", ""),
        ("a.b", "axb"),
        ("<age>", "old"),
        ("IP<gap>AGE", "IP AGE"),
        ("<none>", "<nil>"),
        ("a  <age>  b", "a  3s b c"),
    ],
)
def test_anything_else_does_not(expected: str, printed: str) -> None:
    assert not matches(expected, printed)
