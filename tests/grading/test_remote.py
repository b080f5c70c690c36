"""Progress kept by the host: real sockets, killed writers, and what a hostile guest sends."""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, LabkitError, SystemFault, TimedOut
from labkit.grading import Progress
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
from labkit.grading.messages import error_as_json, error_from_json
from labkit.grading.remote import RemoteEventStore
from labkit.grading.service import serve_events
from labkit.machine.guest.events import listen
from tests.grading.event_host import Host, connected, said

WRITER = """
import sys
from pathlib import Path
from labkit.grading.remote import RemoteEventStore
from labkit.grading.events import new_event
store = RemoteEventStore(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    event = new_event("opened", topic=f"t{number}")
    store.append(event)
    print(event.id, flush=True)
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.close()


@pytest.fixture
def remote(host: Host) -> Iterator[RemoteEventStore]:
    made = RemoteEventStore(host.socket)
    yield made
    made.close()


def _ids(store: EventStore | RemoteEventStore) -> list[str]:
    return [event.id for event in store.read()]


def test_it_does_what_the_file_does(host: Host, remote: RemoteEventStore) -> None:
    events = [new_event("opened", topic=f"t{number}") for number in range(5)]
    assert remote.append(*events) == 5
    assert remote.append(*events, new_event("reveal", task="a", share=0.5)) == 1
    foreign = replace(new_event("seed", seed="other"), is_foreign=True)
    remote.append(foreign)
    first = new_event("seed", seed="mine")
    remote.append_first(first)
    remote.append_first(new_event("seed", seed="late"))
    assert [event.data["seed"] for event in remote.read(kind="seed")] == ["other", "mine"]
    assert remote.read() == host.store.read()
    assert remote.read(kind="seed")[0].is_foreign
    assert [event.kind for event in remote.read(task="a")] == ["reveal"]
    assert remote.notice == host.store.notice


def test_progress_goes_to_the_host_where_the_environment_says_so(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LABKIT_EVENTS", str(host.socket))
    with Progress() as progress:
        progress.record_opened("here")
        assert progress.path == host.socket
        assert progress.notice == ""
        seed = progress.seed
    assert [event.kind for event in host.store.read()] == ["seed", "opened"]
    with Progress(tmp_path / "progress.sqlite") as own:
        assert own.seed == seed


def test_more_than_a_message_holds_is_written_and_read_in_order(
    host: Host, remote: RemoteEventStore
) -> None:
    text = "ü" * 500
    events = [
        new_event("prediction", task="a", question=text, choices=[text] * 5, answer=text)
        for _ in range(300)
    ]
    assert remote.append(*events) == 300
    assert remote.read() == events == host.store.read()


def test_a_damaged_file_is_told_of_in_the_guest(host: Host, remote: RemoteEventStore) -> None:
    remote.append(new_event("opened"))
    host.store.close()
    host.store.path.write_bytes(b"no database" * 1000)
    remote.read()
    assert "damaged" in remote.notice


def test_an_error_of_the_host_is_the_same_error_in_the_guest(
    host: Host, remote: RemoteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (
        SystemFault("record it", errno=28, hint="Make room"),
        Blocked("labkit cannot", why="read-only", hint="Set it"),
        TimedOut("writing", after_s=10, last_seen="another process"),
    ):
        monkeypatch.setattr(host.store, "append", _raiser(error))
        with pytest.raises(type(error)) as caught:
            remote.append(new_event("opened"))
        assert str(caught.value) == str(error)
        assert getattr(caught.value, "errno", 0) == getattr(error, "errno", 0)
    assert isinstance(error_from_json(error_as_json(LabkitError("x"))), SystemFault)


def _raiser(error: LabkitError) -> Callable[..., int]:
    def append(*_: object) -> int:
        raise error

    return append


def test_writers_killed_at_random_moments_lose_nothing_acknowledged(host: Host) -> None:
    argv = [sys.executable, "-c", WRITER, str(host.socket), "100000"]
    sure = set[str]()
    for _ in range(4):
        writers = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        for writer in writers:
            assert writer.stdout
            sure.add(writer.stdout.readline().strip())
        time.sleep(random.uniform(0, 0.05))
        for writer in writers:
            writer.kill()
            with writer:
                assert writer.stdout
                rest = writer.stdout.read().splitlines(keepends=True)
            sure |= {line.strip() for line in rest if line.endswith("\n")}
    found = _ids(host.store)
    assert sure <= set(found)
    assert len(found) == len(set(found)) <= len(sure) + 8


def test_a_machine_replaced_under_a_writer_loses_and_doubles_nothing(host: Host) -> None:
    argv = [sys.executable, "-c", WRITER, str(host.socket), "300"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        sure = [writer.stdout.readline().strip()]
        for _ in range(5):
            time.sleep(random.uniform(0, 0.03))
            host.new_machine()
        # Not communicate(): it passes over what readline() has read ahead.
        sure += writer.stdout.read().split()
    assert writer.returncode == 0
    assert len(sure) == 300
    assert _ids(host.store) == sure


def test_a_repeated_request_is_answered_as_the_first_time(host: Host) -> None:
    event = new_event("opened").as_json() | {"is_foreign": False}
    line = json.dumps({"id": "0" * 16, "do": "append", "events": [event]}).encode()
    with connected(host) as sock:
        answers = [said(sock, line) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["count"] == 1
    assert len(host.store.read()) == 1


def test_half_a_line_of_one_who_died_is_nobody_else_s(host: Host, remote: RemoteEventStore) -> None:
    for half in (b'{"id": "00', b"\n7 ", b"9" * 50):
        with connected(host) as sock:
            sock.sendall(half)
        assert remote.append(new_event("opened")) == 1
    host.new_machine(b'3 {"id": "00')
    at_once = RemoteEventStore(host.socket, deadline_s=5)  # without a second try
    assert at_once.append(new_event("opened")) == 1
    at_once.close()
    # And over a stream alone, without the bridge between.
    near, far = socket.socketpair()
    server = threading.Thread(target=serve_events, args=(far, host.store))
    server.start()
    with far, near:
        near.sendall(b'{"id": "00')
        event = new_event("opened").as_json() | {"is_foreign": False}
        line = json.dumps({"id": "1" * 16, "do": "append", "events": [event]}).encode()
        near.sendall(b"\n" + line + b"\n")
        received = b""
        while b'"count"' not in received:
            received += near.recv(4096)
        near.shutdown(socket.SHUT_RDWR)
        server.join(10)
    assert len(host.store.read()) == 5


def test_nobody_there_is_a_deadline_with_the_last_state(tmp_path: Path) -> None:
    store = RemoteEventStore(tmp_path / "none", deadline_s=0.3)
    with pytest.raises(TimedOut, match="No such file"):
        store.read()
    listener = listen(tmp_path / "deaf")
    with listener, pytest.raises(TimedOut, match=r"no answer|timed out"):
        RemoteEventStore(tmp_path / "deaf", deadline_s=0.3).append(new_event("opened"))


def test_an_answer_to_another_question_is_not_taken(tmp_path: Path) -> None:
    def answer(listener: socket.socket) -> None:
        with listener.accept()[0] as sock, sock.makefile("rwb") as lines:
            while (line := lines.readline()) == b"\n":
                pass
            right = json.dumps({"id": json.loads(line)["id"], "count": 1})
            late = json.dumps({"id": "0" * 16, "count": 7})
            lines.write(f"\n{late}\n\n{right}\n".encode())

    store = RemoteEventStore(tmp_path / "events")
    with listen(tmp_path / "events") as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        assert store.append(new_event("opened")) == 1
        thread.join(10)
    store.close()
