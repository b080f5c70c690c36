"""What the relay says itself, in the kernel's name: welcome, status, and the words of an end."""

from __future__ import annotations

import contextlib

import zmq

from labkit.machine.relay.ending import Ending
from labkit.machine.relay.messages import Content, Message, Signer
from labkit.machine.relay.requests import OpenRequests
from labkit.machine.relay.sockets import Front


class Voice:
    """Speaks to the clients.

    Args:
        front: where they are.
        signer: of the connection.
    """

    def __init__(self, front: Front, signer: Signer) -> None:
        self._front, self._signer = front, signer

    def welcome(self, frames: list[bytes]) -> None:
        """Answers a subscription: from now on this client hears everything (JEP 65).

        Args:
            frames: what an XPUB receives: 1 or 0 (subscribed or not), and the topic.
        """
        if frames[0][:1] == b"\x01":
            topic = frames[0][1:]
            content = {"subscription": topic.decode(errors="replace")}
            said = self._signer.frames("iopub_welcome", content, None, [topic] if topic else [])
            self._send("iopub", said)

    def starting(self) -> None:
        """The kernel is on its way."""
        self._publish("status", {"execution_state": "starting"}, None)

    def shut_down(self, request: Message, channel: str) -> None:
        """Answers a ``shutdown_request`` that no kernel was there to answer."""
        content = {"status": "ok", "restart": bool(request.content().get("restart"))}
        said = self._signer.frames("shutdown_reply", content, request.header, request.idents)
        self._send(channel, said)

    def end(self, ending: Ending, open_requests: OpenRequests) -> None:
        """Settles every open request; the cell that ran shows what happened."""
        running = open_requests.running()
        if running is None:  # nobody's cell: it goes to the log of whoever listens
            self._publish("stream", {"name": "stderr", "text": f"{ending.text}\n"}, None)
        for request in open_requests:
            is_cell = request.kind == "execute_request"
            if request is running:
                self._publish("error", ending.error(), request.header)
            if request.needs_reply:
                content = ending.reply_to(request, was_waiting=is_cell and request is not running)
                said = self._signer.frames(
                    request.reply_kind, content, request.header, request.idents
                )
                self._send(request.channel, said)
            if not request.is_done:
                self._publish("status", {"execution_state": "idle"}, request.header)

    def _publish(self, kind: str, content: Content, parent: Content | None) -> None:
        topic = f"kernel.labkit.{kind}".encode()
        self._send("iopub", self._signer.frames(kind, content, parent, [topic]))

    def _send(self, channel: str, frames: list[bytes]) -> None:
        with contextlib.suppress(zmq.ZMQError):  # whoever asked has gone
            self._front.sockets[channel].send_multipart(frames, zmq.NOBLOCK)
