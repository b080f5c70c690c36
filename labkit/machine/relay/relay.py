"""The relay's loop: what comes in on one side goes out on the other, as long as the machine lives.

Three times: the machine is made ready (what clients ask waits), it is joined (its kernel has not
yet said that we hear it), it is carried for. Where there is no machine to be had, whoever asks is
told why, as long as Jupyter wants. The heartbeat is the relay's own: it can say no more
than that the kernel's process lives, and that the machine tells, at once and by name.

Source: "Messaging in Jupyter" (jupyter_client's documentation), JEP 65 (``iopub_welcome``).
"""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import NoReturn

import zmq

from labkit.core.errors import LabkitError
from labkit.machine.relay.clock import Clock
from labkit.machine.relay.connection import Connection
from labkit.machine.relay.ending import Ending, machine_ended, machine_reset, no_machine
from labkit.machine.relay.introduction import guess_kernel_info
from labkit.machine.relay.log import ProgressLog, note
from labkit.machine.relay.machine import RESET, Machine, Maker, Unready
from labkit.machine.relay.messages import Content, Message, Signer, read_message
from labkit.machine.relay.preparing import Preparing, Step
from labkit.machine.relay.requests import OpenRequests
from labkit.machine.relay.signals import Signals
from labkit.machine.relay.sockets import Back, Front, Socket
from labkit.machine.relay.voice import Voice

AGAIN = -1
"""No exit code: the machine is to be followed by a fresh one."""

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

_TURN_MS = 1000
"""The longest that the loop waits: a jump of the clock and Jupyter's end have no descriptor."""

