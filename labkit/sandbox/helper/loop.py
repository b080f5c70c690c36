"""The helper's loop: answer requests, tell ends, go when the session goes.

Started by ``labkit.sandbox.client``. Ends when the session says so, when the session's process ends
(its pidfd), or when its end of the socket is closed; kills its sandboxes, removes their cgroups,
and undoes the journal when nobody else is left to do so.

Sources: poll(2), pidfd_open(2), signal(7), wait4(2), prctl(2) (PR_SET_CHILD_SUBREAPER).
"""

from __future__ import annotations

import errno
import gc
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from labkit.core import journal, linux
from labkit.sandbox import cgroups
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import entering, launch, limiting, wire
from labkit.sandbox.helper.attempt import Refused, close, has_ended_within, remove_groups
from labkit.sandbox.helper.launch import Child
from labkit.sandbox.helper.look import look, open_netlink
from labkit.sandbox.helper.networks import Networks

_JOURNAL_BYTES = 64 * 1024
"""Growth after which the journal is written anew without what has gone."""

_LAST_WAIT_S = 5.0
"""At the end: how long killed sandboxes may take. The session waits 10 s for the helper."""

_OWNER_S = 1.0
"""A process that is killed closes its sockets a moment before its pidfd says that it has ended."""


class Helper:
    """The state of one helper: what runs, where its end is told, where groups can be made.

    Args:
        sock: the socket to the session.
        folder: the session's folder.
        owner: a pidfd of the session's process.
        place: where its networks lie; see ``labkit.sandbox.helper.apart``.
    """

    def __init__(self, sock: socket.socket, folder: str, owner: int, place: str) -> None:
        self.sock, self.folder, self.owner = sock, folder, owner
        self.journal = journal.open_journal(folder)
        self.journal_limit = _JOURNAL_BYTES
        self.places = cgroups.find_places()
        self.networks = Networks(folder, self._note, place)
        self.children: dict[int, Child] = {}
        self.is_dismissed = False
        self.poll = select.poll()

    def serve(self) -> None:
        """Answers until the session has gone."""
        wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake[1])
        signal.signal(signal.SIGCHLD, _ignore)
        sock = self.sock.fileno()
        for fd in (sock, self.owner, wake[0]):
            self.poll.register(fd, select.POLLIN)
        while not self.is_dismissed:
            ready = {fd for fd, _ in self.poll.poll()}
            if wake[0] in ready:
                os.read(wake[0], 4096)
                self.reap()
            if self.owner in ready:
                return
            self._end_abandoned(ready)
            if sock in ready:
                request, fds = wire.receive(self.sock)
                if request is None:
                    return
                self.answer(request, fds)

    def answer(self, request: wire.Message, fds: list[int]) -> None:
        """Does what one request asks and sends the reply."""
        passed: list[int] = []
        try:
            reply = getattr(self, f"do_{request['op']}")(request, fds, passed)
        except Refused as error:
            reply = {"error": error.report}
        except Exception as error:  # whatever it is, the other sandboxes go on
            number = getattr(error, "errno", None) or 0
            reply = {"error": {"step": f"{request['op']}: {error!r}", "errno": number}}
        for fd in fds:
            os.close(fd)
        try:
            wire.send(self.sock, {**reply, "id": request["id"]}, passed)
        except OSError:
            pass  # the session has gone; the loop will see it
        for fd in passed:
            os.close(fd)

    def do_hello(self, request: wire.Message, *_: Any) -> wire.Message:
        """Where cgroups can be made."""
        self._find(request["controllers"])
        return {"places": {name: list(place) for name, place in self.places.items()}}

    def do_bye(self, *_: Any) -> wire.Message:
        """The session ends in good order, and clears up itself once this process has ended."""
        self.is_dismissed = True
        return {}

    def do_start(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Makes a sandbox. Descriptors: stdin, stdout, stderr, status."""
        if any(child.is_first and child.name == request["name"] for child in self._all()):
            raise Refused("name", errno.EEXIST)
        self._forget_the_past()
        _need_four(fds)
        places = self._find(request["controllers"])
        child = launch.start(request, fds, places, self.journal, self.networks)
        return self._started(child, fds, passed)

    def do_exec(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Starts a further command in the sandbox whose PID 1 is ``pid``."""
        target = self.children.get(request["pid"])
        if target is None:
            raise Refused("ended", errno.ESRCH)
        _need_four(fds)
        return self._started(entering.enter(request, fds, target, self.places), fds, passed)

    def do_join(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Starts a command in namespaces of the process ``pid``, which may be anybody's."""
        _need_four(fds)
        return self._started(entering.join(request, fds), fds, passed)

    def do_signal(self, request: wire.Message, *_: Any) -> wire.Message:
        """Sends a signal to a process that this helper started."""
        child = self.children.get(request["pid"])
        if child:
            signal.pidfd_send_signal(child.pidfd, request["signal"])
        return {"sent": child is not None}

    def do_network(self, request: wire.Message, *_: Any) -> wire.Message:
        """Makes a network."""
        name, subnets, is_nat = request["name"], request["subnets"], request["nat"]
        network = self.networks.make(name, subnets, is_nat=is_nat)
        return {"bridge": network.bridge, "gateway": network.gateway, "prefix": network.prefix}

    def do_close_network(self, request: wire.Message, *_: Any) -> wire.Message:
        """Takes a network away that no sandbox is on."""
        self.networks.remove(request["name"])
        return {}

    def do_netlink(self, request: wire.Message, fds: list[int], passed: list[int]) -> wire.Message:
        """Opens netlink sockets in the network namespace of a process, or of a file (a descriptor).

        Passes: one for links and routes, one for packet rules.
        """
        passed += open_netlink(request["pid"], fds)
        return {}

    def do_look(self, request: wire.Message, *_: Any) -> wire.Message:
        """Facts of any process, from inside its namespaces."""
        return look(request["pid"])

    def do_limit(self, request: wire.Message, *_: Any) -> wire.Message:
        """Changes limits of the sandbox whose PID 1 is ``pid``."""
        child = self.children.get(request["pid"])
        if child is None:
            raise Refused("ended", errno.ESRCH)
        places = self._find(request["controllers"])
        child = limiting.extend(child, request["controllers"], places, self.journal)
        self.children[child.pid] = child
        limiting.change(child, request["writes"])
        return {}

    def do_groups(self, request: wire.Message, *_: Any) -> wire.Message:
        """Makes groups that belong to no sandbox; they go with the session."""
        limiting.make(request["folders"], request["session"], self.journal)
        return {}

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
        """Kills what runs and waits for it, though not for what hangs in the kernel."""
        for child in self._all():
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        deadline = time.monotonic() + _LAST_WAIT_S
        while self.children and (left := deadline - time.monotonic()) > 0:
            ends = select.poll()
            for child in self._all():
                ends.register(child.pidfd, select.POLLIN)
            ends.poll(left * 1000)
            self.reap()  # a PID 1 ends only after all of its namespace have been collected
        _end_strays(lambda pid: pid not in self.children)
        self.reap()
        self.networks.close()

    def is_orphan(self) -> bool:
        """Whether the session's process has ended: then nobody else clears up after it."""
        return not self.is_dismissed and has_ended_within(self.owner, _OWNER_S)

    def _find(self, extra: Iterable[str]) -> dict[str, Place]:
        """The places of the controllers that every sandbox has groups of, and of ``extra`` ones."""
        if missing := [name for name in extra if name not in self.places]:
            self.places |= cgroups.find_places(names=missing, beside=self.places)
        return {name: self.places[name] for name in (*cgroups.CONTROLLERS, *extra)}

    def _all(self) -> list[Child]:
        return list(self.children.values())

    def _started(self, child: Child, fds: list[int], passed: list[int]) -> wire.Message:
        child = child._replace(status_fd=fds.pop(3))
        self.children[child.pid] = child
        self.poll.register(child.status_fd, 0)  # POLLERR, when nobody can read it, always comes
        if child.terminal_fd >= 0:
            passed.append(child.terminal_fd)
        address = child.entry["address"] if child.entry else ""
        return {"pid": child.pid, "groups": child.groups, "address": address}

    def _end_abandoned(self, ready: set[int]) -> None:
        """Ends commands whose end nobody waits for: the request was interrupted halfway."""
        for child in self._all():
            if child.status_fd in ready:
                self.poll.unregister(child.status_fd)
                signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)

    def _ended(self, child: Child, status: int, usage: Any) -> None:
        oom = cgroups.oom_kills(child.groups) > child.oom_kills
        if child.namespaces:
            _end_strays(lambda pid: launch.own_namespaces(pid) == child.namespaces)
        if child.is_first:
            remove_groups(child.groups)
        if child.plug:
            child.plug.release()
        for fd in (child.upper_fd, *child.layers):
            close(fd)
        report = {
            "exit_code": os.waitstatus_to_exitcode(status),
            "wall_s": time.monotonic() - child.started,
            "user_s": usage.ru_utime,
            "system_s": usage.ru_stime,
            "is_oom_killed": oom,
        }
        try:
            self.poll.unregister(child.status_fd)
        except KeyError:
            pass  # it was abandoned
        try:
            os.write(child.status_fd, json.dumps(report).encode())
        except BrokenPipeError:
            pass  # nobody asks any more
        os.close(child.status_fd)
        os.close(child.pidfd)

    def _note(self, entry: journal.Entry) -> None:
        journal.append(self.journal, **entry)

    def _forget_the_past(self) -> None:
        """Keeps the journal from growing with every sandbox of a long session."""
        if os.fstat(self.journal).st_size < self.journal_limit:
            return
        kept = [entry for entry in journal.read_journal(self.folder) if _is_group(entry)]
        kept += self.networks.entries()
        kept += [child.entry for child in self._all() if child.entry]
        try:
            journal.replace(self.folder, kept)
        except OSError:
            return  # a full disk: the long one does as well
        os.close(self.journal)
        self.journal = journal.open_journal(self.folder)
        self.journal_limit = os.fstat(self.journal).st_size + _JOURNAL_BYTES


def main(sock_fd: int, lock_fd: int, folder: str, owner_pid: int, place: str) -> None:
    """Runs the helper on an inherited socket until its session ends."""
    for fd in (sock_fd, lock_fd):  # inherited, so far, by every child as well
        os.set_inheritable(fd, False)
    linux.prctl(linux.PR_SET_CHILD_SUBREAPER, 1)
    if os.geteuid() == 0:
        # Nobody traces a process that shares this memory until it executes: a sandbox of root's
        # without a user namespace of its own could. (An ordinary user's lacks the capabilities.)
        linux.prctl(linux.PR_SET_DUMPABLE, 0)
    _stay_for_the_session()
    os.umask(0o022)
    try:
        owner = os.pidfd_open(owner_pid)
    except ProcessLookupError:
        _undo(folder)
        return
    helper = Helper(socket.socket(fileno=sock_fd), folder, owner, place)
    gc.freeze()  # a collection in a child would copy every page it looks at
    try:
        helper.serve()
    finally:
        helper.close()
        if helper.is_orphan():
            _undo(folder)


def _undo(folder: str) -> None:
    from pathlib import Path

    from labkit.core.session import undo

    undo(Path(folder))


def _stay_for_the_session() -> None:
    """Hears no signal meant for the terminal or for a pipe; the sandboxes start with none ignored.

    A handler, not SIG_IGN: exec(2) takes handlers away, and passes on what is ignored.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, _ignore)


def _ignore(*_: object) -> None:
    pass


def _need_four(fds: list[int]) -> None:
    if len(fds) != 4:
        raise Refused("receive an open file", errno.EMFILE)


def _is_group(entry: journal.Entry) -> bool:
    return entry["kind"] == "cgroup" and os.path.isdir(entry["path"])


def _end_strays(is_meant: Callable[[int], bool]) -> None:
    """Kills children that outlived their parents (we are the next to inherit them), and theirs."""
    deadline = time.monotonic() + _LAST_WAIT_S
    has_found = True
    while has_found and time.monotonic() < deadline:
        has_found = False
        for pid in filter(is_meant, _child_pids()):
            pidfd = os.pidfd_open(pid)
            if not has_ended_within(pidfd, 0):
                has_found = True
                os.kill(pid, signal.SIGKILL)
                has_ended_within(pidfd, max(0.0, deadline - time.monotonic()))
            os.close(pidfd)


def _child_pids() -> list[int]:
    """Our children; none where the kernel does not list them (CONFIG_PROC_CHILDREN)."""
    try:
        return [int(pid) for pid in linux.read("/proc/thread-self/children").split()]
    except OSError:
        return []
