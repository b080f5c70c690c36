"""QEMU is found, judged, confined; what is wrong with it is said with what would help."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, SystemFault, TimedOut
from labkit.machine.agent import Agent
from labkit.machine.qemu import find
from labkit.machine.qemu.confine import Confinement
from labkit.machine.qemu.find import Program, find_accelerator, find_program, runs_on_kvm
from labkit.machine.qemu.qmp import Qmp


def _script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_without_qemu_the_command_that_brings_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Blocked, match="QEMU is not installed"):
        find_program()


def test_one_that_is_too_old_is_refused(tmp_path: Path) -> None:
    old = _script(tmp_path / "qemu", "echo QEMU emulator version 5.2.0")
    with pytest.raises(Blocked, match=r"too old.*5\.2\.0.*7\.2 or newer"):
        find_program([old])


def test_one_that_does_not_start_is_said(tmp_path: Path) -> None:
    broken = _script(tmp_path / "qemu", "exit 127")
    with pytest.raises(Blocked, match="does not start"):
        find_program([broken])


@pytest.mark.requires("program:qemu-system-x86_64")
def test_the_version_is_what_it_says() -> None:
    shown = subprocess.run(
        ["qemu-system-x86_64", "--version"], capture_output=True, text=True, check=True
    ).stdout
    version = ".".join(map(str, find_program().version))
    assert f"version {version}" in shown


def test_kvm_is_believed_when_a_guest_has_run_on_it(tmp_path: Path) -> None:
    for code, answer in ((0x21, True), (0, False), (1, False)):
        program = Program((_script(tmp_path / "qemu", f"exit {code}"),), (8, 0), "")
        assert runs_on_kvm(program) is answer


def test_kvm_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "_PROBE_S", 0.2)
    program = Program((_script(tmp_path / "qemu", "exec sleep 60"),), (8, 0), "")
    assert runs_on_kvm(program) is False


def test_the_answer_holds_until_the_next_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Program] = []
    monkeypatch.setattr(os, "access", lambda *_: True)
    monkeypatch.setattr(find, "runs_on_kvm", lambda program: asked.append(program) or True)
    program = Program(("qemu",), (8, 0), "eight")
    assert [find_accelerator(program, tmp_path) for _ in range(3)] == ["kvm"] * 3
    assert len(asked) == 1
    known = json.loads((tmp_path / "accelerator.json").read_text())
    (tmp_path / "accelerator.json").write_text(json.dumps({**known, "boot": "before"}))
    find_accelerator(program, tmp_path)
    (tmp_path / "accelerator.json").write_text("damaged")
    find_accelerator(program, tmp_path)
    assert len(asked) == 3


@pytest.mark.requires("landlock")
def test_a_confined_process_reads_and_writes_its_own_files_alone(tmp_path: Path) -> None:
    for name in ("read", "written", "secret"):
        (tmp_path / name).write_text(name)
    own = tmp_path / "own"
    own.mkdir()
    confinement = Confinement(reads=[tmp_path / "read"], writes=[own, tmp_path / "written"])

    def do(script: str) -> int:
        return subprocess.run(
            ["/bin/sh", "-c", script], cwd=tmp_path, preexec_fn=confinement.enter, check=False,
            stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip

    assert do("cat read") == 0
    assert do("echo x > written && echo y > own/new") == 0
    assert do("cat secret") != 0
    assert do("echo x > read") != 0
    assert do("echo x > new") != 0
    assert do("cat /etc/passwd") != 0
    assert (tmp_path / "secret").read_text() == "secret"


def test_a_confined_process_ends_with_its_parent(tmp_path: Path) -> None:
    code = """
import subprocess, time
from labkit.machine.qemu.confine import Confinement
child = subprocess.Popen(["/bin/sleep", "600"], preexec_fn=Confinement([], []).enter)
print(child.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    import select

    poll = select.poll()
    poll.register(child, select.POLLIN)
    assert poll.poll(5000)
    os.close(child)


def _answering(*lines: bytes) -> socket.socket:
    """The other end of a QMP that says these lines, one for each it hears."""
    ours, theirs = socket.socketpair()

    def talk() -> None:
        with theirs, theirs.makefile("rb") as heard:
            theirs.sendall(b'{"QMP": {}}\n')
            for line in (b'{"return": {}}\n', *lines):
                heard.readline()
                theirs.sendall(line)

    threading.Thread(target=talk, daemon=True).start()
    return ours


def test_qmp_passes_answers_events_and_errors() -> None:
    event = b'{"event": "STOP"}\n{"return": {"status": "paused"}}\n'
    error = b'{"error": {"class": "GenericError", "desc": "no such thing"}}\n'
    qmp = Qmp(_answering(event, error))
    assert qmp.ask("query-status") == {"status": "paused"}
    assert qmp.events == [{"event": "STOP"}]
    with pytest.raises(SystemFault, match=r"have QEMU do trial.*no such thing"):
        qmp.ask("trial")
    with pytest.raises(SystemFault, match="it has ended"):
        qmp.ask("more")
    qmp.close()


def test_what_pid_1_tells_is_read_by_lines_and_its_nonsense_is_an_end() -> None:
    ours, theirs = socket.socketpair()
    agent = Agent(ours)
    theirs.sendall(b'{"event": "ready"}\n{"event": "beg')
    assert agent.wait_for("ready", 5) == {"event": "ready"}
    with pytest.raises(TimedOut, match="begun"):
        agent.wait_for("begun", 0.1)
    theirs.sendall(b'un"}\n')
    assert agent.read() == [{"event": "begun"}]
    theirs.sendall(b'{"event": "error", "text": "it broke"}\n')
    with pytest.raises(SystemFault, match="it broke"):
        agent.wait_for("begun", 5)
    theirs.sendall(b"\xff\xfe nonsense\n")
    with pytest.raises(SystemFault, match="does not speak our language"):
        agent.read()
    theirs.close()
    with pytest.raises(SystemFault, match="it has ended"):
        agent.read()
    ours.close()
