"""What a guest removes is kept on the host, where the guest cannot see it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.machine.files import Export
from labkit.machine.files.kept import ALL_BYTES, DAYS, LARGEST_BYTES
from tests.machine.files.mount import Mount, mounted

pytestmark = pytest.mark.requires("fuse", "program:sshfs")


@pytest.fixture
def removed(tmp_path: Path) -> Path:
    return tmp_path / "data" / "removed"


@pytest.fixture
def mount(tmp_path: Path, removed: Path) -> Iterator[Mount]:
    (tmp_path / "course").mkdir()
    exports = {"course": Export(tmp_path / "course", removed=removed)}
    with mounted(tmp_path / "mnt", exports) as made:
        yield made


def kept(removed: Path) -> dict[str, bytes]:
    """Path from the course on, and content, of what is kept of one machine."""
    [ours] = removed.iterdir()
    files = (path for path in ours.rglob("*") if path.is_file())
    return {str(path.relative_to(ours)): path.read_bytes() for path in files}


def test_a_removed_tree_is_kept_as_it_was(mount: Mount, removed: Path) -> None:
    for name in ("work/a b/ä.txt", "work/notes", "top"):
        path = mount.course / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"of {name}")
    shutil.rmtree(mount.course / "work")
    (mount.course / "top").unlink()
    assert list(mount.course.iterdir()) == []
    assert kept(removed) == {
        name: f"of {name}".encode() for name in ("work/a b/ä.txt", "work/notes", "top")
    }
    assert removed.stat().st_mode & 0o777 == 0o700


def test_what_is_removed_twice_is_kept_as_it_was_last(mount: Mount, removed: Path) -> None:
    for text in ("one", "two"):
        (mount.course / "a").write_text(text)
        (mount.course / "a").unlink()
    assert kept(removed) == {"a": b"two"}


def test_what_is_no_work_is_only_removed(mount: Mount, removed: Path) -> None:
    (mount.course / "empty").touch()
    (mount.course / "link").symlink_to("empty")
    with (mount.course / "large").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    (mount.course / "two").write_text("names")
    os.link(mount.course / "two", mount.course / "names")
    for name in ("link", "empty", "large", "two"):
        (mount.course / name).unlink()
    assert [path.name for path in mount.course.iterdir()] == ["names"]
    assert not removed.exists()


def test_a_machine_does_not_fill_the_disk(mount: Mount, removed: Path) -> None:
    for _ in range(2 * ALL_BYTES // LARGEST_BYTES):
        with (mount.course / "a").open("wb") as file:
            file.truncate(LARGEST_BYTES)
        (mount.course / "a").rename(mount.course / f"b{time.monotonic_ns()}")
    for path in mount.course.iterdir():
        path.unlink()
    assert len(kept(removed)) == ALL_BYTES // LARGEST_BYTES


def test_another_file_system_gets_a_copy(tmp_path: Path, removed: Path) -> None:
    shared = Path("/dev/shm") / tmp_path.name
    shared.mkdir()
    try:
        assert shared.stat().st_dev != tmp_path.stat().st_dev
        exports = {"course": Export(shared, removed=removed)}
        with mounted(tmp_path / "mnt", exports) as mount:
            (mount.course / "a").write_text("mine")
            (mount.course / "a").unlink()
        assert list(shared.iterdir()) == []
    finally:
        shutil.rmtree(shared)
    assert kept(removed) == {"a": b"mine"}


def test_what_cannot_be_kept_is_still_removed(mount: Mount, removed: Path) -> None:
    removed.parent.mkdir()
    removed.write_text("a file where the folder should be")
    (mount.course / "a").write_text("mine")
    (mount.course / "a").unlink()
    assert list(mount.course.iterdir()) == []


def test_what_is_old_is_forgotten(mount: Mount, removed: Path) -> None:
    for name, days in (("old", DAYS + 1), ("young", DAYS - 1)):
        (removed / name).mkdir(parents=True)
        then = time.time() - days * 24 * 3600
        os.utime(removed / name, (then, then))
    (mount.course / "a").write_text("mine")
    (mount.course / "a").unlink()
    names = {path.name for path in removed.iterdir()}
    assert "old" not in names and "young" in names
    assert len(names) == 2
