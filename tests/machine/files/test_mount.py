"""What programs of the guest do with files, through a real sshfs: the host has the same."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.machine.files import Export
from labkit.machine.guest.files import KEPT_S
from tests.machine.files.mount import Mount, mounted

pytestmark = pytest.mark.requires("fuse", "program:sshfs")


def test_what_is_written_is_on_the_host_before_write_returns(
    mount: Mount, exports: dict[str, Export]
) -> None:
    host = exports["course"].folder / "a"
    fd = os.open(mount.course / "a", os.O_CREAT | os.O_WRONLY)
    try:
        os.write(fd, b"one")
        assert host.read_bytes() == b"one"
        os.fsync(fd)
    finally:
        os.close(fd)
    with (mount.course / "a").open("ab") as file:
        file.write(b" two")
    assert host.read_bytes() == b"one two"
    os.truncate(mount.course / "a", 2)
    assert host.read_bytes() == b"on"


def test_what_the_host_changes_is_seen_at_once(mount: Mount, exports: dict[str, Export]) -> None:
    host = exports["course"].folder
    for content in ("first", "other"):  # of one length, within one second
        (host / "a").write_text(content)
        assert (mount.course / "a").read_text() == content
    assert not (mount.course / "b").exists()
    (host / "b").mkdir()
    assert os.listdir(mount.course / "b") == []
    (host / "b").rmdir()
    assert sorted(os.listdir(mount.course)) == ["a"]


def test_what_the_machine_keeps_it_keeps_for_a_moment(
    tmp_path: Path, exports: dict[str, Export]
) -> None:
    host = exports["course"].folder
    with mounted(tmp_path / "mnt", exports, KEPT_S) as mount:
        for content in ("first", "longer than the first", "1"):
            (host / "a").write_text(content)
            time.sleep(KEPT_S + 0.02)
            assert (mount.course / "a").read_text() == content
        (host / "a").rename(host / "b")
        assert (mount.course / "b").exists()
        time.sleep(KEPT_S + 0.02)
        assert not (mount.course / "a").exists()


def test_guest_and_host_append_to_one_file(mount: Mount, exports: dict[str, Export]) -> None:
    path = exports["course"].folder / "log"
    with (
        (mount.course / "log").open("ab", buffering=0) as guest,
        path.open("ab", buffering=0) as host,
    ):
        for number in range(20):
            (guest if number % 2 else host).write(b"%02d" % number)
    assert path.read_bytes() == b"".join(b"%02d" % number for number in range(20))


def test_a_notebook_is_saved_by_renaming(mount: Mount, exports: dict[str, Export]) -> None:
    (mount.course / "lab.ipynb").write_text("old")
    (mount.course / ".lab.tmp").write_text("new")
    (mount.course / ".lab.tmp").replace(mount.course / "lab.ipynb")
    assert (exports["course"].folder / "lab.ipynb").read_text() == "new"
    assert os.listdir(exports["course"].folder) == ["lab.ipynb"]


def test_modes_and_times_are_kept_but_not_what_gives_rights(
    mount: Mount, exports: dict[str, Export]
) -> None:
    guest, host = mount.course / "a", exports["course"].folder / "a"
    guest.write_text("")
    guest.chmod(0o6751)
    os.chown(guest, 1000, 1000)
    os.utime(guest, (1_000_000_000, 1_100_000_000))
    found = host.stat()
    assert stat.S_IMODE(found.st_mode) == 0o751
    assert (found.st_uid, found.st_mtime) == (os.geteuid(), 1_100_000_000)
    host.chmod(0o4755)
    assert (stat.S_IMODE(guest.stat().st_mode), guest.stat().st_uid) == (0o755, 0)


def test_links_are_followed_by_the_guest_and_stay_inside(
    mount: Mount, exports: dict[str, Export]
) -> None:
    deep = mount.course / "b" / "c"
    deep.mkdir(parents=True)
    (mount.course / "a").write_text("a")
    (deep / "up").symlink_to("../../a")
    (mount.course / "folder").symlink_to("b/c")
    assert (mount.course / "folder" / "up").read_text() == "a"
    for target in ("/etc/passwd", "../../../secret", "c/../../../../secret"):
        with pytest.raises(PermissionError):
            (deep / "out").symlink_to(target)
    with pytest.raises(OSError) as caught:
        (deep / "up").rename(mount.course / "up")
    assert caught.value.errno == errno.EXDEV
    with pytest.raises(OSError) as caught:
        deep.rename(mount.course / "c")
    assert caught.value.errno == errno.EXDEV
    os.link(mount.course / "a", mount.course / "same")
    assert (exports["course"].folder / "same").stat().st_nlink == 2


def test_a_folder_with_a_thousand_names_of_any_bytes(
    mount: Mount, exports: dict[str, Export]
) -> None:
    odd = [b"new\nline", b"\xff\xfe", "ü".encode(), b"-rf", b" ", b"\\", b"a" * 255]
    names = {*odd, *(b"%d" % number for number in range(1000))}
    folder = os.fsencode(mount.course)
    for name in names:
        with open(folder + b"/" + name, "wb") as file:  # noqa: PTH123 - bytes
            file.write(name)
    assert set(os.listdir(folder)) == names
    assert set(os.listdir(os.fsencode(exports["course"].folder))) == names
    with open(folder + b"/\xff\xfe", "rb") as file:  # noqa: PTH123
        assert file.read() == b"\xff\xfe"
    shutil.rmtree(mount.course, ignore_errors=True)  # the folder itself stays
    assert os.listdir(exports["course"].folder) == []


def test_a_big_file_comes_back_as_it_was(mount: Mount, exports: dict[str, Export]) -> None:
    content = os.urandom(1 << 20) * 20 + b"end"
    (mount.course / "big").write_bytes(content)
    assert (exports["course"].folder / "big").read_bytes() == content
    assert (mount.course / "big").read_bytes() == content
    # Elsewhere: a page fault holds the interpreter's lock, and the server is in this process.
    code = "import mmap, sys; file = open(sys.argv[1], 'r+b')\n"
    code += "with file, mmap.mmap(file.fileno(), 0) as memory: memory[5:9] = b'here'"
    subprocess.run([sys.executable, "-c", code, mount.course / "big"], check=True, timeout=30)
    assert (exports["course"].folder / "big").read_bytes()[5:9] == b"here"


def test_each_refusal_has_the_error_that_programs_know(mount: Mount) -> None:
    (mount.course / "full").mkdir()
    (mount.course / "full" / "a").write_text("")
    for action, number in (
        ((mount.course / "no").read_text, errno.ENOENT),
        ((mount.course / "full").rmdir, errno.ENOTEMPTY),
        ((mount.course / "full").mkdir, errno.EEXIST),
        ((mount.course / "full" / "a" / "b").read_text, errno.ENOTDIR),
        (lambda: (mount.labkit / "code.py").write_text(""), errno.EACCES),
        (lambda: (mount.labkit / "code.py").chmod(0o600), errno.EACCES),
        ((mount.labkit / "code.py").unlink, errno.EACCES),
        (lambda: (mount.labkit / "new").write_text(""), errno.EACCES),
        ((mount.folder / "new").mkdir, errno.EACCES),
        (lambda: mount.course.rename(mount.folder / "other"), errno.EACCES),
        (lambda: (mount.course / "full" / "a").rename(mount.labkit / "a"), errno.EACCES),
        (lambda: os.mkfifo(mount.course / "pipe"), errno.EPERM),
    ):
        with pytest.raises(OSError) as caught:
            action()
        assert caught.value.errno == number
    assert (mount.labkit / "code.py").read_text() == "print()\n"


@pytest.mark.requires("root")
def test_a_full_disk_is_an_error_of_the_write(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = "size=1m,nr_inodes=2"  # its own folder, and one file
    subprocess.run(["mount", "-t", "tmpfs", "-o", small, "labkit-test", disk], check=True)
    try:
        with mounted(tmp_path / "mnt", {"course": Export(disk)}) as mount:
            fd = os.open(mount.course / "a", os.O_CREAT | os.O_WRONLY)
            try:
                with pytest.raises(OSError) as caught:
                    for _ in range(40):
                        os.write(fd, bytes(1 << 16))
                assert caught.value.errno == errno.EIO
            finally:
                os.close(fd)
            with pytest.raises(OSError) as caught:
                (mount.course / "b").mkdir()
            assert caught.value.errno == errno.EIO
            free = os.statvfs(mount.course)
            assert (free.f_blocks * free.f_frsize, free.f_bavail) == (1 << 20, 0)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_machines_see_each_other_s_files(
    mount: Mount, tmp_path: Path, exports: dict[str, Export]
) -> None:
    with mounted(tmp_path / "second", exports) as second:
        (mount.course / "a").write_text("first")
        assert (second.course / "a").read_text() == "first"
        (second.course / "a").unlink()
        assert not (mount.course / "a").exists()


@pytest.mark.requires("program:git")
@pytest.mark.parametrize("kept_s", [0, KEPT_S])
def test_git_works_in_it(tmp_path: Path, exports: dict[str, Export], kept_s: float) -> None:
    with mounted(tmp_path / "mnt", exports, kept_s) as mount:
        _use_git(mount)


def _use_git(mount: Mount) -> None:
    def git(*arguments: str) -> str:
        name = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        argv = ["git", "-C", str(mount.course), *name, *arguments]
        home = {**os.environ, "HOME": str(mount.course), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(argv, capture_output=True, text=True, check=True, env=home)
        return done.stdout

    git("init")
    for number in range(50):
        (mount.course / f"{number}.txt").write_text(str(number))
    git("add", ".")
    git("commit", "-m", "first")
    (mount.course / "7.txt").write_text("x")  # as long as before, perhaps within the second
    assert git("status", "--porcelain") == " M 7.txt\n"
    git("checkout", "7.txt")
    git("gc")
    git("fsck", "--strict")
    assert git("status", "--porcelain") == ""
