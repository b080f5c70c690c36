"""What the relay says itself, in the kernel's name: welcome, status, and the words of an end.

What a page may show of it is under ``labkit`` in the content of a message that every client knows:
``{"preparing": "making the system", "share": 0.3}``, ``{"is_ready": true}``, ``{"ended": "why"}``.
What is said before that has a mark, too, ``{"is_awaited": true}``, or ``{"is_refused": true}``
where there will be no machine: a message without one is the kernel's, and tells that it is there.
"""

from __future__ import annotations

import contextlib

import zmq

from labkit.machine.relay.ending import Ending
from labkit.machine.relay.introduction import guess_kernel_info
from labkit.machine.relay.messages import Content, Message, Signer
from labkit.machine.relay.requests import OpenRequests
from labkit.machine.relay.sockets import Front

_AWAITED: Content = {"labkit": {"is_awaited": True}}
_REFUSED: Content = {"labkit": {"is_refused": True}}


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
        self._publish("status", {"execution_state": "starting", **_AWAITED}, None)

    def waiting(self, *, is_refused: bool = False) -> None:
        """Cells may be asked, though each may only be told why there is no machine."""
        mark = _REFUSED if is_refused else {}
        self._publish("status", {"execution_state": "idle", **mark}, None)

    def preparing(self, what: str, share: float) -> None:
        """Its machine is being made. A busy kernel is one that clients may connect to."""
        told = {"preparing": what, "share": share}
        self._publish("status", {"execution_state": "busy", "labkit": told}, None)

    def ready(self) -> None:
        """Its machine has been made."""
        told = {"is_ready": True}
        self._publish("status", {"execution_state": "idle", "labkit": told}, None)

    def introduce(self, request: Message, channel: str, content: Content) -> None:
        """Answers a ``kernel_info_request`` in place of a kernel that is not there yet."""
        self._publish("status", {"execution_state": "busy", **_AWAITED}, request.header)
        said = self._signer.frames("kernel_info_reply", content, request.header, request.idents)
        self._send(channel, said)
        self._publish("status", {"execution_state": "idle", **_AWAITED}, request.header)

    def shut_down(self, request: Message, channel: str) -> None:
        """Answers a ``shutdown_request`` that no kernel was there to answer."""
        content = {"status": "ok", "restart": bool(request.content().get("restart"))}
        said = self._signer.frames("shutdown_reply", content, request.header, request.idents)
        self._send(channel, said)

    def end(self, ending: Ending, open_requests: OpenRequests) -> None:
        """Settles every open request; the cell that ran shows what happened."""
        running = open_requests.running()
        if running is None:
            self.announce(ending)
        for request in open_requests:
            is_cell = request.kind == "execute_request"
            if request is running and ending.is_wanted:
                self._publish(*_printed("stdout", ending), request.header)
            elif request is running:
                self._publish("error", ending.error(), request.header)
            if request.needs_reply:
                content = ending.reply_to(request, was_waiting=is_cell and request is not running)
                reply = self._signer.frames(
                    request.reply_kind, content, request.header, request.idents
                )
                self._send(request.channel, reply)
            if not request.is_done:
                self._publish("status", {"execution_state": "idle"}, request.header)

    def announce(self, ending: Ending) -> None:
        """Tells of an end that no cell can show, to logs and to the page of JupyterLab."""
        text, told = f"{ending.text}\n", {"ended": ending.text}
        self._publish("stream", {"name": "stderr", "text": text, "labkit": told}, None)

    def warn(self, text: str, open_requests: OpenRequests) -> None:
        """Shows a text in the cell that runs; without one it goes to the log of whoever listens."""
        running = open_requests.running()
        content = {"name": "stderr", "text": f"{text}\n"}
        self._publish("stream", content, running.header if running else None)

    def refuse(self, ending: Ending, open_requests: OpenRequests) -> None:
        """Settles every open request of a kernel that there is no machine for: each cell shows why.

        Only who asks what kernel this is gets an answer, for else no cell could be asked.
        """
        for request in open_requests.take():
            is_cell = request.kind == "execute_request"
            content = ending.reply_to(request, was_waiting=False)
            if request.kind == "kernel_info_request":
                content = guess_kernel_info(f"There is no machine: {ending.why}")
            self._publish("status", {"execution_state": "busy", **_REFUSED}, request.header)
            if is_cell:
                self._publish("error", {**ending.error(), **_REFUSED}, request.header)
            if request.needs_reply:
                said = self._signer.frames(
                    request.reply_kind, content, request.header, request.idents
                )
                self._send(request.channel, said)
            self._publish("status", {"execution_state": "idle", **_REFUSED}, request.header)

    def _publish(self, kind: str, content: Content, parent: Content | None) -> None:
        topic = f"kernel.labkit.{kind}".encode()
        self._send("iopub", self._signer.frames(kind, content, parent, [topic]))

    def _send(self, channel: str, frames: list[bytes]) -> None:
        with contextlib.suppress(zmq.ZMQError):  # whoever asked has gone
            self._front.sockets[channel].send_multipart(frames, zmq.NOBLOCK)


def _printed(stream: str, ending: Ending) -> tuple[str, Content]:
    return "stream", {"name": stream, "text": f"{ending.text}\n"}
