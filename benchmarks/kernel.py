"""Runs code in a live notebook kernel, a process with threads, and brings back its last value."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_DEADLINE_S = 300.0


def in_kernel(code: str) -> Any:
    """The value of the last expression of ``code``, which must be plain data.

    Raises:
        RuntimeError: the code failed.
    """
    with kernel() as client:
        *before, last = code.split("; ")
        lines = ["import json", f"import sys; sys.path.insert(0, {str(_ROOT)!r})", *before]
        return json.loads(execute(client, "\n".join([*lines, f"json.dumps({last})"])))


@contextlib.contextmanager
def kernel() -> Iterator[Any]:
    """A new kernel of this very Python, and a client of it."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    # By path: "python3" on the PATH may be another one, or a shim.
    manager.kernel_cmd = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager.start_kernel(cwd=str(_ROOT), env=dict(os.environ))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def execute(client: Any, code: str) -> str:
    """Runs a cell and returns its result, a string."""
    seen: dict[str, str] = {}

    def note(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "execute_result":
            seen["result"] = content["data"]["text/plain"]
        elif message["msg_type"] == "error":
            seen["error"] = "\n".join(content["traceback"])

    client.execute_interactive(code, output_hook=note, timeout=_DEADLINE_S)
    if "error" in seen:
        raise RuntimeError(f"the kernel says:\n{seen['error']}")
    return str(ast.literal_eval(seen["result"]))
