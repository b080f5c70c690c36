"""Laying the course out: everything is there, and what a learner changed stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from labkit.core.errors import BadInput, Blocked
from labkit.course import Course, build, find_course, lay_out, read_course, trust
from labkit.course.files import write_whole
from labkit.course.layout import MANIFEST
from tests.course.small import edit
from tests.support import OrdinaryUser

LAB = "labs/00-first-files/lab.ipynb"


@pytest.fixture
def shipped(course: Course) -> Course:
    build(course, execute=False)
    return course


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "a learner's folder"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def what(written: list[Any], folder: Path) -> dict[str, str]:
    return {one.path.relative_to(folder).as_posix(): one.what for one in written}


def new_version(course: Course) -> None:
    """Changes the shipped lab."""
    edit(course.root / "labs/00-first-files/lab.py", "one file", "two files")
    build(course, execute=False)


def test_everything_is_laid_out_and_is_a_course(shipped: Course, target: Path) -> None:
    written = lay_out(target, source=shipped.root)
    laid_out = contents(target)
    laid_out.pop(MANIFEST)
    assert laid_out == contents(shipped.root)
    assert set(what(written, target).values()) == {"added"}
    assert find_course(target / "exercises").root == target
    assert read_course(target).check("write-note")


def test_a_second_time_nothing_is_written(shipped: Course, target: Path) -> None:
    lay_out(target, source=shipped.root)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert lay_out(target, source=shipped.root) == []
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_a_new_version_updates_what_was_not_changed(shipped: Course, target: Path) -> None:
    lay_out(target, source=shipped.root)
    new_version(shipped)
    assert what(lay_out(target, source=shipped.root), target) == {
        LAB: "updated",
        "labs/00-first-files/lab.py": "updated",
    }
    assert (target / LAB).read_bytes() == (shipped.root / LAB).read_bytes()


def test_a_new_version_is_put_beside_what_was_changed(shipped: Course, target: Path) -> None:
    lay_out(target, source=shipped.root)
    (target / LAB).write_bytes(b"mine")
    assert lay_out(target, source=shipped.root) == [], "no news, nothing to put beside"
    new_version(shipped)
    written = what(lay_out(target, source=shipped.root), target)
    assert written["labs/00-first-files/lab.new.ipynb"] == "beside"
    assert (target / LAB).read_bytes() == b"mine"
    new = target / "labs/00-first-files/lab.new.ipynb"
    assert new.read_bytes() == (shipped.root / LAB).read_bytes()
    assert lay_out(target, source=shipped.root) == []


def test_what_was_put_beside_is_updated_unless_it_was_changed_too(
    shipped: Course, target: Path
) -> None:
    lay_out(target, source=shipped.root)
    (target / LAB).write_bytes(b"mine")
    new_version(shipped)
    lay_out(target, source=shipped.root)
    edit(shipped.root / "labs/00-first-files/lab.py", "two files", "three files")
    build(shipped, execute=False)
    lay_out(target, source=shipped.root)
    beside = target / "labs/00-first-files/lab.new.ipynb"
    assert b"three files" in beside.read_bytes()
    beside.write_bytes(b"mine too")
    edit(shipped.root / "labs/00-first-files/lab.py", "three files", "four files")
    build(shipped, execute=False)
    lay_out(target, source=shipped.root)
    assert beside.read_bytes() == b"mine too"
    assert b"four files" in beside.with_name("lab.new-2.ipynb").read_bytes()


def test_what_was_deleted_comes_back(shipped: Course, target: Path) -> None:
    lay_out(target, source=shipped.root)
    (target / LAB).unlink()
    assert what(lay_out(target, source=shipped.root), target) == {LAB: "added"}


@pytest.mark.parametrize("manifest", [None, b"", b"[]", b'{"files": 3}', b"\xff"])
def test_without_a_manifest_everything_there_is_the_learners(
    shipped: Course, target: Path, manifest: bytes | None
) -> None:
    write_whole(target / LAB, b"mine")
    if manifest is not None:
        write_whole(target / MANIFEST, manifest)
    written = what(lay_out(target, source=shipped.root), target)
    assert (target / LAB).read_bytes() == b"mine"
    assert written["labs/00-first-files/lab.new.ipynb"] == "beside"
    assert LAB not in written


def test_a_target_that_is_a_file_is_refused(shipped: Course, target: Path) -> None:
    target.write_text("mine")
    with pytest.raises(BadInput, match="it is a file"):
        lay_out(target, source=shipped.root)
    assert target.read_text() == "mine"


def test_a_folder_within_that_is_a_file_is_refused(shipped: Course, target: Path) -> None:
    target.mkdir()
    (target / "exercises").write_text("mine")
    with pytest.raises(BadInput, match="exercises"):
        lay_out(target, source=shipped.root)
    assert (target / "exercises").read_text() == "mine"


def test_a_target_that_cannot_be_written_is_refused(shipped: Course) -> None:
    with pytest.raises(Blocked, match="Choose a folder that you can write"):
        lay_out(Path("/sys/labkit-course"), source=shipped.root)


def test_a_target_that_is_closed_to_this_user_is_refused(user: OrdinaryUser) -> None:
    closed = user.folder / "closed"
    closed.mkdir(mode=0)
    code = (
        "from pathlib import Path; from labkit.course import lay_out;"
        f"lay_out(Path({str(closed)!r}), source=Path('/'))"
    )
    done = user.python(code)
    assert "Blocked: cannot look into the folder" in done.stderr
    assert "Choose a folder that you can write" in done.stderr


def test_a_course_is_not_laid_out_over_itself(shipped: Course) -> None:
    before = contents(shipped.root)
    assert lay_out(shipped.root, source=shipped.root) == []
    assert contents(shipped.root) == before


def test_what_a_run_left_is_not_shipped(shipped: Course, target: Path) -> None:
    for name in ("labs/.ipynb_checkpoints/a.ipynb", "labs/00-first-files/__pycache__/a.pyc"):
        write_whole(shipped.root / name, b"x")
    write_whole(shipped.root / "work/first-files/note.txt", b"x")
    lay_out(target, source=shipped.root)
    assert not [name for name in contents(target) if name.endswith(("a.ipynb", "note.txt"))]
    assert not list(target.rglob("__pycache__"))


def is_trusted(path: Path) -> bool:
    notary = NotebookNotary()
    try:
        return bool(notary.check_signature(nbformat.read(path, as_version=4)))
    finally:
        notary.store.close()


def test_laid_out_notebooks_are_trusted_and_changed_ones_are_not(
    shipped: Course, target: Path
) -> None:
    lay_out(target, source=shipped.root)
    assert is_trusted(target / LAB)
    edit(target / LAB, "one file", "an evil file")
    assert not is_trusted(target / LAB)
    lay_out(target, source=shipped.root)
    assert not is_trusted(target / LAB)


def test_a_checkout_can_be_trusted(shipped: Course, jupyter_data: Path) -> None:
    (shipped.root / "exercises/00-first-files.ipynb").write_text("no notebook")
    assert not is_trusted(shipped.root / LAB)
    assert trust(shipped) == 4
    assert is_trusted(shipped.root / LAB)


def test_signatures_that_cannot_be_kept_stop_nothing(
    shipped: Course, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/sys/jupyter")
    assert lay_out(target, source=shipped.root)
