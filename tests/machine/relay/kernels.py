"""A kernel as its client sees it, and what one asks of it."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

Message = dict[str, Any]

_ROOT = Path(__file__).parents[3]


def write_kernelspec(folder: Path) -> dict[str, str]:
    """Jupyter's own folders in ``folder``, with a kernel ``relayed``; the variables that say so."""
    spec = folder / "jupyter" / "kernels" / "relayed"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "tests.machine.relay.local", "-f", "{connection_file}"]
    words = {"argv": argv, "display_name": "relayed", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words))
    return {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": str(_ROOT),
        "LABKIT_TEST_SOCKETS": str(folder),
    }


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Ran:
    """What came of a cell."""

    reply: Message
    outputs: list[Message]

    def text(self, name: str = "stdout") -> str:
        parts = [m["content"] for m in self.outputs if m["msg_type"] == "stream"]
        return "".join(part["text"] for part in parts if part["name"] == name)

    def of(self, kind: str) -> list[Message]:
        return [m["content"] for m in self.outputs if m["msg_type"] == kind]

    @property
    def states(self) -> list[str]:
        return [content["execution_state"] for content in self.of("status")]

    @property
    def value(self) -> str:
        return str(self.of("execute_result")[0]["data"]["text/plain"])


@dataclass
class Kernel:
    manager: KernelManager
    client: BlockingKernelClient
    folder: Path
    others: list[BlockingKernelClient] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Of the relay."""
        return int(self.manager.provisioner.process.pid)

    def another_client(self) -> BlockingKernelClient:
        """A client with a name of its own."""
        client = BlockingKernelClient()
        client.load_connection_file(self.manager.connection_file)
        client.start_channels()
        client.wait_for_ready(timeout=30)
        self.others.append(client)
        return client

    def run(self, code: str, **more: Any) -> Ran:
        return run(self.client, code, **more)

    def restart(self, *, now: bool) -> None:
        """Restarts it. A reply to an earlier question would pass for the new kernel's."""
        while self.client.shell_channel.msg_ready():
            self.client.get_shell_msg(timeout=1)
        self.manager.restart_kernel(now=now)
        self.client.wait_for_ready(timeout=60)

    def is_alive(self) -> bool:
        return self.manager.provisioner.process.poll() is None

    def wait_until_gone(self, timeout_s: float = 10) -> int:
        return int(self.manager.provisioner.process.wait(timeout_s))

    def end(self) -> None:
        for client in (self.client, *self.others):
            client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.context.destroy(linger=0)
        remove(self.folder)


def run(client: BlockingKernelClient, code: str, timeout_s: float = 30, **more: Any) -> Ran:
    """Runs a cell, and waits for its reply and its idle."""
    return settle(client, client.execute(code, **more), timeout_s)


def settle(client: BlockingKernelClient, id: str, timeout_s: float = 30) -> Ran:
    """Waits for what comes of the request ``id``."""
    deadline = time.monotonic() + timeout_s
    outputs: list[Message] = []
    while True:
        message = client.get_iopub_msg(timeout=deadline - time.monotonic())
        if message["parent_header"].get("msg_id") != id:
            continue
        outputs.append(message)
        if message["content"].get("execution_state") == "idle":
            break
    while True:
        reply = client.get_shell_msg(timeout=deadline - time.monotonic())
        if reply["parent_header"].get("msg_id") == id:
            return Ran(reply, outputs)
