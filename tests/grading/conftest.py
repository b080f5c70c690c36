"""One learner, one topic and one course file, apart from whoever runs the tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.grading import Check, Checks, Lab, Progress, load_checks

SAMPLE = '''
from labkit.grading import (
    OTHER, Evidence, Lab, Variant, Verdict, between, check, not_yet, one_of, passed
)

VARIANT = Variant(word=one_of("heron", "kite", "wren"), lines=between(2, 5))


@check("note", title="Write a note", points=2, hints=("It is a file.", "Its name is note.txt."))
def note(lab: Lab) -> Verdict:
    """Looks at note.txt in the work folder."""
    path = lab.folder / "note.txt"
    if not path.exists():
        return not_yet("absent", Evidence("note.txt", "a file", "nothing"))
    found = path.read_text().strip()
    row = Evidence("its text", lab["word"], found)
    if row.agrees:
        return passed("The note is there.", row)
    if not found:
        return not_yet("empty", row)
    if found.lower() == lab["word"]:
        return not_yet("capitals", row)
    return not_yet(OTHER, row)


@note.wrong("absent", says="There is no note.", hints=("Nothing is there yet.",))
def _(lab):
    pass


@note.wrong("empty", says="The note is empty.", hints=("Something wrote nothing.",), near_miss=True)
def _(lab):
    (lab.folder / "note.txt").touch()


@note.wrong("capitals", says="The note shouts.", near_miss=True)
def _(lab):
    (lab.folder / "note.txt").write_text(lab["word"].upper())


@note.unlisted("another word")
def _(lab):
    (lab.folder / "note.txt").write_text("badger")


@note.right("command line")
def _(lab):
    lab.spawn(["sh", "-c", f"echo {lab['word']} > note.txt"]).wait(timeout=10)


@note.right("Python")
def _(lab):
    (lab.folder / "note.txt").write_text(lab["word"])
'''


@pytest.fixture(autouse=True)
def _no_seed_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABKIT_SEED", raising=False)


@pytest.fixture
def checks(tmp_path: Path) -> Checks:
    folder = tmp_path / "07-notes"
    folder.mkdir()
    (folder / "checks.py").write_text(SAMPLE)
    return load_checks(folder / "checks.py")


@pytest.fixture
def note(checks: Checks) -> Check:
    return checks["note"]


@pytest.fixture
def lab(tmp_path: Path, checks: Checks) -> Iterator[Lab]:
    values = checks.variant.values("a-seed", "notes")
    with Lab("notes", tmp_path / "work", values, missing=lambda _: []) as lab:
        yield lab


@pytest.fixture
def progress(tmp_path: Path) -> Iterator[Progress]:
    with Progress(tmp_path / "progress.sqlite") as progress:
        yield progress
