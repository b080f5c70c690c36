"""Notebooks in a machine: a real Jupyter client, the course's own solutions, and what stays."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from labkit.core.session import Session
from labkit.grading import Progress
from labkit.machine.microvm import MicroVM
from labkit.machine.notebook import NotebookMachine, shared_folder
from labkit.machine.notices import Notices
from labkit.machine.snapshot import Snapshot
from tests.machine.notebooks import Notebook
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")


def test_a_cell_runs_in_the_machine_where_the_notebook_lies(
    open_notebook: Callable[[], Notebook],
) -> None:
    said = open_notebook().run(
        "import os, platform\n"
        "print(os.getuid(), platform.node(), os.getcwd(), sorted(os.listdir())[:2])"
    )
    assert (
        said == "0 lab /course/exercises ['00-start-here.ipynb', '01-what-is-a-container.ipynb']\n"
    )


def test_the_machine_gets_the_course_around_the_notebook(course: Path, tmp_path: Path) -> None:
    inner = course / "labs/00-start-here"
    assert shared_folder(inner, {}) == course
    assert shared_folder(inner, {"LABKIT_FOLDER": str(course / "labs")}) == course / "labs"
    assert shared_folder(inner, {"LABKIT_COURSE": "/elsewhere"}) == course
    assert shared_folder(tmp_path, {"LABKIT_COURSE": ""}) == tmp_path


def test_a_sandbox_has_limits_of_cgroup_v2(open_notebook: Callable[[], Notebook]) -> None:
    said = open_notebook().run("""
from labkit import Sandbox
with Sandbox(limits={"memory.max": "64M", "pids.max": 20}) as box:
    [line] = open(f"/proc/{box.pid}/cgroup").read().splitlines()
    folder = "/sys/fs/cgroup" + line.partition("::")[2]
    print(open(folder + "/memory.max").read().strip(), open(folder + "/pids.max").read().strip())
    print(box.exec(["sh", "-c", "echo $$; id -u"]).stdout.split()[1])
""")
    assert said == f"{64 << 20} 20\n0\n"


def test_progress_is_on_the_host_and_outlives_the_machine(
    open_notebook: Callable[[], Notebook], labkit_home: Path, course: Path
) -> None:
    first = open_notebook()
    said = first.run("""
from labkit import Sandbox, begin, check
lab = begin("what-is-a-container")
box = Sandbox(name="alone", hostname=lab["hostname"]).start(["sleep", "600"])
(lab.folder / "mine.txt").write_text("kept")
verdict = check("pid-one")
""")
    assert said == ""
    first.manager.shutdown_kernel(now=True)
    assert (course / "my-work/what-is-a-container/mine.txt").read_text() == "kept"
    with Progress() as progress:
        seen = [event.kind for event in progress._store.read()]
        seed = progress.seed
    assert "opened" in seen and "verdict" in seen
    again = open_notebook().run("""
