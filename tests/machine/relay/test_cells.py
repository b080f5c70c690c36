"""A cell behind a relay is a cell: outputs, questions, widgets, several clients."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty

import nbformat
import pytest
from nbclient import NotebookClient

from tests.machine.relay.kernels import Kernel, run, settle

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]

_HOLD_A_CLIENT = """
import sys
from jupyter_client.blocking import BlockingKernelClient
client = BlockingKernelClient()
client.load_connection_file(sys.argv[1])
client.start_channels()
client.wait_for_ready(timeout=30)
client.execute("import time; time.sleep(1); print('after')")
print("asked", flush=True)
sys.stdin.read()
"""


def test_a_cell_prints_and_returns(start: Start) -> None:
    kernel = start()
    ran = kernel.run("print('hello'); 6 * 7")
    assert ran.text() == "hello\n"
    assert ran.value == "42"
    assert ran.reply["content"]["status"] == "ok"
    assert ran.states == ["busy", "idle"]


def test_fifty_megabytes_arrive_whole(start: Start) -> None:
    kernel = start()
    code = "import hashlib; b = bytes(range(97, 123)) * 2_000_000; print(b.decode(), end='')"
    printed = kernel.run(code, timeout_s=60).text()
    assert len(printed) == 52_000_000
    assert printed == "abcdefghijklmnopqrstuvwxyz" * 2_000_000


def test_every_one_of_five_thousand_outputs_arrives(start: Start) -> None:
    kernel = start()
    ran = kernel.run(
        "from IPython.display import display\nfor i in range(5000): display({'n': i})",
        timeout_s=60,
    )
    got = [content["data"]["text/plain"] for content in ran.of("display_data")]
    assert got == [f"{{'n': {i}}}" for i in range(5000)]


def test_buffers_of_a_widget_pass_in_both_directions(start: Start) -> None:
    kernel = start()
    kernel.run(
        "from comm import create_comm\n"
        "odd = b'\\x00<IDS|MSG>\\xff'\n"
        "c = create_comm(target_name='t', comm_id='c1', data={}, buffers=[odd])\n"
        "def echo(m):\n"
        "    b = bytes(m['buffers'][0])\n"
        "    c.send({'n': len(b)}, buffers=[b[::-1]])\n"
        "c.on_msg(echo)"
    )
    big = bytes(range(256)) * 40_000
    message = kernel.client.session.msg("comm_msg", {"comm_id": "c1", "data": {}})
    kernel.client.session.send(kernel.client.shell_channel.socket, message, buffers=[big])
    while (got := kernel.client.get_iopub_msg(timeout=20))["msg_type"] != "comm_msg":
        pass
    assert got["content"]["data"] == {"n": len(big)}
    assert bytes(got["buffers"][0]) == big[::-1]


def test_a_widget_is_shown_and_hears_its_front_end(start: Start) -> None:
    kernel = start()
    ran = kernel.run("import ipywidgets; s = ipywidgets.IntSlider(value=3); s")
    shown = ran.of("execute_result")[0]["data"]
    model = shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    content = {
        "comm_id": model,
        "data": {"method": "update", "state": {"value": 8}, "buffer_paths": []},
    }
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", content))
    assert kernel.run("s.value").value == "8"


@pytest.mark.parametrize(
    ("ask", "is_secret"), [("input('? ')", False), ("__import__('getpass').getpass('? ')", True)]
)
def test_a_question_reaches_the_client_that_ran_the_cell(
    start: Start, ask: str, is_secret: bool
) -> None:
    kernel = start()
    other = kernel.another_client()
    id = kernel.client.execute(f"print({ask}[::-1])", allow_stdin=True)
    question = kernel.client.get_stdin_msg(timeout=10)
    assert question["content"] == {"prompt": "? ", "password": is_secret}
    with pytest.raises(Empty):
        other.get_stdin_msg(timeout=0.3)
    kernel.client.input("abc")
    assert settle(kernel.client, id).text() == "cba\n"


def test_two_clients_see_each_others_outputs_and_their_own_replies(start: Start) -> None:
    kernel = start()
    other = kernel.another_client()
    first, second = kernel.client.execute("print('one')"), other.execute("print('two')")
    assert settle(kernel.client, first).text() == "one\n"
    assert settle(other, second).text() == "two\n"
    third = other.execute("1")
    assert settle(other, third).reply["content"]["execution_count"] == 3
    while kernel.client.get_iopub_msg(timeout=30)["parent_header"].get("msg_id") != third:
        pass


def test_a_client_killed_in_mid_cell_leaves_the_kernel_to_the_next(start: Start) -> None:
    kernel = start()
    argv = [sys.executable, "-c", _HOLD_A_CLIENT, kernel.manager.connection_file]
    client = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert client.stdout and client.stdin
    assert client.stdout.readline() == b"asked\n"
    client.send_signal(signal.SIGKILL)
    client.wait()
    client.stdout.close()
    client.stdin.close()
    assert kernel.run("1 + 1").value == "2"
    for _ in range(3):
        assert run(kernel.another_client(), "1 + 1").value == "2"


def test_nbclient_plays_a_notebook(start: Start, jupyter: Path) -> None:
    cells = ["x = 20", "print(x)", "x + 1", "import os; os.getcwd()"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    NotebookClient(
        notebook, kernel_name="relayed", resources={"metadata": {"path": jupyter}}
    ).execute()
    assert notebook.cells[1].outputs[0].text == "20\n"
    assert notebook.cells[2].outputs[0].data["text/plain"] == "21"
    assert notebook.cells[3].outputs[0].data["text/plain"] == repr(str(jupyter))


def test_a_heartbeat_is_answered(start: Start) -> None:
    kernel = start()
    kernel.client.hb_channel.unpause()
    time.sleep(1.5)
    assert kernel.client.hb_channel.is_beating()


def test_the_kernel_is_told_its_environment(start: Start) -> None:
    kernel = start(LABKIT_PLACE="microvm")
    assert kernel.run("import os; os.environ['LABKIT_PLACE']").value == "'microvm'"
    assert kernel.run("import os; os.getpid()").value != str(os.getpid())
