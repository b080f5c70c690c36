"""The course's nbval.cfg: what differs is let pass, what is taught is not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4

from labkit.course.building import as_bytes
from labkit.course.files import write_whole

CONFIG = Path(__file__).parents[2] / "labs/nbval.cfg"

DIFFERS = """\
import os, time
from IPython.display import HTML, display

pid = os.getpid()
inode, home = 4026531840 + pid % 9000, f"/tmp/x{pid}"
print(f"PID  {pid} (inside: PID 1)")
print(f"pid:[{inode}] or {inode}")
print(f"took {time.perf_counter_ns() % 1000 / 7:.3f} s, {pid % 100} ms")
print(f"{home}/home/my-work/first/note.txt and {home}")
print(f"{home}/run/sessions/{pid:08x} labkit-{pid:08x}")
print("name".ljust(5 + pid % 9) + "value".ljust(5 + pid % 3))
print("─" * (4 + pid % 9), hex(10**9 + pid))
display(HTML(f'<b>1</b><span class="v">{pid}</span><tspan class="v" x="1">{pid}</tspan>'))
"""

TAUGHT = 'print("PID 1, exit code 137, memory.max 67108864, 600 seconds, ephemeral")'


@pytest.fixture
def notebook(tmp_path: Path) -> Any:
    cells = [v4.new_code_cell(DIFFERS, id="a"), v4.new_code_cell(TAUGHT, id="b")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return v4.new_notebook(cells=cells, metadata=metadata)


def nbval(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval"]
    command += ["--nbval-current-env", "--nbval-cell-timeout", "60", "-c", "/dev/null", *options]
    return subprocess.run(
        [*command, str(path)], cwd=path.parent, capture_output=True, text=True, check=False
    )


def patterns() -> list[tuple[str, str]]:
    return re.findall(r"^regex: (.*)$\n^replace: (.*)$", CONFIG.read_text(), flags=re.MULTILINE)


def sanitised(text: str) -> str:
    for pattern, replacement in patterns():
        text = re.sub(pattern, replacement, text)
    return text


def test_values_that_differ_pass_and_taught_ones_do_not(tmp_path: Path, notebook: Any) -> None:
    from labkit.course.play import play

    path = tmp_path / "small.ipynb"
    assert play(notebook, tmp_path, {}) is None
    write_whole(path, as_bytes(notebook))
    with_config = ("--nbval-sanitize-with", str(CONFIG))
    for _ in range(2):
        ran = nbval(path, *with_config)
        assert ran.returncode == 0, ran.stdout
    assert nbval(path).returncode == 1, "without the configuration they differ"
    output = notebook.cells[1].outputs[0]
    output.text = output.text.replace("exit code 137", "exit code 143")
    write_whole(path, as_bytes(notebook))
    failed = nbval(path, *with_config)
    assert failed.returncode == 1
    assert "1 failed, 1 passed" in failed.stdout


@pytest.mark.parametrize(
    "text",
    [
        "PID 1 sleep",
        "exit code 137",
        "memory.max 67108864",
        "pids.max 20 of 20",
        "sleep 600",
        "uid 100000",
        "/proc/1/ns/pid",
        "/bin/busybox",
        "/data/note.txt",
        "hello:2 sha256:0123456789abcdef",
        "a - b -- c",
    ],
)
def test_what_is_taught_is_compared(text: str) -> None:
    assert sanitised(text) == text


def test_what_the_views_mark_is_let_pass() -> None:
    from labkit.views.picture import SANITISE

    assert set(SANITISE) <= {pattern for pattern, _ in patterns()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PID 4711 sleep", "PID    31337 sleep"),
        ("net:[4026532008]", "net:[4026532107]"),
        ("0.12 s and 3.4 ms", "1.07 s and 12 ms"),
        ('<tspan class="v" dy="1">12</tspan>', '<tspan class="v" dy="1">a b</tspan>'),
        ("name │┆ 12   │ x", "name │┆ 4711 │ x"),
        ("/tmp/labkit-ab12cd/course/my-work/topic/x", "/home/you/course/my-work/topic/x"),
        ("cgroup labkit-0a1b2c3d", "cgroup labkit-ffffffff"),
        ("a   b  \n", "a b\n"),
    ],
)
def test_what_differs_is_made_the_same(one: str, other: str) -> None:
    assert one != other
    assert sanitised(one) == sanitised(other)