_PARENT = "JPY_PARENT_PID"
"""Set by Jupyter for its kernels: they end with it."""


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
        self._refusal: Ending | None = None
        self._introduction: Content | None = None
        self._was_introduced = False
        self._machine: Machine | None = None
        self._back: Back | None = None
        self._inside: list[Socket | int] = []
        self._clock = Clock()
        self._parent = os.getppid() if _PARENT in os.environ else 0
        self._log = ProgressLog()
        self._poller = zmq.Poller()
        self._does: dict[object, Callable[[], None]] = {}

    def run(self) -> int:
        """Stands in until machine or kernel have ended.

        Returns:
            The exit code of this process, or :data:`AGAIN`.
        """
        try:
            self._listen()
            self._begin()
            while True:
                self._turn()
        except _Over as over:
            if over.ending:
                note(over.ending.text)
                self._voice.end(over.ending, self._open)
            return over.code
        finally:
            self._throw_away()
            self._signals.close()

    def _throw_away(self) -> None:
        while self._inside:
            self._off(self._inside.pop())
        machine, back, self._machine, self._back = self._machine, self._back, None, None
        if machine:
            machine.end()
        if back:
            back.close()

    # -- before the machine ------------------------------------------------------------------------

    def _listen(self) -> None:
        # First, and so first in each turn: an interrupt is for what ran before what is asked now.
        self._on(self._signals.fileno(), self._hear_signals)
        for name, socket in self._front.sockets.items():
            self._on(socket, partial(self._from_client, name, socket))
        self._voice.starting()

    def _begin(self) -> None:
        try:
            try:
                self._prepare()
                self._join()
            except Unready as error:
                note(f"{error.what}: {error.why}. It is prepared anew.")
                self._throw_away()
                self._prepare()
                self._join()
        except _Over:
            raise
        except Exception as error:
            if not isinstance(error, LabkitError):
                traceback.print_exc()
            self._throw_away()
            self._refuse(no_machine(error))

    def _prepare(self) -> None:
        preparing = Preparing(self._maker)
        self._on(preparing.fileno(), preparing.read)
        while not preparing.is_done:
            self._turn()
            self._tell_progress(preparing.step)
        self._off(preparing.fileno())
        preparing.close()
        if preparing.error:
            raise preparing.error
        self._introduce(self._maker.kernel_info())

    def _tell_progress(self, step: Step) -> None:
        """Says what is done when it takes long; from then on clients may connect, and see it."""
        if not self._log.tell(step):
            return
        self._voice.preparing(step.what, step.share)
        if not self._introduction:
            self._introduce(guess_kernel_info())

    def _introduce(self, content: Content) -> None:
        """From now on who asks what kernel this will be is told so at once, and can go on."""
        self._introduction = content
        held, self._held = self._held or [], []
        for name, frames in held:
            self._ask(name, frames)

    def _join(self) -> None:
        self._machine = machine = self._maker.start()
        self._back = back = Back(zmq.Context.instance(), machine.channel)
        machine.begin(self._connection.told_to_kernel(self._signer.session))
        self._on(machine.fileno(), lambda: None)
        self._inside = [machine.fileno()]
        while not machine.has_begun():
            self._turn()
        hears: dict[Socket | int, Callable[[], None]] = {machine.fileno(): self._hear_machine}
        hears |= {s: partial(self._from_machine, name, s) for name, s in back.sockets.items()}
        hears |= {monitor: partial(self._was_cut, monitor) for monitor in back.monitors}
        for what, do in hears.items():
            self._on(what, do)
        self._inside = list(hears)
        deadline = time.monotonic() + _WELCOME_S
        while self._held is not None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                self._release()
            else:
                self._turn(int(left_s * 1000) + 1)

    def _refuse(self, ending: Ending) -> NoReturn:
        """Says why there is no machine, to whoever asks, until Jupyter ends or restarts this.

        A kernel that ended would be started again and again, and nobody would read what it said.
        """
        note(ending.text)
        self._refusal, self._held = ending, []
        if not self._open.running():
            self._voice.announce(ending)
        self._voice.refuse(ending, self._open)
        self._voice.waiting(is_refused=True)
        while True:
            self._turn()

    def _release(self) -> None:
        """What clients asked before the machine was there goes in, in its order."""
        held, self._held = self._held or [], None
        if self._log.has_begun:
            self._voice.ready()
        elif not held and not self._was_introduced:
            self._voice.waiting()
        for name, frames in held:
            self._into_machine(name, frames)

    # -- the loop ----------------------------------------------------------------------------------

    def _on(self, what: Socket | int, do: Callable[[], None]) -> None:
        self._poller.register(what, zmq.POLLIN)
        self._does[what] = do

    def _off(self, what: Socket | int) -> None:
        if self._does.pop(what, None):
            self._poller.unregister(what)

    def _turn(self, longest_ms: int = _TURN_MS) -> None:
        for what, _ in self._poller.poll(min(longest_ms, _TURN_MS)):
            self._does[what]()
        if self._parent and os.getppid() != self._parent:
            raise _Over(1)  # Jupyter has gone, whatever ended it
        if self._clock.has_jumped() and self._machine:
            self._machine.set_clock()
        if self._machine and self._open.running() and (text := self._machine.silence()):
            self._warn(text)

    def _from_client(self, name: str, socket: Socket) -> None:
        frames = socket.recv_multipart()
        if name == "hb":
            socket.send_multipart(frames)
        elif name == "iopub":
            self._voice.welcome(frames)
        else:
            self._ask(name, frames)

    def _ask(self, name: str, frames: list[bytes]) -> None:
        """A client's request: noted, and passed on, unless it has to be answered here."""
        message = None if name == "stdin" else read_message(frames)
        if message and self._signer.is_genuine(message):  # else the kernel, too, will not hear it
            self._open.ask(name, message)
            if message.kind == "shutdown_request":
                self._shut_down(name, message)
            elif self._refusal:
                self._voice.refuse(self._refusal, self._open)
            elif message.kind == "kernel_info_request" and self._is_awaited():
                self._voice.introduce(message, name, self._introduction or {})
                self._was_introduced = True
                self._open.forget(message)
                return
        self._into_machine(name, frames)

    def _is_awaited(self) -> bool:
        """Whether the machine is still to come, and what its kernel will be is known."""
        return self._introduction is not None and self._held is not None

    def _shut_down(self, name: str, message: Message) -> None:
        self._was_shut_down = True
        if self._held is not None:
            self._voice.shut_down(message, name)
            raise _Over(0)

    def _into_machine(self, name: str, frames: list[bytes]) -> None:
        if self._held is not None:
            if not self._refusal:
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
            if _says_that_it_starts(message):
                return  # clients have heard that long ago, and that it is idle
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
            self._hear_machine()

    def _hear_machine(self) -> None:
        assert self._machine
        for text in self._machine.notices():
            self._warn(text)
        if why := self._machine.ended():
            self._end(why)

    def _warn(self, text: str) -> None:
        note(text)
        self._voice.warn(text, self._open)

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
        if self._was_shut_down:
            raise _Over(0)
        raise _Over(AGAIN, machine_reset()) if why == RESET else _Over(1, machine_ended(why))


def _small(frame: zmq.Frame) -> bytes:
    return frame.bytes if len(frame) <= _LONGEST_READ else b""


def _says_that_it_starts(message: Message) -> bool:
    return message.kind == "status" and message.content().get("execution_state") == "starting"
