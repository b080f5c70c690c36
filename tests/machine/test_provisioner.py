"""The kernel ``labkit``: found by Jupyter, started in its place, over sockets of one's own."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from labkit.core.errors import NotFound
from labkit.machine.able import ask_doctor
from labkit.machine.places import Place
from labkit.machine.provisioner import _module_for
from labkit.machine.sockets_folder import SocketsFolder
from tests.machine.relay.kernels import Kernel

Start = Callable[..., Kernel]


@pytest.fixture
def start(labkit_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setenv("IPYTHONDIR", str(labkit_home.parent / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(labkit_home.parent / "runtime"))
    started: list[Kernel] = []

    def start_kernel(**env: str) -> Kernel:
        manager = KernelManager(kernel_name="labkit")
        manager.start_kernel(env={**os.environ, **env}, cwd=str(labkit_home))
        kernel = Kernel(manager, manager.client(), Path(manager.ip).parent)
        started.append(kernel)
        kernel.client.start_channels()
        kernel.client.wait_for_ready(timeout=60)
        return kernel

    yield start_kernel
    for kernel in started:
        kernel.end()
    (labkit_home / "run" / "kernels").rmdir()  # empty: every socket's folder has gone


def test_jupyter_finds_the_kernelspec() -> None:
    spec = KernelSpecManager().get_kernel_spec("labkit")
    assert (spec.display_name, spec.language) == ("labkit", "python")
    assert spec.metadata["kernel_provisioner"]["provisioner_name"] == "labkit"


def test_a_native_kernel_is_told_its_place(start: Start) -> None:
    kernel = start()
    ran = kernel.run(
        "import os; names = ('', '_WHY', '_SINCE')\n"
        "print(*(os.environ['LABKIT_PLACE' + name] for name in names), sep='|')"
    )
    place, why, since = ran.text().strip().split("|")
    assert (place, why) == ("native", "this machine has what the notebook needs")
    age = datetime.now().astimezone() - datetime.fromisoformat(since)
    assert 0 < age.total_seconds() < 60


def test_its_sockets_are_this_users_alone(start: Start) -> None:
    kernel = start()
    assert kernel.manager.transport == "ipc"
    assert stat.S_IMODE(kernel.folder.stat().st_mode) == 0o700
    assert len(list(kernel.folder.iterdir())) == 5


def test_what_it_makes_has_the_mode_that_it_would_have_elsewhere(start: Start) -> None:
    """`ip netns add` in a cell makes /run/netns, which everybody looks into."""
    before = os.umask(0o022)
    os.umask(before)
    ran = start().run("import os; now = os.umask(0); os.umask(now); print(now)")
    assert ran.text().strip() == str(before)


def test_a_restart_keeps_the_address_and_the_end_removes_it(start: Start) -> None:
    kernel = start()
    kernel.run("x = 1")
    address = kernel.manager.ip
    for now in (False, True):
        kernel.restart(now=now)
        assert kernel.manager.ip == address
        assert kernel.run("'x' in globals()").value == "False"
    kernel.manager.shutdown_kernel()
    assert not kernel.folder.exists()


def test_an_interrupt_ends_a_sleeping_cell(start: Start) -> None:
    kernel = start()
    id = kernel.client.execute("import time; print('go', flush=True); time.sleep(30)")
    while kernel.client.get_iopub_msg(timeout=10)["msg_type"] != "stream":
        pass
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=10))["parent_header"]["msg_id"] != id:
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_a_place_that_does_not_exist_is_refused_before_anything_starts(labkit_home: Path) -> None:
    manager = KernelManager(kernel_name="labkit")
    with pytest.raises(NotFound, match="there is no place for a kernel 'moon'"):
        manager.start_kernel(env={**os.environ, "LABKIT_PLACE": "moon"})
    assert manager.transport == "tcp"
    assert not (labkit_home / "run" / "kernels").exists()


def test_the_place_decides_the_program() -> None:
    words = ["python", "-m", "ipykernel_launcher", "-f", "x"]
    native = [_module_for(word, Place("native", "")) for word in words]
    microvm = [_module_for(word, Place("microvm", "")) for word in words]
    assert native == [sys.executable, "-m", "ipykernel_launcher", "-f", "x"]
    assert microvm == [sys.executable, "-m", "labkit.jupyter.relay", "-f", "x"]


def test_the_doctor_is_asked_in_a_process_of_its_own(labkit_home: Path) -> None:
    found = asyncio.run(ask_doctor(["linux", "warp-drive"]))
    assert found == {"linux": ""}


def test_a_dead_servers_sockets_are_taken_away_by_the_next(labkit_home: Path) -> None:
    code = (
        "import os; from labkit.machine.sockets_folder import SocketsFolder as S;"
        "print(S().path, flush=True); os._exit(1)"
    )
    argv = [sys.executable, "-c", code]
    dead = Path(subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip())
    assert dead.is_dir()
    first, second = SocketsFolder(), SocketsFolder()
    assert not dead.exists()
    assert first.path.is_dir() and second.path.is_dir()
    for one in (first, second):
        one.close()
    (labkit_home / "run" / "kernels").rmdir()


def test_a_deep_home_still_gives_a_path_that_a_socket_can_have(
    labkit_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_HOME", str(labkit_home / ("x" * 60) / ("y" * 60)))
    folder = SocketsFolder()
    try:
        assert len(f"{folder.path}/s-1") < 107
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    finally:
        folder.close()