from labkit.jupyter.workspace import current_workspace
print(current_workspace().progress.seed)
""")
    assert again.strip() == seed


def test_a_restart_brings_a_fresh_machine(open_notebook: Callable[[], Notebook]) -> None:
    notebook = open_notebook()
    notebook.run("x = 1; open('/root/file', 'w').close()")
    notebook.manager.restart_kernel(now=False)
    notebook.client.wait_for_ready(timeout=60)
    said = notebook.run("import os; print(os.path.exists('/root/file')); x")
    assert said.startswith("False\nNameError")


def test_a_reset_is_no_error_and_brings_a_fresh_machine(
    open_notebook: Callable[[], Notebook],
) -> None:
    notebook = open_notebook()
    before = notebook.run("x = 1; open('/root/file', 'w').close(); from labkit import *; place()")
    assert before == ""
    assert "a Linux machine of its own" in notebook.value("place()")
    said = notebook.run("%load_ext labkit\nprint('until here')\n%machine reset")
    assert said.startswith("until here\nThis machine is thrown away, as you asked")
    said = notebook.run("import os; print(os.path.exists('/root/file')); x")
    assert said.startswith("False\nNameError")
    assert "s ago)" in notebook.value("from labkit import *; place()")
    assert notebook.manager.is_alive()


def test_a_wrecked_machine_says_so_in_the_cell(open_notebook: Callable[[], Notebook]) -> None:
    notebook = open_notebook()
    said = notebook.run("open('/proc/sysrq-trigger', 'w').write('c')")
    assert "its kernel panicked" in said
    assert "A restart of the kernel brings a fresh one" in said
    deadline = time.monotonic() + 10
    while notebook.manager.is_alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not notebook.manager.is_alive()


def test_an_interrupt_stops_a_cell(open_notebook: Callable[[], Notebook]) -> None:
    notebook = open_notebook()
    id = notebook.client.execute("import time; time.sleep(600)")
    time.sleep(1)
    notebook.manager.interrupt_kernel()
    while True:
        reply = notebook.client.get_shell_msg(timeout=30)
        if reply["parent_header"]["msg_id"] == id:
            break
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert notebook.run("print('goes on')") == "goes on\n"


def test_an_interrupt_does_not_meet_what_is_asked_after_it(
    open_notebook: Callable[[], Notebook],
) -> None:
    notebook = open_notebook()
    for number in range(10):
        notebook.manager.interrupt_kernel()
        time.sleep(0.02)  # signals and messages reach the relay by different ways, too
        assert notebook.run(f"print({number})") == f"{number}\n"


@pytest.mark.parametrize("topic", ["00-start-here", "01-what-is-a-container"])
def test_every_check_of_a_solution_is_passed(
    snapshot: Snapshot, course: Path, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    import nbclient
    import nbformat

    monkeypatch.setenv("LABKIT_PLACE", "microvm")
    monkeypatch.setenv("LABKIT_COURSE", str(course))
    solution = nbformat.read(course / f"solutions/{topic}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(course / "solutions")}}
    client = nbclient.NotebookClient(
        solution, timeout=120, kernel_name="labkit", resources=resources
    )
    client.execute()
    verdicts = {
        found["check"]: found["status"]
        for cell in solution.cells
        for output in cell.get("outputs", [])
        if (found := output.get("data", {}).get("application/vnd.labkit.verdict+json"))
    }
    assert len(verdicts) >= 5
    assert set(verdicts.values()) == {"passed"}


def test_what_it_is_is_known_before_it_runs_and_is_what_it_says_itself(
    open_notebook: Callable[[], Notebook], snapshot: Snapshot
) -> None:
    notebook = open_notebook()
    asked = notebook.client.kernel_info()
    while (reply := notebook.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != asked:
        pass
    said, known = reply["content"], snapshot.kernel_info()
    for content in (said, known):
        content["banner"] = content["banner"].partition("Tip:")[0]  # a tip is drawn by lot
    assert said == known


def test_a_fresh_one_has_nothing_in_it_that_a_fresh_ipykernel_has_not(
    open_notebook: Callable[[], Notebook],
) -> None:
    """What is done before the snapshot leaves no names, no values and no error behind."""
    asked = (
        "(sorted(globals().keys() - {'sys'}), In, Out, get_ipython().execution_count, "
        "[name for name in vars(__import__('sys')) if name.startswith('last_')])"
    )
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        client.execute_interactive("", silent=True, timeout=60)
        client.execute(asked)
        while (message := client.get_iopub_msg(timeout=60))["msg_type"] != "execute_result":
            pass
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert open_notebook().value(asked) == message["content"]["data"]["text/plain"]


def test_tab_knows_what_an_object_has(open_notebook: Callable[[], Notebook]) -> None:
    notebook = open_notebook()
    notebook.run("import os")
    asked = notebook.client.complete("os.path.joi")
    while (reply := notebook.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != asked:
        pass
    assert reply["content"]["matches"] == [".join"]
    assert reply["content"]["cursor_start"] == len("os.path")


def test_an_interrupt_while_it_begins_is_no_end_of_it(snapshot: Snapshot, tmp_path: Path) -> None:
    session = Session()
    vm = MicroVM(snapshot, session, tmp_path)
    machine = NotebookMachine(vm, session, Notices())
    try:
        key = {"key": "k", "session": "s", "seed": "00"}
        machine.begin({**key, "cwd": str(tmp_path), "env": {}})
        machine.interrupt()
        assert machine.ended() is None
        wait_until(machine.has_begun)
        assert machine.ended() is None
    finally:
        machine.end()
