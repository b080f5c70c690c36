"""The relay's loop: what comes in on one side goes out on the other, as long as the machine lives.

Source: "Messaging in Jupyter" (jupyter_client's documentation): what a client waits for.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from types import FrameType
from typing import Any, Protocol

import zmq

from labkit.core.errors import LabkitError
from labkit.machine.relay.messages import DELIMITER, Request, Signer, read_parent, read_request
from labkit.machine.relay.sockets import REQUESTS, Back, Front

_LAST_MESSAGES_S = 0.3
"""What a kernel said last is still on its way when its end is known already."""

_CLOCK_S = 1.0
"""A machine whose host was suspended this long has its clock set."""

_WHAT_NEXT = (
    "A fresh one comes with the kernel's restart. Your files and your progress are kept; "
    "variables and sandboxes are gone.\n"
)

Event = dict[str, Any]


class Machine(Protocol):
    """What a relay needs of a machine."""

    def fileno(self) -> int:
        """Can be read when there are events."""

    def events(self) -> list[Event]:
        """What has happened; raises LabkitError when the machine has ended."""

    def signal(self, number: int) -> None:
        """Sends a signal to the kernel."""

    def set_clock(self) -> None:
        """Sets the machine's clock."""

    def why_ended(self) -> str:
        """What it ended of."""


class Relay:
    """A kernel's stand-in.

    Args:
        front: what Jupyter has connected to.
        signer: writes messages in the kernel's name.
    """

    def __init__(self, front: Front, signer: Signer) -> None:
        self.front, self.signer = front, signer
        self.open: dict[str, Request] = {}
        self._is_ending = False
        """A client has asked for the end."""
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._signals: list[int] = []
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note)

    def run(self, machine: Machine, back: Back) -> int:
        """Carries messages until machine or kernel have ended; the exit code of this process."""
        poller = zmq.Poller()
        fronts = {socket: name for name, socket in self.front.sockets.items()}
        backs = {socket: name for name, socket in back.sockets.items()}
        for what in (*fronts, *backs, machine.fileno(), self._wake):
            poller.register(what, zmq.POLLIN)
        slept = _suspended_s()
        while True:
            ready = dict(poller.poll(1000))
            for socket, name in backs.items():
                if socket in ready:
                    self._from_machine(name, socket)
            for socket, name in fronts.items():
                if socket in ready:
                    self._from_client(name, socket, back)
            if self._wake in ready:
                os.read(self._wake, 4096)
            if self._hear_signals(machine):
                return 0
            if abs((now := _suspended_s()) - slept) > _CLOCK_S:
                slept = now
                machine.set_clock()
            if machine.fileno() in ready:
                ended = self._hear(machine)
                if ended is not None:
                    self._last_messages(poller, backs)
                    return self._end(ended)

    def refuse(self, why: str) -> None:
        """Answers what Jupyter has asked so far: there will be no machine."""
        for name in ("shell", "control"):
            socket = self.front.sockets[name]
            while socket.poll(100):
                request = read_request(name, socket.recv_multipart())
                if request:
                    self.open[request.header["msg_id"]] = request
        self._answer_open(why, f"{why}\n")

    # -- messages ---------------------------------------------------------------------------------

    def _from_client(self, name: str, socket: zmq.Socket[bytes], back: Back) -> None:
        frames = socket.recv_multipart()
        if name == "hb":
            socket.send_multipart(frames)  # while this lives, so does the machine
        elif name == "iopub":
            self._welcome(frames[0])
        else:
            request = read_request(name, frames)
            if request and name in ("shell", "control"):
                self.open[request.header["msg_id"]] = request
                self._is_ending |= request.kind == "shutdown_request"
            back.sockets[name].send_multipart(frames)

    def _from_machine(self, name: str, socket: zmq.Socket[bytes]) -> None:
        frames = socket.recv_multipart()
        if name == "iopub":
            if not frames[0].startswith(b"iopub_welcome"):
                with contextlib.suppress(zmq.Again):
                    self.front.sockets["iopub"].send_multipart(frames)
            return
        if name in ("shell", "control"):
            self.open.pop(read_parent(frames), None)
        with contextlib.suppress(zmq.Again):  # whoever asked has gone
            self.front.sockets[name].send_multipart(frames)

    def _welcome(self, frame: bytes) -> None:
        """Tells a client that from now on it hears everything."""
        if frame[:1] == b"\x01":
            topic = frame[1:]
            content = {"subscription": topic.decode(errors="replace")}
            self._publish("iopub_welcome", content, None, topic or b"iopub_welcome")

    def _publish(
        self, kind: str, content: dict[str, Any], parent: Request | None, topic: bytes = b""
    ) -> None:
        to = [topic or f"kernel.labkit.{kind}".encode()]
        header = parent.header if parent else None
        frames = self.signer.frames(kind, content, header, to)
        self.front.sockets["iopub"].send_multipart(frames)

    # -- the end ----------------------------------------------------------------------------------

    def _hear(self, machine: Machine) -> str | None:
        """Reads what the machine tells; why it or its kernel has ended, None while both live."""
        try:
            for event in machine.events():
                if event.get("event") == "kernel":
                    return _why_kernel_ended(event)
        except LabkitError:
            return machine.why_ended()
        return None

    def _last_messages(self, poller: zmq.Poller, backs: dict[zmq.Socket[bytes], str]) -> None:
        deadline = time.monotonic() + _LAST_MESSAGES_S
        while (left_s := deadline - time.monotonic()) > 0:
            ready = dict(poller.poll(int(left_s * 1000)))
            found = [socket for socket in backs if socket in ready]
            if not found:
                return
            for socket in found:
                self._from_machine(backs[socket], socket)

    def _end(self, why: str) -> int:
        """Answers what is open, and gives this process's exit code."""
        if self._is_ending:
            return 0
        self._answer_open(why, f"The machine of this notebook has ended: {why}.\n{_WHAT_NEXT}")
        return 1

    def _answer_open(self, why: str, text: str) -> None:
        """An error for every request that nobody will answer any more."""
        for request in self.open.values():
            if request.kind == "execute_request":
                self._publish("stream", {"name": "stderr", "text": text}, request)
                break
        error = {"status": "error", "ename": "MachineEnded", "evalue": why, "traceback": []}
        for request in self.open.values():
            reply = request.kind.replace("_request", "_reply")
            content = {**error, "execution_count": 0} if reply == "execute_reply" else error
            frames = self.signer.frames(reply, content, request.header, request.idents)
            with contextlib.suppress(zmq.Again):
                self.front.sockets[request.channel].send_multipart(frames)
            self._publish("status", {"execution_state": "idle"}, request)
        self.open.clear()

    def _hear_signals(self, machine: Machine) -> bool:
        """Passes an interrupt on; says whether this process is to end."""
        numbers, self._signals = self._signals, []
        if signal.SIGINT in numbers:
            machine.signal(signal.SIGINT)
        return bool(set(numbers) - {signal.SIGINT})

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(number)


def _why_kernel_ended(event: Event) -> str:
    code, kills = event.get("status"), event.get("oom_kills")
    if code == -signal.SIGKILL and kills:
        return "it had used up its memory, and the Python in it was killed"
    if isinstance(code, int) and code < 0:
        return f"its Python was killed by {signal.Signals(-code).name}"
    return f"its Python ended with exit code {code}"


def _suspended_s() -> float:
    """How long this machine has been suspended since its start."""
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot - time.clock_gettime(time.CLOCK_MONOTONIC)


__all__ = ["DELIMITER", "REQUESTS", "Machine", "Relay"]
