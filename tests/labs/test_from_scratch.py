"""The program of topic 04, as its lab shows it: it is judged as labkit's own sandbox is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from labkit.course import find_course
from labkit.image import base_image
from labkit.sandbox import Sandbox, processes, walls
from labkit.sandbox.cgroups import find_places
from tests.support.wait import wait_until

TOPIC = find_course(Path(__file__)).topic("container-from-scratch")
Start = Callable[..., int]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The file that the lab has printed when it was whole."""
    cells = nbformat.read(TOPIC.notebook("lab"), as_version=4).cells
    printed = next(c.outputs[0].text for c in cells if c.source.startswith("print(program)"))
    file = tmp_path / "container.py"
    file.write_text(printed.rpartition("(")[0])
    return file


@pytest.fixture
def start(program: Path) -> Iterator[Start]:
    """Starts it around `sleep 4445`; gives the PID of that."""
    running = []

    def start(*options: str) -> int:
        argv = [sys.executable, "-IS", str(program), *options, "sleep", "4445"]
        running.append(subprocess.Popen(argv))

        def inside() -> list[int]:
            parent = running[-1].pid
            return [p.pid for p in processes() if p.ppid == parent and p.comm == "sleep"]

        wait_until(lambda: bool(inside()), timeout_s=10, what="the container")
        return inside()[0]

    yield start
    for process in running:
        process.terminate()
        process.wait()


def layers() -> str:
    return ":".join(str(layer) for layer in base_image().layers)


@pytest.mark.requires("sandbox", "limits")
def test_the_learners_container_and_labkits_sandbox_have_the_same_walls(start: Start) -> None:
    group = f"labkit-from-scratch-{os.getpid()}"
    limits = ("--memory", str(64 * 1024**2), "--pids", "20", "--group", group)
    pid = start("--root", layers(), "--hostname", "cabin", *limits)
    try:
        with Sandbox(limits={"memory.max": "64M", "pids.max": 20}) as box:
            theirs, ours = walls(pid), walls(box.pid)
        assert [(w.name, w.is_up, w.seen) for w in theirs.walls] == [
            (w.name, w.is_up, w.seen) for w in ours.walls
        ]
        assert theirs.missing == ()
    finally:
        os.kill(pid, signal.SIGKILL)
    folders = [Path(place.base) / group for place in find_places().values()]
    wait_until(
        lambda: not any(folder.exists() for folder in folders),
        timeout_s=30,
        what="its groups to be removed by itself",
    )


@pytest.mark.requires("sandbox")
def test_it_ends_with_whoever_started_it(start: Start) -> None:
    pid = start("--root", layers())
    parent = next(p.ppid for p in processes() if p.pid == pid)
    os.kill(parent, signal.SIGKILL)
    wait_until(
        lambda: all(p.pid != pid or p.state == "Z" for p in processes()),
        timeout_s=30,
        what="the container to end",
    )


@pytest.mark.requires("sandbox")
@pytest.mark.parametrize(
    ("line", "wall"),
    [
        ("    give_up_powers()\n", {"powers", "no new privileges"}),
        (" | CLONE_NEWNET", {"network"}),
        ("MS_RDONLY | ", {"/proc/sys"}),
        ('    call("umount2", ".", MNT_DETACH)\n', {"files", "root"}),
    ],
)
def test_each_line_is_a_wall(start: Start, program: Path, line: str, wall: set[str]) -> None:
    def missing() -> set[str]:
        found = {w.name for w in walls(start("--root", layers())).missing}
        return found - {"memory", "number of processes"}

    assert missing() == set()
    text = program.read_text()
    assert text.count(line) == 1
    program.write_text(text.replace(line, ""))
    assert missing() == wall


@pytest.mark.requires("sandbox")
def test_the_exercise_begins_with_holes_that_are_safe(start: Start, program: Path) -> None:
    program.write_text((TOPIC.folder / "leaky.py").read_text())
    root = program.parent / "root"
    subprocess.run(["cp", "-a", base_image().layers[-1], root], check=True)
    judged = walls(start("--root", str(root)))
    assert judged["users"].is_up, "whatever goes wrong, it has no rights over the machine"
    still = {"processes", "root", "/proc", "/proc/sys", "network", "messages", "powers"}
    assert still <= {wall.name for wall in judged.missing}
