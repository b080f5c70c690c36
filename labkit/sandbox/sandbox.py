"""``Sandbox``: a container from scratch, as an object.

    >>> from labkit.sandbox import Sandbox
    >>> Sandbox(limits={"memory.max": "64M", "pids.max": 20}).run(["hostname"])  # doctest: +SKIP
    Result(exit_code=0, stdout='box-1f00ba\\n')

Knows nothing about notebooks and checks. The helper (``labkit.sandbox.helper``) makes the system
calls; what it makes ends with this process, however that ends.
"""

from __future__ import annotations

import errno
import os
import signal
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from labkit.core.errors import BadInput, SystemFault, TimedOut
from labkit.sandbox import spec as parse
from labkit.sandbox.client import Client, Refusal, client
from labkit.sandbox.command import Command, Pipes, Result
from labkit.sandbox.identity import IdMapChoice, parse_id_map
from labkit.sandbox.limits import limiting, parse_limit, parse_limits
from labkit.sandbox.log import new_log
from labkit.sandbox.namesake import check_name, end_namesake
from labkit.sandbox.refusal import explain, not_running
from labkit.sandbox.request import of_a_command, of_a_start
from labkit.sandbox.roots import find_root
from labkit.sandbox.spec import ALL, CAPABILITIES, Spec
from labkit.sandbox.table import handles
from labkit.sandbox.terminal import Terminal

if TYPE_CHECKING:
    from labkit.image import Image
    from labkit.sandbox.facts import Limit
    from labkit.sandbox.network.bridge import Network
    from labkit.sandbox.seccomp import Profile

WAIT = ("sleep", "2147483647")
"""What a sandbox runs when it only has to be there. The number suits every ``sleep``."""


