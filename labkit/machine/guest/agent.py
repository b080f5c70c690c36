"""PID 1: starts what the machine needs, then does what the host says, one JSON object a line.

The host says (``op``): ``begin`` (what is new since the snapshot), ``signal``, ``run``, ``resize``,
``hangup``, ``time``, ``ask``, ``end``. This says (``event``): ``ready`` (a snapshot may be taken),
``begun``, ``signalled``, ``kernel`` (it ended), ``started`` (a command did; what was typed before
is thrown away), ``ended`` (a command did), ``alive`` (it was asked), ``error``. When the host is
gone, the machine ends.

Source: pid_namespaces(7) and init(1) on what PID 1 owes: it collects every orphan.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
import traceback
from typing import Any

from labkit.machine.guest import services
from labkit.machine.guest.files import KEPT_S
from labkit.machine.guest.ports import Outgoing, open_port
from labkit.machine.guest.power import power_off, set_clock, stir
from labkit.machine.guest.terminal import Terminal

Message = dict[str, Any]

_CHUNK = 65536


class Agent:
    """The guest's end of the port ``agent``, and the processes that it looks after."""

    def __init__(self) -> None:
        self.fd = open_port("agent")
        self.out = Outgoing(self.fd)
        self.terminal_fd = open_port("terminal")
        self.terminal: Terminal | None = None
        self.terminal_id = 0
        self._line = bytearray()
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.kernel = services.start_kernel()

    def serve(self) -> None:
        """Does what the host says until it is gone."""
        time.sleep(2 * KEPT_S)
        self.tell("ready", kernel_info=self.kernel.info)
        while True:
            try:
                self._turn()
            except Exception:  # PID 1 goes on
                self.tell("error", text=traceback.format_exc(limit=4))

    def tell(self, event: str, **values: object) -> None:
        """Tells the host something."""
        self.out.put(json.dumps({"event": event, **values}).encode() + b"\n")

    def do_begin(self, message: Message) -> None:
        """Makes everything new that a snapshot must not hold, and lets the kernel go."""
        set_clock(message["now_ns"])
        stir(bytes.fromhex(message["seed"]))
        self.kernel.begin(message["kernel"])
        self.tell("begun")

    def do_signal(self, message: Message) -> None:
        """Sends a signal to the kernel and what it started in its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.kernel.pid, message["number"])
        self.tell("signalled")

    def do_run(self, message: Message) -> None:
        """Runs a command on the port ``terminal``."""
        if self.terminal:
            self.tell("ended", id=message["id"], status=None, why="the terminal is in use")
            return
        env = {**os.environ, **message["env"]}
        size = message["size"] and tuple(message["size"])
        self.terminal_id = message["id"]
        self._forget_typed()
        self.terminal = Terminal(message["argv"], env, message["cwd"], size, self.terminal_fd)
        self.tell("started", id=message["id"])

    def do_resize(self, message: Message) -> None:
        """Tells the terminal's new size."""
        if self.terminal:
            self.terminal.resize(message["rows"], message["columns"])

    def do_hangup(self, _: Message) -> None:
        """The host's end of the terminal has gone: what runs on it ends."""
        if self.terminal:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.terminal.pid, signal.SIGKILL)

    def do_time(self, message: Message) -> None:
        """Sets the clock: the host was suspended, and this machine with it."""
        set_clock(message["now_ns"])

    def do_ask(self, _: Message) -> None:
        """Says that it is there."""
        self.tell("alive")

    def do_end(self, _: Message) -> None:
        """Ends the machine."""
        power_off()

    def _turn(self) -> None:
        """Waits until something happens, and sees to it."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self.fd, select.POLLIN | (select.POLLOUT if self.out else 0))
        terminal = self.terminal
        if terminal:
            wanted = select.POLLIN | (select.POLLOUT if terminal.port else 0)
            poll.register(self.terminal_fd, wanted)
            wanted = 0 if terminal.is_full else select.POLLIN
            poll.register(terminal.fd, wanted | (select.POLLOUT if terminal.command else 0))
        ready = dict(poll.poll())
        if self._wake in ready:
            os.read(self._wake, _CHUNK)
        if self.fd in ready:
            self.out.flush()
            self._hear()
        if terminal and self.terminal is terminal:
            self._serve_terminal(terminal, ready)
        self._reap()

    def _serve_terminal(self, terminal: Terminal, ready: dict[int, int]) -> None:
        if self.terminal_fd in ready:
            terminal.port.flush()
            with contextlib.suppress(BlockingIOError):
                terminal.from_host(os.read(self.terminal_fd, _CHUNK))
        if terminal.fd in ready and not terminal.is_full:
            terminal.to_host()

    def _forget_typed(self) -> None:
        """What was typed for a command that has ended is not for the next one."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self.terminal_fd, _CHUNK):
                pass

    def _hear(self) -> None:
        try:
            data = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            power_off()
        *lines, rest = (bytes(self._line) + data).split(b"\n")
        self._line = bytearray(rest)
        for line in filter(None, lines):
            message = json.loads(line)
            getattr(self, f"do_{message['op']}")(message)

    def _reap(self) -> None:
        """Collects every process that has ended: PID 1 inherits all orphans."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if pid == self.kernel.pid:
                self.tell("kernel", status=code, oom_kills=self.kernel.oom_kills())
            elif self.terminal and pid == self.terminal.pid:
                self._end_terminal(code)

    def _end_terminal(self, code: int) -> None:
        terminal = self.terminal
        assert terminal
        while terminal.to_host():
            pass
        self.terminal = None
        terminal.close()
        self.tell("ended", id=self.terminal_id, status=code)
