"""Files that are kept open say what they say now, and are let go."""

from __future__ import annotations

import gc
from contextlib import suppress
from pathlib import Path

import pytest

from labkit.sandbox import Cgroup
from labkit.sandbox.groups.kept_open import KeptOpen
from labkit.sandbox.groups.reading import Reader


def open_files() -> set[str]:
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found.add(str(link.readlink()))
    return found


def test_a_file_is_opened_once_and_read_anew(tmp_path: Path) -> None:
    file, kept = tmp_path / "file", KeptOpen()
    for said in ("one", "two", "x" * 5000):
        file.write_text(said)
        assert kept.read(str(file)) == said
    assert str(file) in open_files()
    assert kept.read(str(tmp_path / "none")) == ""


def test_what_was_not_read_in_a_round_is_closed(tmp_path: Path) -> None:
    kept = KeptOpen()
    for name in "ab":
        (tmp_path / name).write_text(name)
        kept.read(str(tmp_path / name))
    kept.end_round()
    kept.read(str(tmp_path / "a"))
    kept.end_round()
    assert {path for path in open_files() if str(tmp_path) in path} == {str(tmp_path / "a")}
    del kept
    gc.collect()
    assert not [path for path in open_files() if str(tmp_path) in path]


@pytest.mark.requires("root", "limits")
def test_a_reader_of_many_groups_lets_those_go_that_have_gone() -> None:
    reader = Reader()
    with Cgroup.create("few") as top:
        for number in range(5):
            Cgroup.create(f"few/{number}")
        reader.tree(top.path)
        for child in top.children[1:]:
            child.remove()
        reader.tree(top.path)
        reader.tree(top.path)
        assert not [path for path in open_files() if "/few/3/" in path]
        assert [path for path in open_files() if "-few/0/" in path]
