"""Nobody else reads or writes what a notebook says to its kernel."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_client.session import Session

from tests.machine.relay.kernels import Kernel
from tests.support.as_user import OrdinaryUser
from tests.support.snapshot import our_processes

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]


def test_every_socket_is_for_this_user_alone(start: Start) -> None:
    kernel = start()
    sockets = [path for path in kernel.folder.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]
    front = sorted(path.name for path in sockets if path.parent == kernel.folder)
    assert front == ["c-1", "c-2", "c-3", "c-4", "c-5"]
    for path in kernel.folder.glob("c-*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.requires("root")
def test_another_user_cannot_connect(start: Start, user: OrdinaryUser) -> None:
    kernel = start()
    kernel.folder.chmod(0o755)  # even if the folder were open
    for folder in kernel.folder.parents:
        if folder != Path("/tmp") and str(folder).startswith("/tmp"):
            folder.chmod(0o755)
    for number in range(1, 6):
        code = f"import socket; socket.socket(1).connect('{kernel.folder}/c-{number}')"
        done = user.run(["python3", "-c", code])
        assert "PermissionError" in done.stderr


@pytest.mark.requires("program:ss")
def test_nothing_listens_on_tcp(start: Start, labkit_home: Path) -> None:
    kernel = start()
    inside = int(kernel.run("import os; os.getpid()").value)
    lines = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
    listening = {int(pid) for pid in re.findall(r"pid=(\d+)", lines)}
    # ipykernel takes its subprocesses' outputs on a port of its own machine's loopback.
    ours = {*our_processes(labkit_home), os.getpid()} - {inside}
    assert kernel.pid in ours
    assert not listening & ours


def test_a_forged_request_is_neither_run_nor_answered(start: Start) -> None:
    kernel = start()
    mine = kernel.client.session
    kernel.client.session = kernel.client.shell_channel.session = Session(key=b"another")
    forged = kernel.client.execute("x = 1")
    kernel.client.session = kernel.client.shell_channel.session = mine
    assert kernel.run("'x' in globals()").value == "False"
    kernel.client.execute("import os; os._exit(1)")
    kernel.wait_until_gone()
    seen = []
    while kernel.client.shell_channel.msg_ready():
        seen.append(kernel.client.get_shell_msg(timeout=1)["parent_header"].get("msg_id"))
    assert seen and forged not in seen
