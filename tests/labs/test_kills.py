"""A kernel that is killed, at any moment of any lab, leaves nothing behind.

What is left is looked for by the fixture that watches every test: processes, mounts, cgroups,
network namespaces and files of this test's home.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from tests.labs.states import COURSE, needs_machine

LABS = [topic for topic in COURSE.present if not needs_machine(topic)]
"""What is played in a machine goes with it: ``tests/machine/faults/test_ends.py``."""

MOMENTS = 10
LONGEST_S = 3.0
"""A lab played without pauses takes about so long."""


@pytest.mark.requires("sandbox")
@pytest.mark.parametrize("moment", range(MOMENTS))
@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.slug) for topic in LABS])
def test_a_killed_kernel_leaves_nothing_behind(
    topic: object, moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "course"
    shutil.copytree(COURSE.root / "labs", course / "labs")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    notebook = nbformat.read(topic.notebook("lab"), as_version=4)  # type: ignore[attr-defined]
    manager, client = start_new_kernel(cwd=str(course / "labs" / topic.name))  # type: ignore[attr-defined]
    try:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                client.execute(cell.source)
        # Spread over the lab, and never twice the same.
        time.sleep((moment + random.random()) * LONGEST_S / MOMENTS)
        os.kill(manager.provisioner.process.pid, signal.SIGKILL)
        manager.provisioner.process.wait(timeout=10)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
