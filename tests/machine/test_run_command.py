"""``labkit machine run``: one command in a machine that is thrown away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from labkit.machine.snapshot import Snapshot
from tests.cli.program import labkit

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")


def qemus(snapshot: Snapshot) -> list[int]:
    """The QEMUs that run from this snapshot."""
    name = str(snapshot.folder).encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:  # it has ended
            continue
        if b"qemu" in line and name in line:
            found.append(int(path.parent.name))
    return found


def test_a_command_that_takes_too_long_is_ended_and_said(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    began = time.monotonic()
    words = ("sh", "-c", "echo before; sleep 600")
    done = labkit("machine", "run", "--timeout", "20", "--", *words, cwd=tmp_path)
    assert done.returncode == 124
    assert done.stdout == "before\n"
    assert "labkit: the end of 'sh' did not happen within 20 s" in done.stderr
    assert "--timeout" in done.stderr
    assert time.monotonic() - began < 300
    assert not qemus(snapshot)


def test_one_that_says_something_all_the_time_is_ended_too(
    snapshot: Snapshot, tmp_path: Path
) -> None:
    done = labkit("machine", "run", "--timeout", "8.5", "--", "yes", cwd=tmp_path)
    assert done.returncode == 124
    assert done.stdout.startswith("y\ny\n")


def test_one_that_ends_in_time_keeps_its_exit_code(snapshot: Snapshot, tmp_path: Path) -> None:
    done = labkit("machine", "run", "--timeout", "300", "--", "sh", "-c", "exit 7", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (7, "")
