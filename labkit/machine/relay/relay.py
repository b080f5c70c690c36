"""The relay's loop: what comes in on one side goes out on the other, as long as the machine lives.

Three times: the machine is made ready (what clients ask waits), it is joined (its kernel has not
yet said that we hear it), it is carried for. The heartbeat is the relay's own: it can say no more
than that the kernel's process lives, and that the machine tells, at once and by name.

Source: "Messaging in Jupyter" (jupyter_client's documentation), JEP 65 (``iopub_welcome``).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

import zmq

from labkit.core.errors import LabkitError
from labkit.machine.relay.connection import Connection
from labkit.machine.relay.ending import Ending, machine_ended, no_machine
from labkit.machine.relay.machine import Machine, Maker
from labkit.machine.relay.messages import Signer, read_message
from labkit.machine.relay.preparing import Preparing
from labkit.machine.relay.requests import OpenRequests
from labkit.machine.relay.signals import Signals
from labkit.machine.relay.sockets import Back, Front, Socket
from labkit.machine.relay.voice import Voice

_LAST_MESSAGES_S = 0.3
"""What a kernel said last is still on its way when its end is known already."""

_ALL_LAST_MESSAGES_S = 10.0
"""So long for all of them; some may be large."""

_HEAD = 8
"""The frames before a message's buffers: two idents at most, mark, signature, four parts."""

_LONGEST_READ = 64 << 10
"""A frame longer than this is not looked at: headers and states are some hundred bytes."""

_WELCOME_S = 5.0
"""An ipykernel before version 7 says no welcome: after this we take it that it hears us."""

_REASON_S = 1.0
"""A connection is cut a little before the machine says why it ended."""

_CLOCK_S = 1.0
"""A machine whose host was suspended this long has its clock set."""

_TURN_MS = 1000
"""The longest that the loop waits: the host's suspension and Jupyter's end have no descriptor."""

_PARENT = "JPY_PARENT_PID"
"""Set by Jupyter for its kernels: they end with it."""

_PROGRESS_S = 1.0
"""How often a step that takes its time is told about. Before this, nothing is: it is ready soon."""


class _Over(Exception):
    """The loop is over. ``code`` is the process's; ``ending`` is what clients are told."""

    def __init__(self, code: int, ending: Ending | None = None) -> None:
        self.code, self.ending = code, ending


