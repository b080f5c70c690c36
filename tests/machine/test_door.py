"""The door of a machine: terminals of a real one, and visitors that mean no good."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import SystemFault
from labkit.core.session import Session
from labkit.grading import Progress
from labkit.machine.agent import Agent
from labkit.machine.door import NAME, Door
from labkit.machine.running import Running, running_machines
from tests.cli.program import labkit
from tests.cli.shell import Shell
from tests.machine.notebooks import Notebook
from tests.support.wait import wait_until

RUN = {"op": "run", "id": 1, "argv": ["true"], "env": {}, "cwd": "/", "size": None}
ABOUT = {"notebook": "/n/a.ipynb", "since": "2026-01-01", "folder": "/n", "cwd": "/course"}

Open = Callable[..., Notebook]


@dataclass
class Stand:
    """A door without a machine: what PID 1 would hear, and what it tells."""

    session: Session
    door: Door
    guest: socket.socket
    inside: socket.socket

    def heard(self) -> list[dict[str, Any]]:
        """What has been said to PID 1 since."""
        self.door.serve()
        if not select.select([self.guest], [], [], 0)[0]:
            return []
        return [json.loads(line) for line in self.guest.recv(1 << 20).splitlines()]

    def visit(self) -> Visitor:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(5)
        sock.connect(str(self.session.folder / NAME))
        visitor = Visitor(self, sock)
        assert visitor.hear()["event"] == "machine"
        return visitor


@dataclass
class Visitor:
    stand: Stand
    sock: socket.socket

    def say(self, line: bytes | dict[str, Any]) -> None:
        self.sock.sendall(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        """The next thing said; empty when the door was closed."""
        for _ in range(3):  # accepted, heard, answered
            self.stand.door.serve()
        line, fds, _, _ = socket.recv_fds(self.sock, 65536, 1)
        for fd in fds:
            os.close(fd)
        found: dict[str, Any] = json.loads(line or b"{}")
        return {**found, "fds": len(fds)} if fds else found


@pytest.fixture
def stand(labkit_home: Path) -> Iterator[Stand]:
    session = Session()
    ours, guest = socket.socketpair()
    port, inside = socket.socketpair()
    door = Door(session.folder, Agent(ours), port, {**ABOUT, "pid": os.getpid()}, {})
    yield Stand(session, door, guest, inside)
    door.close()
    for sock in (ours, guest, port, inside):
        sock.close()
    session.close()


def test_it_is_this_users_alone(stand: Stand) -> None:
    assert stat.S_IMODE((stand.session.folder / NAME).lstat().st_mode) == 0o600


def test_whoever_opens_gets_the_terminal_and_the_next_one_words(stand: Stand) -> None:
    first, second = stand.visit(), stand.visit()
    first.say({"op": "open"})
    assert first.hear() == {"event": "opened", "fds": 1}
    second.say({"op": "open"})
    assert second.hear()["why"] == "another terminal is open in this machine"
    first.say(RUN)
    assert stand.heard() == [RUN]
    first.sock.close()
    assert stand.heard() == [{"op": "hangup"}]
    second.say({"op": "open"})
    assert second.hear()["event"] == "refused"  # what ran has not ended yet
    stand.inside.sendall(b"for the first one")
    stand.door.tell({"event": "ended", "id": 1, "status": -9})
    second.say({"op": "open"})
    assert second.hear()["event"] == "opened"
    second.say(RUN)
    assert stand.heard() == [RUN]
    stand.door.tell({"event": "ended", "id": 1, "status": 0})
    assert second.hear() == {"event": "ended", "id": 1, "status": 0}
    with pytest.raises(BlockingIOError):
        stand.door._terminal.recv(1, socket.MSG_DONTWAIT)
    second.sock.close()


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\n",
        b"[]\n",
        b"{}\n",
        b'{"op": 1}\n',
        b'{"op": []}\n',
        b'{"op": "end"}\n',
        b'{"op": "begin", "now_ns": 0, "seed": ""}\n',
        b'{"op": "hangup"}\n',
        b"[" * 20_000 + b"\n",
        b'{"op": "run", "id": ' + b"9" * 5000 + b"}\n",
        *(
            json.dumps({**RUN, **wrong}).encode() + b"\n"
            for wrong in (
                {"argv": []},
                {"argv": "true"},
                {"argv": [1]},
                {"env": {"A": 1}},
                {"cwd": None},
                {"size": [24]},
                {"size": [24, 1 << 16]},
                {"size": [-1, 80]},
                {"self": 1},
            )
        ),
    ],
)
def test_what_is_not_said_at_a_door_is_refused_and_goes_no_further(
    stand: Stand, line: bytes
) -> None:
    visitor = stand.visit()
    visitor.say({"op": "open"})
    visitor.hear()
    visitor.say(line)
    assert visitor.hear()["event"] == "refused"
    visitor.say({"op": "resize", "rows": 24, "columns": 80, "self": 1})
    assert stand.heard() == [{"op": "resize", "rows": 24, "columns": 80}]
    visitor.sock.close()


def test_without_the_terminal_nothing_is_run(stand: Stand) -> None:
    visitor = stand.visit()
    visitor.say(RUN)
    assert visitor.hear()["event"] == "refused"
    assert stand.heard() == []
    visitor.sock.close()


def test_what_the_user_should_know_is_said_to_who_has_the_terminal(stand: Stand) -> None:
    looks, works = stand.visit(), stand.visit()
    works.say({"op": "open"})
    assert works.hear()["event"] == "opened"
    stand.door.notice("The disk is full.")
    assert works.hear() == {"event": "notice", "text": "The disk is full."}
    looks.say({"op": "run"})
    assert looks.hear()["event"] == "refused"  # and nothing before it
    for visitor in (looks, works):
        visitor.sock.close()


def test_half_a_line_and_a_line_without_end_hold_nobody_up(stand: Stand) -> None:
    half, endless, good = stand.visit(), stand.visit(), stand.visit()
    half.say(b'{"op": "op')
    endless.say(b"x" * 40_000)
    good.say({"op": "open"})
    assert good.hear()["event"] == "opened"
    assert endless.hear() == {}
    half.say(b'en"}\n')
    assert half.hear()["event"] == "refused"
    for visitor in (half, endless, good):
        visitor.sock.close()


def test_who_does_not_read_is_sent_away(stand: Stand) -> None:
    visitor = stand.visit()
    began = time.monotonic()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while time.monotonic() < began + 20:
            visitor.say(b"x\n" * 1000)
            stand.door.serve()
    visitor.sock.close()
    assert stand.visit().sock.close() is None


def test_a_machine_that_does_not_listen_holds_nobody_up(stand: Stand) -> None:
    visitor = stand.visit()
    visitor.say({"op": "open"})
    visitor.hear()
    for _ in range(20_000):
        visitor.say({"op": "resize", "rows": 24, "columns": 80})
        stand.door.serve()
    visitor.say({**RUN, "argv": ["x" * 30_000]})
    assert visitor.hear()["why"] == "the machine does not listen now"
    visitor.sock.close()


def test_more_visitors_than_there_is_room_for_are_sent_away(stand: Stand) -> None:
    visitors = [stand.visit() for _ in range(8)]
    late = socket.socket(socket.AF_UNIX)
    late.connect(str(stand.session.folder / NAME))
    stand.door.serve()
    assert late.recv(100) == b""
    for one in (*visitors, late):
        (one.sock if isinstance(one, Visitor) else one).close()
    stand.door.serve()
    stand.visit().sock.close()


def test_a_relay_that_is_stopped_is_not_waited_for(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.machine.running._PATIENCE_S", 0.2)
    assert running_machines() == []  # nobody serves the door meanwhile
    machine = Running(stand.session.folder, "", "", "/n", "/course", 1)
    with pytest.raises(SystemFault, match="does not answer"), machine.terminal():
        pass


# -- with a real machine ---------------------------------------------------------------------------

needs_qemu = pytest.mark.requires("program:qemu-system-x86_64")


@needs_qemu
def test_a_script_runs_where_the_kernel_does_and_its_exit_code_is_ours(
    open_notebook: Open, course: Path
) -> None:
    notebook = open_notebook("my notes.ipynb")
    notebook.run("open('/root/mark', 'w').write('the same machine')")
    done = labkit("shell", "-c", "cat /root/mark; pwd; id -u; exit 7")
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == "the same machine/course/exercises\n0\n"
    assert labkit("shell", "my notes", "-c", "kill -9 $$").returncode == 137
    listed = labkit("machine", "list").stdout
    [machine] = running_machines()
    assert "exercises/my notes.ipynb" in listed.replace("\n", "")
    assert str(machine.pid) in listed
    assert machine.memory_bytes() > 20 << 20
    assert Path(f"/proc/{machine.pid}/comm").read_text().startswith("qemu")
    assert notebook.run("print('goes on')") == "goes on\n"


@needs_qemu
def test_labkit_works_in_it_as_in_the_notebook_and_keeps_the_progress(
    open_notebook: Open, course: Path
) -> None:
    open_notebook()
    done = labkit("shell", "-c", "labkit check pid-one")
    assert done.returncode == 1, done.stdout + done.stderr
    with Progress() as progress:
        kept = [event.kind for event in progress._store.read()]
    assert "verdict" in kept


@needs_qemu
def test_a_shell_on_a_terminal_has_keys_size_and_an_end(open_notebook: Open) -> None:
    notebook = open_notebook()
    with Shell() as shell:
        shell.type("stty size; tty; echo here''-42\n")
        said = shell.read_until("here-42")
        assert "30 100" in said and "/dev/pts/" in said
        second = labkit("shell", "-c", "true")
        assert second.returncode == 2
        assert "another terminal is open in this machine" in second.stderr
        shell.type("sleep 600\n")
        time.sleep(1)
        shell.type("\x03")
        shell.type("echo went''-on; exit 3\n")
        shell.read_until("went-on")
        assert shell.process.wait(20) == 3
    assert notebook.run("print('goes on')") == "goes on\n"


@needs_qemu
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_the_terminal_is_closed_what_runs_in_it_ends(
    open_notebook: Open, number: signal.Signals
) -> None:
    notebook = open_notebook()
    with Shell() as shell:
        shell.type("echo re''ady; exec sleep 4321\n")
        shell.read_until("ready")
        shell.process.send_signal(number)
        shell.process.wait(10)
    look = "import subprocess; print(subprocess.run(['pgrep', '-f', 'sleep 4321']).returncode)"
    wait_until(lambda: notebook.run(look).strip() == "1", timeout_s=20, what="its end")
    done = labkit("shell", "-c", "echo again")
    assert (done.stdout, done.returncode) == ("again\n", 0)


@needs_qemu
def test_of_several_one_is_chosen_and_the_others_are_named(open_notebook: Open) -> None:
    one, two = open_notebook("one.ipynb"), open_notebook("two.ipynb")
    for notebook, name in ((one, "1"), (two, "2")):
        notebook.run(f"open('/root/mark', 'w').write('{name}')")
    which = labkit("shell", "-c", "true")
    assert which.returncode == 2
    assert "Say which one is meant" in which.stderr
    assert "exercises/one.ipynb" in which.stderr and "exercises/two.ipynb" in which.stderr
    assert labkit("shell", "two", "-c", "cat /root/mark").stdout == "2"
    assert labkit("shell", "one.ipynb", "-c", "cat /root/mark").stdout == "1"
    with Shell() as shell:
        assert "exercises/one.ipynb" in shell.read_until("Which one is meant")
        shell.type("2\n")
        shell.read_until("root@lab")
        shell.type("cat /root/mark; echo ''-was-it\n")
        shell.read_until("2-was-it")
    wrong = labkit("shell", "thre.ipynb", "-c", "true")
    assert wrong.returncode == 2
    assert "no machine of a notebook 'thre.ipynb'" in wrong.stderr


@needs_qemu
def test_the_end_of_the_machine_ends_the_terminal_with_words(open_notebook: Open) -> None:
    notebook = open_notebook()
    with Shell() as shell:
        shell.type("echo re''ady\n")
        shell.read_until("ready")
        notebook.manager.shutdown_kernel(now=True)
        shell.read_until("cannot reach the machine of this notebook")
        assert shell.process.wait(10) == 2
