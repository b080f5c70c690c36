"""The host's end of the events: whatever a machine says, the learner's file is safe."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
from labkit.grading.messages import LINE_LIMIT
from labkit.grading.remote import RemoteEventStore
from labkit.grading.service import BURST, _Service, serve_events
from tests.grading.event_host import Host, connected, said


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


GOOD = new_event("opened", topic="t").as_json() | {"is_foreign": False}
ID = "ab" * 8


@pytest.mark.parametrize(
    "request_",
    [
        {}, {"id": ID}, {"id": "x", "do": "read"}, {"id": ID, "do": "drop"}, {"id": 5}, [], 7, "x",
        {"id": ID, "do": "append", "events": "x"}, {"id": ID, "do": "append", "events": [GOOD, 5]},
        {"id": ID, "do": "append", "events": [GOOD | {"kind": "other"}]},
        {"id": ID, "do": "append", "events": [GOOD | {"path": "/etc"}]},
        {"id": ID, "do": "append", "events": [GOOD | {"data": {"x": 1}}]},
        {"id": ID, "do": "append", "events": [GOOD | {"is_foreign": 1}]},
        {"id": ID, "do": "append", "events": [GOOD | {"topic": "\x1b[2J"}]},
        {"id": ID, "do": "append", "events": [GOOD], "more": 1},
        {"id": ID, "do": "append_first", "event": None},
        {"id": ID, "do": "read", "kind": "nope", "task": "", "start": 0},
        {"id": ID, "do": "read", "kind": "", "task": "'; --", "start": 0},
        {"id": ID, "do": "read", "kind": "", "task": "", "start": True},
        {"id": ID, "do": "read", "kind": ["seed"], "task": "", "start": 0},
        {"id": ID, "do": "read", "kind": "\ud800", "task": "", "start": 0},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error_and_writes_nothing(
    host: Host, remote: RemoteEventStore, request_: object
) -> None:
    twice = json.dumps({"id": ID, "do": "append", "events": [GOOD]}).encode()
    twice = twice.replace(b'"do":', b'"do": "read", "do":')
    with connected(host) as sock:
        assert said(sock, json.dumps(request_).encode())["error"]["type"] == "BadInput"  # type: ignore[index]
        for line in (b"{", b"\xff\xfe", b"[" * 100_000, b'{"id":NaN}', b"1" * 5000, b"\0", twice):
            assert said(sock, line)["error"]["type"] == "BadInput"  # type: ignore[index]
    assert host.store.read() == []
    assert remote.append(new_event("opened")) == 1


def test_a_line_without_end_costs_no_memory_and_only_its_sender(
    host: Host, remote: RemoteEventStore
) -> None:
    with connected(host) as sock, pytest.raises(OSError):
        for _ in range(200):
            sock.sendall(b"x" * LINE_LIMIT)
    assert remote.append(new_event("opened")) == 1
    near, far = socket.socketpair()
    server = threading.Thread(target=serve_events, args=(far, host.store))
    server.start()
    with far, near:
        for _ in range(20):
            near.sendall(b"x" * LINE_LIMIT)
        assert b"error" in near.recv(1 << 16)  # before its end
        near.sendall(
            b'\n{"id": "%b", "do": "read", "kind": "", "task": "", "start": 0}\n' % (b"0" * 16)
        )
        received = b""
        while b'"next"' not in received:
            received += near.recv(1 << 16)
        near.shutdown(socket.SHUT_RDWR)
        server.join(10)
    assert received.count(b"error") == 0


def test_a_guest_cannot_fill_the_disk(
    host: Host, remote: RemoteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.grading.service.EVENTS_LIMIT", 10)
    remote.append(*(new_event("opened") for _ in range(8)))
    with pytest.raises(BadInput, match="grow"):
        remote.append(*(new_event("opened") for _ in range(3)))
    assert remote.append(*(new_event("opened") for _ in range(2))) == 2
    host.new_machine()  # no new purse with it
    with pytest.raises(BadInput, match="grow"):
        remote.append(new_event("opened"))
    assert len(remote.read()) == 10


def test_a_machine_writes_so_many_bytes_and_no_more(
    host: Host, remote: RemoteEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.grading.service.SIZE_LIMIT_BYTES", 2000)
    host.new_machine()
    event = new_event("opened")
    with pytest.raises(BadInput, match="grow"):
        for _ in range(20):
            remote.append(event)  # the same again is no event, but work
    assert remote.read() == [event]


def test_who_asks_without_end_waits(tmp_path: Path) -> None:
    near, far = socket.socketpair()
    store = EventStore(tmp_path / "progress.sqlite")
    server = threading.Thread(target=serve_events, args=(far, store), kwargs={"per_s": 100})
    server.start()
    with far, near:
        began = time.monotonic()
        near.sendall(b"x\n" * (BURST + 30))
        received = b""
        while received.count(b"error") < BURST + 30:
            received += near.recv(1 << 16)
        assert time.monotonic() - began >= 0.28
        near.shutdown(socket.SHUT_RDWR)
        server.join(10)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(GOOD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    do=st.sampled_from(["append", "append_first", "read", ""]),
    more=st.dictionaries(st.sampled_from(["events", "event", "kind", "task", "start"]), _JSON),
)
def test_every_request_is_answered(tmp_path: Path, do: str, more: dict[str, object]) -> None:
    store = EventStore(tmp_path / "progress.sqlite")
    answer = _Service(store).answer(json.dumps({"id": ID, "do": do, **more}).encode())
    store.close()
    assert answer["id"] == ID
    assert answer.get("error", {}).get("type", "BadInput") == "BadInput"
