"""Kernels behind a relay, for these tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.machine.relay.kernels import Kernel, write_kernelspec


@pytest.fixture
def jupyter(labkit_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Jupyter's own folders, with a kernel ``relayed``."""
    for name, value in write_kernelspec(labkit_home.parent).items():
        monkeypatch.setenv(name, value)
    return labkit_home.parent


@pytest.fixture
def start(jupyter: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel behind a relay; each is ended at the test's end."""
    started: list[Kernel] = []

    def start_kernel(name: str = "relayed", *, is_ready: bool = True, **env: str) -> Kernel:
        folder = Path(tempfile.mkdtemp(prefix="c"))
        manager = KernelManager(kernel_name=name, transport="ipc", ip=str(folder / "c"))
        manager.start_kernel(
            env={**os.environ, "LABKIT_TEST_SOCKETS": str(folder), **env}, cwd=str(folder)
        )
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
