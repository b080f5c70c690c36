from __future__ import annotations

import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, SystemFault
from labkit.machine import looks
from labkit.machine.layers.shelf import Item, Shelf

ITEM = Item("thing", ("a", "b"), ".bin")


class Maker:
    """Counts how often it was asked."""

    def __init__(self, content: bytes = b"content") -> None:
        self.content, self.calls = content, 0

    def __call__(self, path: Path) -> None:
        self.calls += 1
        path.write_bytes(self.content)

    def folder(self, path: Path) -> None:
        self.calls += 1
        (path / "in").mkdir(parents=True)
        (path / "in/file").write_bytes(self.content)
        (path / "link").symlink_to("in")


def test_a_thing_is_made_once(tmp_path: Path) -> None:
    make = Maker()
    first = Shelf(tmp_path).keep(ITEM, make)
    assert Shelf(tmp_path).keep(ITEM, make) == first
    assert make.calls == 1
    assert first.path.read_bytes() == b"content"


@pytest.mark.parametrize("other", [("a", "c"), ("ab",), ("b", "a"), ("a", "b", "")])
def test_whatever_it_is_made_of_is_in_its_name(tmp_path: Path, other: tuple[str, ...]) -> None:
    assert Item("thing", other, ".bin").file_name != ITEM.file_name


def damage_cut(path: Path) -> None:
    os.truncate(path, 3)


def damage_changed(path: Path) -> None:
    path.write_bytes(b"CONTENT")


def damage_gone(path: Path) -> None:
    path.unlink()


def damage_note(path: Path) -> None:
    path.with_name(path.name + ".json").write_text("{")


@pytest.mark.parametrize("damage", [damage_cut, damage_changed, damage_gone, damage_note])
def test_damage_is_noticed_and_the_thing_made_again(tmp_path: Path, damage: object) -> None:
    make, shelf = Maker(), Shelf(tmp_path)
    kept = shelf.keep(ITEM, make)
    damage(kept.path)  # type: ignore[operator]
    assert shelf.find(ITEM) is None
    assert shelf.keep(ITEM, make) == kept
    assert make.calls == 2
    assert kept.path.read_bytes() == b"content"


def test_a_copy_is_as_good_and_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path)
    kept = shelf.keep(ITEM, Maker())
    os.utime(kept.path, (1, 1))
    assert shelf.find(ITEM) == kept
    monkeypatch.setattr(looks, "look_at", lambda path: pytest.fail("read again"))
    assert shelf.find(ITEM) == kept


@pytest.mark.parametrize("lost", ["in/file", "link"])
def test_a_folder_that_lost_something_is_noticed(tmp_path: Path, lost: str) -> None:
    make, shelf, item = Maker(), Shelf(tmp_path), Item("folder", ("x",))
    kept = shelf.keep(item, make.folder)
    assert shelf.find(item) == kept
    (kept.path / lost).unlink()
    assert shelf.find(item) is None
    assert shelf.keep(item, make.folder) == kept


def test_what_failed_is_not_there_and_what_it_left_goes(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        path.with_name(path.name + ".tree").mkdir()
        raise SystemFault("make it", why="a test")

    shelf = Shelf(tmp_path)
    with pytest.raises(SystemFault, match="make it"), shelf.alone():
        shelf.keep(ITEM, fail)
    assert shelf.find(ITEM) is None
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_a_killed_maker_left_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".making-thing.bin").write_bytes(b"half")
    with Shelf(tmp_path).alone():
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_to_be_full(tmp_path: Path, number: int) -> None:
    def fail(path: Path) -> None:
        raise OSError(number, os.strerror(number))

    with pytest.raises(Blocked, match="the disk is full"):
        Shelf(tmp_path).keep(ITEM, fail)


def _keep(folder: Path, start: str) -> None:
    def make(path: Path) -> None:
        with (folder / "calls").open("a") as calls:
            calls.write("x")
        path.write_bytes(b"content")

    while not Path(start).exists():
        pass
    shelf = Shelf(folder)
    with shelf.alone():
        shelf.keep(ITEM, make)


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    start = tmp_path / "start"
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_keep, args=(tmp_path, str(start))) for _ in range(2)]
    for child in children:
        child.start()
    start.touch()
    for child in children:
        child.join(20)
    assert [child.exitcode for child in children] == [0, 0]
    assert (tmp_path / "calls").read_text() == "x"


def test_prune_removes_what_is_not_kept_and_nothing_else(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    kept = shelf.keep(ITEM, Maker())
    old = shelf.keep(Item("thing", ("old",), ".bin"), Maker())
    folder = shelf.keep(Item("folder", ("x",)), Maker().folder)
    (tmp_path / "mine.json").write_text('{"not": "ours"}')
    (tmp_path / "mine").touch()
    assert shelf.prune([kept.path]) == sorted([old.path, folder.path])
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {kept.path.name, kept.path.name + ".json", "mine.json", "mine"}


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="file"):
        Shelf(tmp_path / "file/folder")
