"""A notebook's kernel in a machine, as Jupyter has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from labkit.core.session import sweep

READY_S = 300.0
"""A machine may have to be prepared anew, and this computer may be busy."""


class Notebook:
    """A kernel of the kernelspec ``labkit``, in a machine.

    Args:
        folder: where the notebook lies.
        course: the course around it.
        name: the notebook's file.
        enter: called in the relay's process before it is one.
        env: more of its environment.
    """

    def __init__(
        self,
        folder: Path,
        course: Path,
        name: str = "",
        enter: Callable[[], object] | None = None,
        **env: str,
    ) -> None:
        self.manager = KernelManager(kernel_name="labkit")
        env = {**os.environ, "LABKIT_PLACE": "microvm", "LABKIT_COURSE": str(course), **env}
        if name:
            env["JPY_SESSION_NAME"] = str(folder / name)
        more = {"preexec_fn": enter} if enter else {}
        self.manager.start_kernel(cwd=str(folder), env=env, **more)
        self.client = self.manager.client()
        self.client.start_channels()
        self._await()

    def _await(self) -> None:
        """Clients may ask before the machine is there; tests look at it from outside."""
        self.client.wait_for_ready(timeout=READY_S)
        self.client.execute_interactive("", silent=True, timeout=READY_S)

    @property
    def relay(self) -> int:
        """The PID of its relay."""
        return int(self.manager.provisioner.process.pid)

    def restart(self) -> None:
        """As the menu does it. A reply to an earlier question would pass for the new kernel's."""
        while self.client.shell_channel.msg_ready():
            self.client.get_shell_msg(timeout=1)
        self.manager.restart_kernel(now=True)
        self._await()

    def run(self, code: str) -> str:
        """What a cell prints, and the error that it ends with."""
        said: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif message["msg_type"] == "error":
                said.append(f"{content['ename']}: {content['evalue']}\n")
                said.extend(content["traceback"])

        self.client.execute_interactive(code, output_hook=hear, timeout=READY_S)
        return "".join(said)

    def value(self, code: str) -> str:
        """What the value of a cell is, as text."""
        found: list[str] = []

        def hear(message: dict[str, Any]) -> None:
            if message["msg_type"] == "execute_result":
                found.append(message["content"]["data"]["text/plain"])

        self.client.execute_interactive(code, output_hook=hear, timeout=READY_S)
        return "".join(found)

    def shut_down(self) -> None:
        """As the menu does it: the kernel is asked to end."""
        self.manager.shutdown_kernel()

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        sweep()  # a relay that is killed leaves its folder to whoever comes next
