"""Ctrl-C while notebooks are played, as a terminal sends it: to the program and all it started."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from labkit.course import build, read_course
from tests.cli.program import PROGRAM
from tests.jupyter.small import write_course

pytestmark = pytest.mark.requires("sandbox")

_WAIT_S = 60


@pytest.fixture
def waits(root: Path, tmp_path: Path) -> Path:
    """A course whose solution waits for ever after two checks; gives the file it makes then."""
    build(read_course(write_course(root, is_sound=True)), execute=False)
    reached = tmp_path / "reached"
    code = (
        "import os, pathlib, time; "
        f"pathlib.Path({str(reached)!r}).write_text(str(os.getpid())); time.sleep(600)"
    )
    notebook = next(root.glob("solutions/*.ipynb"))
    told = notebook.read_text()
    notebook.write_text(told.replace('print(\\"the copy is to be called copy.txt\\")', code))
    return reached


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A shell starts what runs in its background deaf to SIGINT, and that is inherited."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@contextmanager
def running(*words: str, out: int, err: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [str(PROGRAM), "run", "--solutions", *words], env={**os.environ, "TERM": "xterm"},
        text=True, start_new_session=True, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(reached: Path) -> int:
    """The kernel's process, once the cell has begun that waits."""
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        if reached.exists() and (told := reached.read_text()):
            return int(told)
        time.sleep(0.05)
    raise AssertionError("the cell that waits was never reached")


def is_there(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_one_line_says_what_was_stopped_and_the_verdicts_stay(
    waits: Path, words: tuple[str, ...]
) -> None:
    with running(*words, out=subprocess.PIPE, err=subprocess.PIPE) as process:
        kernel = wait_for(waits)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=_WAIT_S)
    assert process.returncode == 130
    assert err.strip().splitlines() == [
        "labkit: stopped in first-box, solution, after 5 of 10 cells. "
        "The verdicts until then are above: 2."
    ]
    assert out.count("passed") == 2
    assert not is_there(kernel)


def test_on_a_terminal_it_is_one_line_too(waits: Path) -> None:
    ours, theirs = pty.openpty()
    with running(out=theirs, err=theirs) as process:
        os.close(theirs)
        kernel = wait_for(waits)
        os.killpg(process.pid, signal.SIGINT)
        shown = b""
        with suppress(OSError):  # EIO: nobody has the other end open any more
            while data := os.read(ours, 4096):
                shown += data
        process.wait(_WAIT_S)
    os.close(ours)
    assert process.returncode == 130
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "labkit: stopped in first-box, solution, after 5 of 10 cells." in text
    assert "Traceback" not in text
    assert "Task was destroyed" not in text
    assert not is_there(kernel)
