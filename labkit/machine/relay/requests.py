"""Which requests are open: asked by a client, and not yet settled by the kernel.

A request is settled when its reply has come *and* the kernel has said that it is idle again. What
is not called a request (``comm_msg``) has no reply. Source: "Messaging in Jupyter", 5.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from labkit.machine.relay.messages import Content, Message

_SUFFIX = "_request"


@dataclass
class Request:
    """A request on its way.

    Attributes:
        channel: where it came in: ``shell`` or ``control``.
        idents: whom the reply goes to.
        header: as the client wrote it.
        kind: such as ``execute_request``.
        needs_reply: whether a reply is still to come.
        is_running: whether the kernel has said that it is at it.
        is_done: whether it has said that it is idle again; that may overtake the reply.
        execution_count: the number of the cell, once the kernel has said it.
    """

    channel: str
    idents: tuple[bytes, ...]
    header: Content
    kind: str
    needs_reply: bool
    is_running: bool = False
    is_done: bool = False
    execution_count: int = 0

    @property
    def reply_kind(self) -> str:
        """Such as ``execute_reply``."""
        return f"{self.kind.removesuffix(_SUFFIX)}_reply"


class OpenRequests:
    """The open requests of one kernel, in the order in which they were asked."""

    def __init__(self) -> None:
        self._open: dict[str, Request] = {}

    def ask(self, channel: str, message: Message) -> None:
        """A client has asked something on ``shell`` or ``control``."""
        kind = message.kind
        self._open[str(message.header["msg_id"])] = Request(
            channel, message.idents, message.header, kind, kind.endswith(_SUFFIX)
        )

    def forget(self, message: Message) -> None:
        """It has been answered, and not by the kernel."""
        self._open.pop(str(message.header["msg_id"]), None)

    def reply(self, message: Message) -> None:
        """The kernel has replied."""
        if request := self._open.get(message.parent_id):
            request.needs_reply = False
            self._settle(message.parent_id, request)

    def publish(self, message: Message) -> None:
        """The kernel has published something: what it does is read from ``status``."""
        if not (request := self._open.get(message.parent_id)):
            return
        if message.kind == "execute_input":
            request.execution_count = int(message.content().get("execution_count") or 0)
        if message.kind != "status":
            return
        state = message.content().get("execution_state")
        if state == "busy":
            request.is_running = True
        elif state == "idle":
            request.is_done = True
            self._settle(message.parent_id, request)

    def running(self) -> Request | None:
        """The cell that runs; the first that waits when the kernel has not said which."""
        cells = [one for one in self if one.kind == "execute_request" and one.needs_reply]
        return next((one for one in cells if one.is_running), cells[0] if cells else None)

    def take(self) -> list[Request]:
        """All of them; from now on they are nobody's."""
        taken, self._open = list(self), {}
        return taken

    def _settle(self, id: str, request: Request) -> None:
        if request.is_done and not request.needs_reply:
            del self._open[id]

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._open.values()))

    def __len__(self) -> int:
        return len(self._open)
