"""Whoever ends, QEMU ends with it; several machines at once, each by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.machine.running import running_machines
from labkit.machine.snapshot import Snapshot
from tests.machine.notebooks import Notebook
from tests.support.snapshot import our_processes
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

Open = Callable[..., Notebook]

ROOT = Path(__file__).parents[3]

_SERVER = """
import sys, time
from pathlib import Path
from tests.machine.notebooks import Notebook
notebook = Notebook(Path(sys.argv[1]), Path(sys.argv[1]), "a.ipynb")
notebook.client.execute("import time; time.sleep(600)")
print("ready", flush=True)
time.sleep(600)
"""


def _are_gone(home: Path) -> bool:
    return not our_processes(home)


def test_three_notebooks_at_once_are_three_machines_and_none_is_left(
    open_notebook: Open, labkit_home: Path
) -> None:
    notebooks = [open_notebook(f"{number}.ipynb") for number in range(3)]
    for number, notebook in enumerate(notebooks):
        notebook.run(f"mine = {number}; open('/root/mine', 'w').write('{number}')")
    said = [one.run("print(mine, open('/root/mine').read())") for one in notebooks]
    assert said == ["0 0\n", "1 1\n", "2 2\n"]
    machines = running_machines()
    assert [one.name for one in machines] == ["0.ipynb", "1.ipynb", "2.ipynb"]
    assert all(one.memory_bytes() > 10 << 20 for one in machines)
    for notebook in notebooks:
        notebook.shut_down()
    wait_until(lambda: _are_gone(labkit_home))
    assert running_machines() == []
    assert not any(one.session.exists() for one in machines)


def test_a_relay_that_is_killed_takes_its_machine_along_and_a_restart_goes_on(
    open_notebook: Open, labkit_home: Path
) -> None:
    notebook = open_notebook()
    (machine,) = running_machines()
    notebook.client.execute("import time; time.sleep(600)")
    os.kill(notebook.relay, signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{machine.pid}").exists())
    notebook.restart()
    assert notebook.run("print('here again')") == "here again\n"
    assert not machine.session.exists()  # the next machine took it away


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_jupyter_that_is_killed_takes_its_machines_along(
    snapshot: Snapshot, labkit_home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    argv = [sys.executable, "-c", _SERVER, str(tmp_path)]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        assert server.stdout.readline() == "ready\n"
        (machine,) = running_machines()
        server.send_signal(number)
    wait_until(lambda: _are_gone(labkit_home))
    assert not machine.session.exists()
