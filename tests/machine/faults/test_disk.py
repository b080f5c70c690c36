"""A full disk: found before the long work, or said by who meets it; nothing is left half done."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from labkit.core.errors import Blocked
from labkit.core.session import Session
from labkit.machine.first_boot import boot_and_save
from labkit.machine.microvm import MicroVM
from labkit.machine.notices import AGAIN_S
from labkit.machine.snapshot import Snapshot
from tests.cli.program import labkit
from tests.machine.inside import Inside
from tests.machine.notebooks import Notebook

pytestmark = pytest.mark.requires("root", "program:qemu-system-x86_64")

Open = Callable[..., Notebook]
Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Makes disks of so many MB."""
    with ExitStack() as stack:

        def make(size_mb: int) -> Path:
            folder = tmp_path / f"disk-{size_mb}"
            folder.mkdir()
            stack.enter_context(_mounted(folder, size_mb))
            return folder

        yield make


@contextmanager
def _mounted(folder: Path, size_mb: int) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "none", folder], check=True)
    try:
        yield
    finally:
        done = subprocess.run(["umount", folder], check=False)
        if done.returncode:
            subprocess.run(["umount", "--lazy", folder], check=True)
        assert done.returncode == 0, "somebody is still at it"


def _fill(folder: Path) -> None:
    with suppress(OSError), (folder / "filling").open("ab", buffering=0) as file:
        while file.write(bytes(1 << 20)) == 1 << 20:
            pass


def test_it_is_found_before_anything_is_fetched_with_folder_need_and_remedy(disk: Disk) -> None:
    small = disk(200)
    done = labkit("machine", "run", "--", "true", env={"LABKIT_MACHINES": str(small / "m")})
    assert done.returncode == 2
    assert re.search(
        rf"^labkit: there is no room for a machine in {small}/m/layers: "
        r"(199|200) MB are free, and it takes 1024 MB\.\n"
        r"→ Free some room, or set LABKIT_MACHINES to a folder on another disk$",
        done.stderr,
        re.MULTILINE,
    )
    assert [path.name for path in small.rglob("*") if path.is_file()] == [".lock"]


def test_one_that_fills_up_while_a_machine_boots_is_said_and_left_as_it_was(
    snapshot: Snapshot, disk: Disk
) -> None:
    small = disk(420)
    folder = small / "snapshots/one"
    with pytest.raises(Blocked, match=rf"no room for a machine in {folder}: the disk is full"):
        boot_and_save(snapshot.program, snapshot.design, folder, lambda _: _fill(small))
    (small / "filling").unlink()
    left = {str(path.relative_to(small)) for path in small.rglob("*")}
    assert left - {"snapshots/last-boot.log"} == {"snapshots"}


def test_where_the_session_finds_no_room_the_cell_says_where(
    disk: Disk, open_notebook: Open
) -> None:
    home = disk(1)
    for folder in (home / "run", home / "run/sessions", home / "run/kernels"):
        folder.mkdir(mode=0o700)  # what earlier kernels made
    (home / "run/sweep.lock").touch()
    notebook = open_notebook(enter=lambda: _fill(home), LABKIT_HOME=str(home))
    said = notebook.run("1")
    assert f"NoMachine: labkit cannot write to {home}/run/sessions/" in said
    assert "No space left on device" in said
    assert "→ Make room there, or set LABKIT_HOME to a folder that you can write" in said
    assert list((home / "run/sessions").iterdir()) == []
    (home / "filling").unlink()
    notebook.manager._launch_args.pop("preexec_fn")
    notebook.restart()
    assert notebook.run("print('now')") == "now\n"


def test_a_session_whose_disk_fills_up_goes_on_and_ends(
    snapshot: Snapshot, disk: Disk, tmp_path: Path
) -> None:
    home = disk(1)
    session = Session(home / "session")
    with MicroVM(snapshot, session, tmp_path) as machine:
        machine.begin()
        box = Inside(machine)
        _fill(home)
        box.ask("for i in $(seq 2000); do echo 'many words of the guest' > /dev/console; done")
        assert box.ask("echo here") == "here"
    session.close()
    assert not session.folder.exists()


def test_a_full_course_folder_is_an_error_of_the_cell_that_names_the_folder(
    snapshot: Snapshot, disk: Disk
) -> None:
    course = disk(4)
    notebook = Notebook(course, course)
    try:
        said = notebook.run("with open('big', 'wb') as file: file.write(bytes(9 << 20))")
        assert f"There is no room left on the disk of {course} (0 MB are free" in said
        assert "→ Make room there, and run this again." in said
        assert "OSError: [Errno 5] Input/output error" in said
        assert notebook.run("import os; os.remove('big'); print('goes on')") == "goes on\n"
        time.sleep(AGAIN_S)  # it is said once in that time
        done = labkit("shell", "-c", "head -c 9M /dev/zero > big")
        assert done.returncode == 1
        assert f"There is no room left on the disk of {course}" in done.stderr
    finally:
        notebook.end()
    script = ["sh", "-c", "head -c 9M /dev/zero > big"]
    done = labkit("machine", "run", "--folder", str(course), "--", *script)
    assert done.returncode == 1
    assert f"There is no room left on the disk of {course}" in done.stderr
