"""Kernels behind a relay, for these tests."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.machine.relay.kernels import Kernel

ROOT = Path(__file__).parents[3]


@pytest.fixture
def jupyter(labkit_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's own folders, with a kernel ``relayed``; short, for a socket's path is."""
    folder = labkit_home.parent
    spec = folder / "jupyter" / "kernels" / "relayed"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "tests.machine.relay.local", "-f", "{connection_file}"]
    words = {"argv": argv, "display_name": "relayed", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words))
    monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder


@pytest.fixture
def start(jupyter: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel behind a relay; each is ended at the test's end."""
    started: list[Kernel] = []

    def start_kernel(name: str = "relayed", *, is_ready: bool = True, **env: str) -> Kernel:
        folder = Path(tempfile.mkdtemp(prefix="c"))
        manager = KernelManager(kernel_name=name, transport="ipc", ip=str(folder / "c"))
        manager.start_kernel(env={**os.environ, "LABKIT_TEST_SOCKETS": str(folder), **env}, cwd=str(folder))
        client: BlockingKernelClient = manager.client()
        kernel = Kernel(manager, client, folder)
        started.append(kernel)
        client.start_channels()
        if is_ready:
            client.wait_for_ready(timeout=60)
        return kernel

    yield start_kernel
    for kernel in started:
        kernel.end()