class Sandbox:
    """A process in a box of its own: what it sees, what it may use, what it may do.

    Args:
        rootfs: an image's reference, an :class:`~labkit.image.Image`, or a folder; the base image
            when not given. It is never written to: writes go to a layer above it that ends with
            the sandbox.
        name: its name, unique among your running sandboxes; a new one when not given.
        hostname: the name when not given.
        namespaces: the kinds to make anew, by their names in ``/proc/PID/ns``.
        limits: by their cgroup v2 names: ``memory.max`` (``"64M"``), ``cpu.max`` (``"50%"``), all
            in ``labkit.sandbox.limits.NAMES``.
        volumes: folders of the host and where they are mounted: ``{"data": "/data"}``;
            ``"/data:ro"`` for read-only.
        env: environment variables, beside PATH, HOME, HOSTNAME and those of the image.
        cwd: the folder where commands start; that of the image, or ``/``.
        capabilities: what root inside may do (capabilities(7)); None keeps everything. The default
            set has CAP_NET_RAW, for ping, on a network only.
        network: an open network to plug it into: it gets an address, and the names of the others
            there in ``/etc/hosts``. Alone when not given, with the loopback interface.
        seccomp: the filter of system calls: ``"default"``, a :class:`~labkit.sandbox.Profile`, or
            None for none. ``"auto"`` is the default one where filters can be had, and none for a
            sandbox that keeps every capability.
        clocks: how far its clocks are ahead of the host's, ``{"boottime": "+7d"}``; makes a time
            namespace.
        id_map: which ids of the host are behind its own, ``{0: range(100000, 165536)}``, or
            ``"subids"`` for those of /etc/subuid; without, root keeps all, and anyone else is root.

    Raises:
        BadInput: an argument that cannot be meant.
        Blocked: on start, when this machine or user may not do it.
    """

    def __init__(
        self,
        rootfs: str | Path | Image | None = None,
        *,
        name: str | None = None,
        hostname: str | None = None,
        namespaces: Iterable[str] = ALL,
        limits: Mapping[str, str | int] | None = None,
        volumes: Mapping[str | Path, str] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        capabilities: Iterable[str] | None = CAPABILITIES,
        network: Network | None = None,
        seccomp: Profile | str | None = "auto",
        clocks: Mapping[str, str | float] | None = None,
        id_map: IdMapChoice | None = None,
    ) -> None:
        root = find_root(rootfs)
        kinds = parse.parse_namespaces([*namespaces, "time"] if clocks else namespaces)
        self.name = parse.parse_name(name)
        self._has_given_name = name is not None
        self._network = parse.parse_network(network, kinds)
        self.spec = Spec(
            name=self.name,
            hostname=parse.parse_hostname(hostname, self.name),
            namespaces=kinds,
            limits=parse_limits({} if limits is None else limits),
            volumes=parse.parse_volumes(volumes or {}),
            env={**root.env, **parse.parse_env(env or {})},
            cwd=parse.parse_cwd(cwd or root.working_dir),
            capabilities=parse.parse_capabilities(
                capabilities, kinds, is_on_a_network=bool(network)
            ),
            layers=root.layers,
            clocks=parse.parse_clocks(clocks or {}),
            id_map=parse_id_map(id_map, kinds),
            seccomp=parse.parse_seccomp(seccomp, is_privileged=capabilities is None),
            image=root.reference,
            default_argv=root.command,
            network=network.name if network else "",
        )
        self._first: Command | None = None
        self._address = ""
        self._owner_pid = 0
        self._log: Path | None = None

    # -- the sandbox ------------------------------------------------------------------------------

    def start(self, argv: Sequence[str] | None = None, *, replace: bool = False) -> Self:
        """Starts the sandbox around a command, which becomes its PID 1, and returns at once.

        Args:
            argv: the command; the image's own, or one that waits, when not given.
            replace: end a sandbox of this name that this session runs, so that a cell can be run
                twice (as ``podman run --replace`` does).
        """
        if replace:
            end_namesake(self.name)
        if self.is_running:
            raise BadInput(f"sandbox {self.name!r} runs already", hint="Stop it first: box.stop()")
        words = parse.parse_argv(argv or self.spec.default_argv or WAIT)
        log = self._open_log()
        try:
            with open(os.devnull, "rb") as nothing:  # noqa: PTH123
                first, _ = self._launch("start", words, [nothing.fileno(), log, log])
        finally:
            os.close(log)
        self._first, self._owner_pid = first, os.getpid()
        return self

    def run(
        self,
        argv: Sequence[str],
        *,
        input: str | bytes | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Starts the sandbox around a command, waits for its end, and returns what came of it.

        Args:
            argv: the command; it is PID 1.
            input: what it reads from standard input; nothing when not given.
            timeout_s: deadline in seconds; the sandbox is ended when it passes.

        Raises:
            TimedOut: the deadline passed.
        """
        if self.is_running:
            return self.exec(argv, input=input, timeout_s=timeout_s)
        return self._communicate("start", argv, input, timeout_s)

    def exec(
        self,
        argv: Sequence[str],
        *,
        input: str | bytes | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Runs a further command in the running sandbox: same namespaces, cgroup and root."""
        self._running()
        return self._communicate("exec", argv, input, timeout_s)

    def terminal(self, argv: Sequence[str] = ("sh",)) -> Terminal:
        """Starts a command of the running sandbox on a terminal (pty) of its own."""
        self._running()
        words = parse.parse_argv(argv)
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            fds = [nothing.fileno()] * 3
            command, received = self._launch("exec", words, fds, is_on_terminal=True)
        if not received:
            raise SystemFault("receive the terminal", errno=errno.EMFILE)
        return Terminal(received[0], command)

    def stop(self, timeout_s: float = 2.0) -> None:
        """Asks PID 1 to end (SIGTERM), and kills it when it has not after ``timeout_s`` seconds.

        A PID 1 that installed no handler never hears SIGTERM (pid_namespaces(7)): it is killed
        at once. A sandbox that does not run is left as it is.
        """
        if not self.is_running:
            return
        if handles(self.pid, signal.SIGTERM):
            self._send(signal.SIGTERM)
            try:
                self.wait(timeout_s)
            except TimedOut:
                self.kill()
        else:
            self.kill()

    def kill(self) -> None:
        """Kills PID 1 (SIGKILL), and with it every process of its PID namespace."""
        if self.is_running:
            self._send(signal.SIGKILL)
            self.wait(timeout_s=10)

    def signal(self, number: int) -> None:
        """Sends a signal to PID 1."""
        self._running()
        self._send(parse.parse_signal(number))

    def wait(self, timeout_s: float | None = None) -> int:
        """Waits for the end of PID 1 and returns its exit code."""
        return int(self._started().wait(timeout_s)["exit_code"])

    def logs(self) -> str:
        """What PID 1 has written to standard output and standard error since the start."""
        try:
            return self._log.read_text(errors="replace") if self._log else ""
        except FileNotFoundError:  # the session has ended
            return ""

    def wait_for_log(self, text: str, timeout_s: float = 5.0) -> str:
        """Waits until PID 1 has written a line with ``text`` in it, and returns that line.

        Raises:
            TimedOut: it has not, or it has ended before.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            is_running, lines = self.is_running, self.logs().splitlines(keepends=True)
            for line in lines:
                if text in line and line.endswith("\n"):
                    return line.strip()
            if not is_running or time.monotonic() > deadline:
                raise TimedOut(
                    f"a line with {text!r} in the log of {self.name!r}",
                    after_s=timeout_s,
                    last_seen="".join(lines[-5:]) or "nothing written",
                )
            time.sleep(0.01)

    def set_limit(self, name: str, value: str | int) -> None:
        """Changes a limit of the running sandbox: ``box.set_limit("memory.max", "32M")``.

        Raises :class:`Blocked` when it cannot be had, :class:`SystemFault` when more is in use.
        """
        pid, parsed = self.pid, parse_limit(name, value)
        self._ask("limit", {"pid": pid, **limiting({name: parsed}, self._helper().places)})
        self.spec = replace(self.spec, limits={**self.spec.limits, name: parsed})

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits of the running sandbox, and what it uses now."""
        from labkit.sandbox.observe import limits_of

        return limits_of(self)

    @property
    def is_running(self) -> bool:
        """Whether PID 1 runs."""
        return self._first is not None and not self._started().has_ended

    @property
    def pid(self) -> int:
        """PID of the sandbox's PID 1, as the host sees it."""
        return self._running().pid

    @property
    def address(self) -> str:
        """Its address on its network, such as ``10.7.0.2``; empty without one."""
        self._running()
        return self._address

    def __enter__(self) -> Self:
        return self if self.is_running else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def __repr__(self) -> str:
        is_ours = self._owner_pid in (0, os.getpid())
        state = "running" if is_ours and self.is_running else "not running"
        return f"<Sandbox {self.name}: {state}>"

    # -- requests to the helper -------------------------------------------------------------------

    def _communicate(
        self, op: str, argv: Sequence[str], text: str | bytes | None, timeout_s: float | None
    ) -> Result:
        words = parse.parse_argv(argv)
        data = text.encode() if isinstance(text, str) else bytes(text or b"")
        pipes = Pipes()
        try:
            command, _ = self._launch(op, words, pipes.theirs)
            pipes.close_theirs()
        except BaseException:
            pipes.close()
            raise
        try:
            return command.communicate(data, pipes, timeout_s)
        except BaseException:  # a deadline, or an interrupt from the keyboard
            self._send(signal.SIGKILL, command)
            command.wait(timeout_s=10)
            raise

    def _launch(
        self, op: str, argv: list[str], stdio: Sequence[int], *, is_on_terminal: bool = False
    ) -> tuple[Command, list[int]]:
        """Starts a command; whatever goes wrong, it is ended when nobody holds its status pipe."""
        try:
            status = os.pipe()
        except OSError as error:
            raise SystemFault("open a pipe to the command", errno=error.errno or 0) from error
        try:
            message = self._message(op, argv, is_on_terminal)
            reply, received = self._ask(op, message, [*stdio, status[1]])
        except BaseException:
            os.close(status[0])
            raise
        finally:
            os.close(status[1])
        if op == "start":
            self._address = reply["address"]
        return Command(reply["pid"], status[0]), received

    def _message(self, op: str, argv: list[str], is_on_terminal: bool) -> dict[str, Any]:
        message = of_a_command(self.spec, argv, is_on_terminal=is_on_terminal)
        if op == "exec":
            return {**message, "pid": self.pid}
        helper = self._helper()
        return {**message, **of_a_start(self.spec, helper.session, helper.places)}

    def _helper(self) -> Client:
        """The helper that starts it: that of its network, if it is to be on one."""
        return self._network.client if self._network else client()

    def _ask(
        self, op: str, message: dict[str, Any], fds: Sequence[int] = ()
    ) -> tuple[dict[str, Any], list[int]]:
        helper = self._helper()
        if op == "start" and self._has_given_name:
            check_name(self.name)
        try:
            return helper.ask({"op": op, **message}, fds)
        except Refusal as refusal:
            if self._network and (error := self._network.error_of(refusal, self.name)):
                raise error from None
            raise explain(refusal, self.spec, message.get("argv", [""])[0]) from None

    def _send(self, number: int, command: Command | None = None) -> None:
        """A signal to a command of the sandbox, PID 1 unless said; nothing when it has ended."""
        pid = (command or self._started()).pid
        self._ask("signal", {"pid": pid, "signal": int(number)})

    def _open_log(self) -> int:
        """A file for what PID 1 writes; it stays as long as this object does."""
        log, fd = new_log(self._helper().session.folder, self.name)
        if self._log:
            self._log.unlink(missing_ok=True)
        self._log = log
        weakref.finalize(self, log.unlink, missing_ok=True)
        return fd

    def _started(self) -> Command:
        """PID 1's command. Raises when there is none, or it is another process's to wait for."""
        if self._first is None:
            raise not_running(self.name, "it has not been started")
        if self._owner_pid != os.getpid():
            raise SystemFault(
                f"use sandbox {self.name!r}",
                why=f"it belongs to process {self._owner_pid}, and this is a fork of that",
                hint="Start a sandbox of its own in the new process",
            )
        return self._first

    def _running(self) -> Command:
        first = self._started()
        if report := first.poll():
            cause = " (killed: out of memory)" if report["is_oom_killed"] else ""
            ended = f"its PID 1 ended with exit code {report['exit_code']}{cause}"
            raise not_running(self.name, ended)
        return first
