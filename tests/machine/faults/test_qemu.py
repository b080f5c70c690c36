"""QEMU is missing, dies, hangs, is killed: what the learner reads, and that nothing stays."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, SystemFault
from labkit.core.session import Session
from labkit.machine.microvm import MicroVM
from labkit.machine.qemu import qmp
from labkit.machine.qemu.find import Program, find_program
from labkit.machine.running import running_machines
from labkit.machine.snapshot import Snapshot, prepare
from tests.cli.program import labkit
from tests.machine.notebooks import Notebook
from tests.support.snapshot import describe, our_processes
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

Open = Callable[..., Notebook]

NAME = "qemu-system-x86_64"


def _fake(folder: Path, does: str) -> Path:
    """A folder for the path, with a QEMU that knows its version and then does something else."""
    folder.mkdir()
    fake = folder / NAME
    fake.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec {shutil.which(NAME)} --version\n{does}\n'
    )
    fake.chmod(0o755)
    return fake


def _resume(program: Program, snapshot: Snapshot) -> None:
    session = Session()
    try:
        MicroVM(Snapshot(snapshot.folder, program, snapshot.design), session, Path("/")).end()
    except SystemFault:
        assert not (session.folder / "machine").exists()
        raise
    finally:
        session.close()


def test_one_that_dies_at_its_start_is_quoted(snapshot: Snapshot, tmp_path: Path) -> None:
    fake = _fake(tmp_path / "bin", "echo 'no room for translated code' >&2; exit 1")
    with pytest.raises(SystemFault) as caught:
        _resume(find_program([str(fake)]), snapshot)
    assert f"({fake}): no room for translated code" in str(caught.value)
    assert "→ Try again. If that does not help, install another one: " in str(caught.value)
    assert snapshot.is_whole


def test_one_that_hangs_at_its_start_is_given_up(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qmp, "_ANSWER_S", 0.3)
    fake = _fake(tmp_path / "bin", "exec sleep 600")
    with pytest.raises(SystemFault, match=r"QEMU's answer to start did not happen"):
        _resume(find_program([str(fake)]), snapshot)
    assert snapshot.is_whole


def test_one_that_may_not_be_started_is_named(snapshot: Snapshot, tmp_path: Path) -> None:
    forbidden = tmp_path / NAME
    forbidden.write_text("no program")
    program = snapshot.program
    with pytest.raises(SystemFault, match=rf"cannot start QEMU 7.*{NAME}\): Permission denied"):
        _resume(Program((str(forbidden),), program.version, program.identity), snapshot)


def test_one_that_lies_in_a_folder_of_its_own_is_as_good(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake(tmp_path / "bin", f'exec {shutil.which(NAME)} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    program = find_program()
    assert program.path == str(tmp_path / "bin" / NAME)
    _resume(program, snapshot)


def test_what_does_not_prepare_leaves_no_half_of_it(
    tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(snapshot.folder.parent.iterdir())
    _fake(tmp_path / "bin", "echo broken >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    done = labkit("machine", "run", "--", "true")
    assert done.returncode == 2
    version = ".".join(map(str, snapshot.program.version))
    assert f"labkit: cannot start QEMU {version} ({tmp_path}/bin/{NAME}): broken." in done.stderr
    assert set(snapshot.folder.parent.iterdir()) == before


def test_without_one_and_without_a_way_to_fetch_it_each_cell_says_what_to_do(
    open_notebook: Open, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    machines = tmp_path / "machines"
    notebook = open_notebook(PATH=str(tmp_path / "bin"), LABKIT_MACHINES=str(machines))
    for _ in range(2):
        said = notebook.run("1 + 1")
        assert said.startswith("NoMachine: no microVM can be started here: QEMU is not installed")
        assert "there is no apt-get on this system" in said
        assert "qemu-system-x86" in said.partition("→")[2]
        assert "Then restart the kernel" in said
    assert "This notebook's machine did not start" in capfd.readouterr().err
    assert [path.name for path in machines.rglob("*") if path.is_file()] == [".lock"]


def test_one_that_is_too_old_is_said_with_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / NAME).write_text("#!/bin/sh\necho QEMU emulator version 5.2.0\n")
    (tmp_path / NAME).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LABKIT_MACHINES", str(tmp_path / "machines"))
    with pytest.raises(Blocked, match=r"version 5\.2\.0, and it takes 7\.2.*there is no apt-get"):
        prepare()


def test_one_that_is_killed_in_mid_cell_is_said_there_and_a_restart_goes_on(
    open_notebook: Open, labkit_home: Path
) -> None:
    notebook = open_notebook()
    (machine,) = running_machines()
    id = notebook.client.execute("import time; print('go', flush=True); time.sleep(600)")
    while notebook.client.get_iopub_msg(timeout=30)["msg_type"] != "stream":
        pass
    os.kill(machine.pid, signal.SIGKILL)
    while (reply := notebook.client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != id:
        pass
    assert reply["content"]["ename"] == "MachineEnded"
    assert reply["content"]["evalue"] == "QEMU was killed by SIGKILL"
    wait_until(lambda: not notebook.manager.is_alive())
    assert not machine.session.exists()
    assert not [line for line in map(describe, our_processes(labkit_home)) if "qemu" in line]
    notebook.restart()
    assert notebook.run("print('here again')") == "here again\n"
