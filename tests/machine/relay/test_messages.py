"""What a relay reads of a message, and what it writes, is what jupyter_client reads and writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_client.session import Session

from labkit.machine.relay.messages import DELIMITER, Signer, read_message
from labkit.machine.relay.requests import OpenRequests

_KEY = b"a key"


def _frames(kind: str, content: dict[str, object] | None = None) -> list[bytes]:
    session = Session(key=_KEY)
    return [b"client", *session.serialize(session.msg(kind, content or {}))]


@pytest.mark.parametrize("scheme", ["hmac-sha256", "hmac-sha512"])
def test_jupyter_client_takes_what_is_signed_here(scheme: str) -> None:
    frames = Signer(_KEY, scheme).frames("error", {"ename": "é"}, {"msg_id": "1"}, [b"topic"])
    session = Session(key=_KEY, signature_scheme=scheme)
    idents, rest = session.feed_identities(frames)
    message = session.deserialize(rest)
    assert idents == [b"topic"]
    assert message["msg_type"] == "error"
    assert message["content"] == {"ename": "é"}
    assert message["parent_header"] == {"msg_id": "1"}


def test_what_jupyter_client_signs_is_genuine_with_the_same_key_only() -> None:
    message = read_message(_frames("execute_request"))
    assert message
    assert message.kind == "execute_request"
    assert Signer(_KEY).is_genuine(message)
    assert not Signer(b"another").is_genuine(message)


@given(st.lists(st.binary(max_size=20) | st.just(DELIMITER) | st.just(b"{}"), max_size=9))
def test_whatever_comes_is_a_message_or_none(frames: list[bytes]) -> None:
    message = read_message(frames)
    assert message is None or message.kind


@pytest.mark.parametrize("header", [b"[" * 100_000, b"3", b'"x"', b"\xff", b'{"msg_id": 1}'])
def test_a_broken_header_is_no_message(header: bytes) -> None:
    assert read_message([DELIMITER, b"", header, b"{}", b"{}", b"{}"]) is None


def test_a_request_is_open_until_its_reply_and_its_idle() -> None:
    requests, signer = OpenRequests(), Signer(_KEY)
    asked = read_message(_frames("execute_request"))
    assert asked

    def say(kind: str, **content: str) -> None:
        message = read_message(signer.frames(kind, dict(content), asked.header, []))
        assert message
        (requests.publish if kind == "status" else requests.reply)(message)

    requests.ask("shell", asked)
    assert [request.kind for request in requests] == ["execute_request"]
    say("status", execution_state="busy")
    assert requests.running() and requests.running().is_running
    say("execute_reply", status="ok")
    assert not requests.running()
    assert len(requests) == 1
    say("status", execution_state="idle")
    assert len(requests) == 0


def test_an_idle_that_overtakes_its_reply_leaves_the_reply_to_come() -> None:
    requests, signer = OpenRequests(), Signer(_KEY)
    asked = read_message(_frames("complete_request"))
    assert asked
    requests.ask("shell", asked)
    idle = read_message(signer.frames("status", {"execution_state": "idle"}, asked.header, []))
    assert idle
    requests.publish(idle)
    assert [request.needs_reply for request in requests] == [True]