class Relay:
    """A kernel's stand-in.

    Args:
        connection: what Jupyter's connection file says.
        front: what Jupyter connects to.
        maker: where the machine comes from.
    """

    def __init__(self, connection: Connection, front: Front, maker: Maker) -> None:
        self._connection, self._front, self._maker = connection, front, maker
        self._signer = Signer(connection.key.encode(), connection.signature_scheme)
        self._voice = Voice(front, self._signer)
        self._signals = Signals((signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
        self._open = OpenRequests()
        self._held: list[tuple[str, list[bytes]]] | None = []
        self._was_shut_down = False
        self._machine: Machine | None = None
        self._back: Back | None = None
        self._suspended_s = _suspended_s()
        self._parent = os.getppid() if _PARENT in os.environ else 0
        self._told, self._told_at = "", time.monotonic()
        self._poller = zmq.Poller()
        self._does: dict[object, Callable[[], None]] = {}

    def run(self) -> int:
        """Stands in until machine or kernel have ended; the exit code of this process."""
        try:
            self._prepare()
            self._join()
            while True:
                self._turn()
        except _Over as over:
            if over.ending:
                _note(over.ending.text)
                self._voice.end(over.ending, self._open)
            return over.code
        finally:
            if self._machine:
                self._machine.end()
            if self._back:
                self._back.close()

    # -- before the machine ------------------------------------------------------------------------

    def _prepare(self) -> None:
        # First, and so first in each turn: an interrupt is for what ran before what is asked now.
        self._on(self._signals.fileno(), self._hear_signals)
        for name, socket in self._front.sockets.items():
            self._on(socket, partial(self._from_client, name, socket))
        self._voice.starting()
        preparing = Preparing(self._maker)
        self._on(preparing.fileno(), partial(self._tell_progress, preparing))
        while not preparing.is_done:
            self._turn()
        self._off(preparing.fileno())
        if preparing.error:
            raise _Over(1, no_machine(preparing.error))

    def _tell_progress(self, preparing: Preparing) -> None:
        step = preparing.read()
        if step is None or step.share >= 1:
            return
        is_new = bool(self._told) and step.what != self._told
        if is_new or time.monotonic() > self._told_at + _PROGRESS_S:
            self._told, self._told_at = step.what, time.monotonic()
            _note(f"Preparing the machine: {step.what} … {step.share:.0%}")
            self._voice.starting()

    def _join(self) -> None:
        try:
            self._machine = machine = self._maker.start()
            machine.begin(self._connection.told_to_kernel())
        except LabkitError as error:
            raise _Over(1, no_machine(error)) from error
        self._on(machine.fileno(), self._hear_machine)
        self._back = back = Back(zmq.Context.instance(), machine.channel)
        for name, socket in back.sockets.items():
            self._on(socket, partial(self._from_machine, name, socket))
        for monitor in back.monitors:
            self._on(monitor, partial(self._was_cut, monitor))
        deadline = time.monotonic() + _WELCOME_S
        while self._held is not None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                self._release()
            else:
                self._turn(int(left_s * 1000) + 1)

    def _release(self) -> None:
        """What clients asked before the machine was there goes in, in its order."""
        held, self._held = self._held or [], None
        for name, frames in held:
            self._into_machine(name, frames)

    # -- the loop ----------------------------------------------------------------------------------

    def _on(self, what: Socket | int, do: Callable[[], None]) -> None:
        self._poller.register(what, zmq.POLLIN)
        self._does[what] = do

    def _off(self, what: Socket | int) -> None:
        self._poller.unregister(what)
        del self._does[what]

    def _turn(self, longest_ms: int = _TURN_MS) -> None:
        for what, _ in self._poller.poll(min(longest_ms, _TURN_MS)):
            self._does[what]()
        if self._parent and os.getppid() != self._parent:
            raise _Over(1)  # Jupyter has gone, whatever ended it
        if self._machine and abs((now := _suspended_s()) - self._suspended_s) > _CLOCK_S:
            self._suspended_s = now
            self._machine.set_clock()

    def _from_client(self, name: str, socket: Socket) -> None:
        frames = socket.recv_multipart()
        if name == "hb":
            socket.send_multipart(frames)
        elif name == "iopub":
            self._voice.welcome(frames)
        else:
            if name != "stdin":
                self._note_request(name, frames)
            self._into_machine(name, frames)

    def _note_request(self, name: str, frames: list[bytes]) -> None:
        message = read_message(frames)
        if message is None or not self._signer.is_genuine(message):
            return  # the kernel, too, will not hear it
        self._open.ask(name, message)
        if message.kind == "shutdown_request":
            self._was_shut_down = True
            if self._held is not None:
                self._voice.shut_down(message, name)
                raise _Over(0)

    def _into_machine(self, name: str, frames: list[bytes]) -> None:
        if self._held is not None:
            self._held.append((name, frames))
        elif self._back:
            self._back.sockets[name].send_multipart(frames)

    def _from_machine(self, name: str, socket: Socket) -> None:
        frames = socket.recv_multipart(copy=False)
        message = read_message([_small(frame) for frame in frames[:_HEAD]])
        if name == "iopub" and message:
            if message.kind == "iopub_welcome":
                self._release()
                return
            self._open.publish(message)
        elif name != "stdin" and message:
            self._open.reply(message)
        try:
            self._front.sockets[name].send_multipart(frames, zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return  # whoever asked has gone

    # -- the end -----------------------------------------------------------------------------------

    def _hear_signals(self) -> None:
        numbers = self._signals.read()
        if ends := numbers - {signal.SIGINT}:
            raise _Over(128 + min(ends))
        if numbers and self._machine:
            self._machine.interrupt()

    def _hear_machine(self) -> None:
        assert self._machine
        if why := self._machine.ended():
            self._end(why)

    def _was_cut(self, monitor: Socket) -> None:
        """A connection into the machine has gone; waits for the reason, which comes another way."""
        assert self._machine
        monitor.recv_multipart()
        deadline = time.monotonic() + _REASON_S
        while not (why := self._machine.ended()) and time.monotonic() < deadline:
            time.sleep(0.01)
        self._end(why or "the connection to its Python was cut")

    def _end(self, why: str) -> None:
        """Passes the last messages on, and leaves the loop."""
        assert self._back
        sockets = {socket: name for name, socket in self._back.sockets.items()}
        for socket in sockets:
            self._off(socket)
        poller = zmq.Poller()
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        deadline = time.monotonic() + _ALL_LAST_MESSAGES_S
        while (ready := poller.poll(int(_LAST_MESSAGES_S * 1000))) and time.monotonic() < deadline:
            for socket, _ in ready:
                self._from_machine(sockets[socket], socket)
        raise _Over(0) if self._was_shut_down else _Over(1, machine_ended(why))


def _small(frame: zmq.Frame) -> bytes:
    return frame.bytes if len(frame) <= _LONGEST_READ else b""


def _suspended_s() -> float:
    """How long this machine has been suspended since its start."""
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    return boot - time.clock_gettime(time.CLOCK_MONOTONIC)


def _note(text: str) -> None:
    """To the log of whoever started this."""
    sys.stderr.write(f"[labkit] {text}\n")
    sys.stderr.flush()
