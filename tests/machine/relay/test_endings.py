"""A machine that ends and was not asked to: everyone who waits hears what happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from jupyter_client.restarter import KernelRestarter
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tests.machine.relay.kernels import Kernel, Ran, settle
from tests.machine.relay.local import RESET_CODE
from tests.support.snapshot import describe, our_processes

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]

_SLEEP = "import time; print('go', flush=True); time.sleep(30)"


def _check_says_why(ran: Ran, why: str) -> None:
    shown = ran.of("error")
    assert len(shown) == 1
    assert shown[0]["ename"] == "MachineEnded"
    assert shown[0]["evalue"] == why
    text = "\n".join(shown[0]["traceback"])
    assert why in text
    assert "restart of the kernel brings a fresh one" in text
    assert ran.states[-1] == "idle"
    assert ran.reply["content"]["status"] == "error"
    assert ran.reply["content"]["evalue"] == why


def test_a_cell_that_exits_python_says_so(start: Start) -> None:
    kernel = start()
    # ZeroMQ sends in a thread: what is printed right before such an end is lost natively, too.
    code = "print('before', flush=True); import os, time; time.sleep(2); os._exit(3)"
    ran = kernel.run(code)
    assert ran.text() == "before\n"
    _check_says_why(ran, "its Python ended with exit code 3")
    assert kernel.wait_until_gone() == 1


def test_a_cell_whose_python_is_killed_says_so(start: Start) -> None:
    kernel = start()
    pid = int(kernel.run("import os; os.getpid()").value)
    id = kernel.client.execute(_SLEEP)
    time.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    _check_says_why(settle(kernel.client, id), "its Python was killed by SIGKILL")
    assert kernel.wait_until_gone() == 1


def test_a_reset_brings_a_fresh_machine_to_the_same_clients(start: Start) -> None:
    kernel = start()
    other, relay = kernel.another_client(), kernel.pid
    first = int(kernel.run("import os; x = 1; os.getpid()").value)
    id = kernel.client.execute(f"import time; time.sleep(1); os._exit({RESET_CODE})")
    waiting = kernel.client.execute("print('never')")
    ran = settle(kernel.client, id)
    assert "a fresh one is on its way" in ran.text()
    assert not ran.of("error")
    assert ran.states[-1] == "idle"
    assert ran.reply["content"]["status"] == "ok"
    assert ran.reply["content"]["execution_count"] == 2
    assert settle(kernel.client, waiting).reply["content"]["status"] == "aborted"
    for client in (kernel.client, other):
        id = client.execute("import os; print(os.getpid() != " + str(first) + "); x")
        ran = settle(client, id)
        assert ran.text() == "True\n"
        assert ran.of("error")[0]["ename"] == "NameError"
    assert kernel.pid == relay and kernel.manager.is_alive()
    kernel.manager.interrupt_kernel()  # with nothing running: the relay still hears signals
    assert kernel.run("1 + 1").value == "2"


def test_a_machine_can_be_reset_again_and_again(start: Start) -> None:
    kernel = start()
    files = Path(f"/proc/{kernel.pid}/fd")
    seen = []
    for _ in range(4):
        kernel.run(f"import os, time; time.sleep(0.5); os._exit({RESET_CODE})")
        assert kernel.run("6 * 7").value == "42"
        time.sleep(0.5)  # ZeroMQ closes in a thread
        seen.append(len(list(files.iterdir())))
    assert seen[1] == seen[3], f"open files of the relay grow with each reset: {seen}"


def test_a_connection_that_is_cut_ends_the_machine(start: Start, labkit_home: Path) -> None:
    kernel = start()
    id = kernel.client.execute(_SLEEP)
    time.sleep(0.3)
    cut = next(pid for pid in our_processes(labkit_home) if "/iopub" in describe(pid))
    os.kill(cut, signal.SIGKILL)
    _check_says_why(settle(kernel.client, id), "the connection to its Python was cut")
    assert kernel.wait_until_gone() == 1


def test_cells_that_wait_are_aborted_and_show_nothing(start: Start) -> None:
    kernel = start()
    first = kernel.client.execute("import time, os; time.sleep(0.5); os._exit(1)")
    second = kernel.client.execute("print('never')")
    ran = settle(kernel.client, first)
    _check_says_why(ran, "its Python ended with exit code 1")
    waited = settle(kernel.client, second)
    assert waited.reply["content"]["status"] == "aborted"
    assert [m["msg_type"] for m in waited.outputs] == ["status"]


def test_other_requests_get_an_error_for_their_reply(start: Start) -> None:
    kernel = start()
    kernel.client.execute("import time, os; time.sleep(0.5); os._exit(1)")
    id = kernel.client.complete("zi")
    done = settle(kernel.client, id)
    assert done.reply["msg_type"] == "complete_reply"
    assert done.reply["content"]["status"] == "error"
    assert done.reply["content"]["ename"] == "MachineEnded"


def test_an_end_while_nothing_ran_is_told_to_the_log(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start()
    pid = int(kernel.run("import os; os.getpid()").value)
    os.kill(pid, signal.SIGKILL)
    assert kernel.wait_until_gone() == 1
    said = kernel.client.get_iopub_msg(timeout=30)
    assert "killed by SIGKILL" in said["content"]["text"]
    assert "killed by SIGKILL" in capfd.readouterr().err


def test_jupyters_restarter_brings_a_fresh_kernel(start: Start) -> None:
    kernel = start()
    restarter = KernelRestarter(kernel_manager=kernel.manager)
    kernel.run("import os; os._exit(3)")
    kernel.wait_until_gone()
    restarter.poll()
    kernel.client.wait_for_ready(timeout=30)
    assert kernel.run("1 + 1").value == "2"


def test_nbclient_shows_what_happened(jupyter: Path) -> None:
    cell = nbformat.v4.new_code_cell("import os; os._exit(3)")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, kernel_name="relayed")
    with pytest.raises(CellExecutionError, match="its Python ended with exit code 3"):
        client.execute()


def test_a_relay_without_a_connection_file_says_so(jupyter: Path) -> None:
    argv = [sys.executable, "-m", "tests.machine.relay.local", "-f", str(jupyter / "none.json")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the connection file cannot be read" in done.stderr
    assert "Traceback" not in done.stderr
