"""A topic's checks.py is read apart from everything else, and its errors have a place."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from labkit.core.errors import AuthorError
from labkit.grading import Checks, load_checks

HEAD = "from labkit.grading import *\n"


def load(folder: Path, text: str | bytes) -> Checks:
    path = folder / "checks.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_checks(path)


def test_checks_come_in_the_authors_order_with_topic_and_variant(
    checks: Checks, tmp_path: Path
) -> None:
    assert list(checks) == ["note"]
    assert set(checks.variant.choices) == {"word", "lines"}
    assert checks["note"].where.startswith(f"{tmp_path}/07-notes/checks.py:")
    two = HEAD + "".join(
        f"@check('{id}', title='x')\ndef _(lab): return passed()\n" for id in ("zebra", "ant")
    )
    assert list(load(tmp_path, two)) == ["zebra", "ant"]


def test_two_files_do_not_meet_and_nothing_stays_in_sys_modules(tmp_path: Path) -> None:
    before = set(sys.modules)
    text = (
        HEAD + "N = []\n@check('a', title='x')\ndef a(lab): N.append(1); return passed(str(len(N)))"
    )
    one, two = load(tmp_path, text), load(tmp_path, text)
    assert [checks["a"]._look(None).message for checks in (one, one, two)] == ["1", "2", "1"]  # type: ignore[arg-type]
    assert not [name for name in set(sys.modules) - before if "checks_" in name]


def test_a_dataclass_with_postponed_annotations_can_be_defined(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass P:\n    x: int = 1\n"
    )
    assert load(tmp_path, text) == {}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("x = 1\ny = (", 2, "was never closed"),
        ("x = 1\n\n1 / 0\n", 3, "ZeroDivisionError"),
        ("def f():\n    raise KeyError('k')\nf()\n", 2, "KeyError"),
        ("raise SystemExit(1)\n", 1, "SystemExit"),
        ("import labkit.nothing\n", 1, "ModuleNotFoundError"),
        (HEAD + "VARIANT = {'a': 1}\n", 1, "instead of Variant"),
        (HEAD + "\nVARIANT = Variant(n=between(5, 1))\n", 3, "no range"),
        (HEAD + "VARIANT = Variant(n=one_of('a'))\n", 2, "gives no choice"),
        (HEAD + "VARIANT = Variant(n=7)\n", 2, "must be one_of"),
        (HEAD + "VARIANT = Variant(n=one_of(1.5, 2))\n", 2, "1.5"),
        (b"x = 1\ny = '\xff'\n", 2, "utf-8"),
        (b"x = '\x00'\n", 1, "null bytes"),
    ],
)
def test_an_error_in_the_file_has_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(AuthorError, match=says) as caught:
        load(tmp_path, text)
    assert caught.value.where == f"{tmp_path}/checks.py:{line}"


def test_two_checks_of_one_id_are_refused_even_under_one_name(tmp_path: Path) -> None:
    one = "@check('same', title='x')\ndef _(lab): return passed()\n"
    with pytest.raises(AuthorError, match=r"checks\.py:4: check same: .*checks\.py:2"):
        load(tmp_path, HEAD + one + one)


def test_a_file_that_is_not_there_is_an_authors_error(tmp_path: Path) -> None:
    with pytest.raises(AuthorError, match="No such file"):
        load_checks(tmp_path / "checks.py")
