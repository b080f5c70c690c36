"""The helper's loop: answer requests, tell ends, go when the session goes.

Started by ``labkit.sandbox.client``. Ends when the session's process ends (its pidfd) or closes its
end of the socket; kills its sandboxes, removes their cgroups, and leaves the rest to the journal.

Sources: poll(2), pidfd_open(2), signal(7), wait4(2).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
from typing import Any

from labkit.core import journal, linux
from labkit.sandbox import cgroups
from labkit.sandbox.helper import launch, wire
from labkit.sandbox.helper.launch import Child, Refused
from labkit.sandbox.helper.look import look

_PR_SET_CHILD_SUBREAPER = 36
_JOURNAL_BYTES = 64 * 1024
"""The journal is emptied beyond this size when nothing runs: it names only what is gone."""


class Helper:
    """The state of one helper: what runs, where its end is told, where groups can be made.

    Args:
        sock: the socket to the session.
        folder: the session's folder.
        owner_pid: the process of the session.
    """

    def __init__(self, sock: socket.socket, folder: str, owner_pid: int) -> None:
        self.sock = sock
        self.owner = os.pidfd_open(owner_pid)
        self.journal = journal.open_journal(folder)
        self.places = cgroups.find_places()
        self.children: dict[int, Child] = {}

    def serve(self) -> None:
        """Answers until the session has gone."""
        wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake[1])
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        for fd in (self.sock.fileno(), self.owner, wake[0]):
            poll.register(fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if wake[0] in ready:
                os.read(wake[0], 4096)
                self.reap()
            if self.sock.fileno() in ready:
                request, fds = wire.receive(self.sock)
                if request is None:
                    return
                self.answer(request, fds)
            if self.owner in ready:
                return

    def answer(self, request: wire.Message, fds: list[int]) -> None:
        """Does what one request asks and sends the reply."""
        passed: list[int] = []
        try:
            reply = getattr(self, f"do_{request['op']}")(request, fds, passed)
        except Refused as error:
            reply = {"error": error.report}
        for fd in fds:
            os.close(fd)
        wire.send(self.sock, reply, passed)
        for fd in passed:
            os.close(fd)

    def do_hello(self, *_: Any) -> wire.Message:
        """Where cgroups can be made."""
        return {"places": {name: list(place) for name, place in self.places.items()}}

    def do_start(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Makes a sandbox. Descriptors: stdin, stdout, stderr, status."""
        if any(child.groups and child.name == request["name"] for child in self.children.values()):
            raise Refused("name", 17)
        self._forget_the_past()
        child = launch.start(request, fds, self.places, self.journal)
        return self._started(child, fds, passed)

    def do_exec(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Starts a further command in the sandbox whose PID 1 is ``pid``."""
        target = self._child(request["pid"])
        return self._started(launch.enter(request, fds, target), fds, passed)

    def do_signal(self, request: wire.Message, *_: Any) -> wire.Message:
        """Sends a signal to a process that this helper started."""
        child = self.children.get(request["pid"])
        if child:
            signal.pidfd_send_signal(child.pidfd, request["signal"])
        return {"sent": child is not None}

    def do_look(self, request: wire.Message, *_: Any) -> wire.Message:
        """Facts of any process, from inside its namespaces."""
        return look(request["pid"])

    def reap(self) -> None:
        """Collects every child that has ended."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.children:
                self._ended(self.children.pop(pid), status, usage)

    def close(self) -> None:
        """Kills what runs and waits for it."""
        for child in self.children.values():
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        while self.children:
            pid, status, usage = os.wait4(-1, 0)
            if pid in self.children:
                self._ended(self.children.pop(pid), status, usage)

    def is_orphan(self) -> bool:
        """Whether the session's process has ended: then nobody else clears up after it."""
        return bool(select.select([self.owner], [], [], 0)[0])

    def _started(self, child: Child, fds: list[int], passed: list[int]) -> wire.Message:
        self.children[child.pid] = child._replace(status_fd=os.dup(fds[3]))
        if child.terminal_fd >= 0:
            passed.append(child.terminal_fd)
        return {"pid": child.pid, "upper_fd": child.upper_fd, "groups": child.groups}

    def _ended(self, child: Child, status: int, usage: Any) -> None:
        oom = False
        if child.groups:
            self._kill_strays(child)
            memory = child.groups.get("memory", "")
            oom = bool(memory) and cgroups.was_oom_killed(self.places["memory"], memory)
            launch.remove_groups(child.groups)
        launch.close(child.upper_fd)
        report = {
            "exit_code": os.waitstatus_to_exitcode(status),
            "wall_s": time.monotonic() - child.started,
            "user_s": usage.ru_utime,
            "system_s": usage.ru_stime,
            "is_oom_killed": oom,
        }
        try:
            os.write(child.status_fd, json.dumps(report).encode())
        except BrokenPipeError:
            pass  # nobody asks any more
        os.close(child.status_fd)
        os.close(child.pidfd)

    def _kill_strays(self, child: Child) -> None:
        """Ends what a sandbox without a PID namespace of its own has left running."""
        for folder in child.groups.values():
            with open(f"{folder}/cgroup.procs") as file:
                for pid in file.read().split():
                    os.kill(int(pid), signal.SIGKILL)

    def _child(self, pid: int) -> Child:
        if pid not in self.children:
            raise Refused("it has ended", 3)
        return self.children[pid]

    def _forget_the_past(self) -> None:
        if not self.children and os.fstat(self.journal).st_size > _JOURNAL_BYTES:
            journal.forget(self.journal)


def main(sock_fd: int, folder: str, owner_pid: int) -> None:
    """Runs the helper on an inherited socket until its session ends."""
    os.set_inheritable(sock_fd, False)
    linux.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the session decides, not the terminal
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.umask(0o022)
    helper = Helper(socket.socket(fileno=sock_fd), folder, owner_pid)
    try:
        helper.serve()
    finally:
        helper.close()
        if helper.is_orphan():
            from pathlib import Path

            from labkit.core.session import undo

            undo(Path(folder))
