"""A notebook's kernel in a machine, as Jupyter has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

from labkit.core.session import sweep


class Notebook:
    """A kernel of the kernelspec ``labkit``, in a machine."""

    def __init__(self, folder: Path, course: Path, name: str = "") -> None:
        self.manager = KernelManager(kernel_name="labkit")
        env = {**os.environ, "LABKIT_PLACE": "microvm", "LABKIT_COURSE": str(course)}
        if name:
            env["JPY_SESSION_NAME"] = str(folder / name)
        self.manager.start_kernel(cwd=str(folder), env=env)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

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

        self.client.execute_interactive(code, output_hook=hear, timeout=60)
        return "".join(said)

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        sweep()  # a relay that is killed leaves its folder to whoever comes next
