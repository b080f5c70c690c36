from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.machine.layers import cpio

pytestmark = pytest.mark.requires("program:cpio")

names = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..", "folder")
)
files = st.dictionaries(names, st.tuples(st.binary(max_size=700), st.sampled_from([0o644, 0o755])))


def unpack(archive: bytes, folder: Path) -> None:
    argv = ["cpio", "-i", "--quiet", "--no-absolute-filenames"]
    subprocess.run(argv, input=archive, cwd=folder, check=True, capture_output=True)


@settings(max_examples=25, deadline=None)
@given(files)
def test_cpio_reads_what_we_write(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, tuple[bytes, int]]
) -> None:
    folder = tmp_path_factory.mktemp("cpio")
    entries = [cpio.file(name, data, mode) for name, (data, mode) in content.items()]
    unpack(cpio.archive([cpio.directory("folder"), *entries]), folder)
    found = {
        path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
        for path in folder.iterdir()
        if path.is_file()
    }
    assert found == content
    assert (folder / "folder").is_dir()


def test_cpio_lists_folders_links_and_devices() -> None:
    archive = cpio.archive(
        [
            cpio.directory("dev"),
            cpio.character_device("dev/console", 5, 1),
            cpio.symlink("sh", "busybox"),
            cpio.file("ä", b"x"),
        ]
    )
    done = subprocess.run(
        ["cpio", "-itv", "--numeric-uid-gid", "--quiet"],
        input=archive, check=True, capture_output=True, env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
    )  # fmt: skip
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("drwxr-xr-x", "0", "0"),
        ("crw-------", "0", "0"),
        ("lrwxrwxrwx", "0", "0"),
        ("-rw-r--r--", "0", "0"),
    ]
    assert lines[1][4:6] == ["5,", "1"]
    assert lines[2][-3:] == ["sh", "->", "busybox"]


def test_a_second_archive_may_follow() -> None:
    """The kernel takes archives one behind the other, if each ends on four bytes."""
    assert len(cpio.archive([cpio.file("a", b"x")])) % 512 == 0


def test_the_same_entries_are_the_same_bytes() -> None:
    entries = [cpio.directory("a"), cpio.file("a/b", b"c")]
    assert cpio.archive(entries) == cpio.archive(list(entries))
