"""The machines of this user's notebooks that run now, found by their doors.

Knows nothing about how a machine is started. Source: ``labkit.machine.door``.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import SystemFault
from labkit.core.session import session_folders
from labkit.machine.agent import Agent
from labkit.machine.door import NAME
from labkit.machine.unix_socket import at

_PATIENCE_S = 3.0
"""A relay answers within milliseconds; one that is stopped never does."""

_LONGEST = 65536


@dataclass(frozen=True)
class Running:
    """A machine that runs.

    Attributes:
        session: the folder of the session that owns it.
        notebook: the notebook's file; empty for a console.
        since: when it was started, ISO 8601; empty when nobody said.
        folder: where the notebook lies on this machine.
        cwd: the same folder inside.
        pid: QEMU's.
    """

    session: Path
    notebook: str
    since: str
    folder: str
    cwd: str
    pid: int

    @property
    def name(self) -> str:
        """What a person calls it."""
        return Path(self.notebook).name if self.notebook else self.folder

    def memory_bytes(self) -> int:
        """Its share of this machine's memory: what machines have in common is divided (Pss)."""
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
            if found := re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE):
                return int(found[1]) * 1024
        return 0

    @contextlib.contextmanager
    def terminal(self) -> Iterator[tuple[Agent, socket.socket]]:
        """PID 1, and the port ``terminal``, for the time of the block; what runs on it ends then.

        Raises:
            SystemFault: it has ended, or another terminal is open in it.
        """
        try:
            door, _ = _knock(self.session)
        except (OSError, ValueError) as error:
            raise _cannot_open("it has ended, or does not answer") from error
        with door:
            try:
                door.sendall(b'{"op": "open"}\n')
                line, fds, _, _ = socket.recv_fds(door, _LONGEST, 1)
            except OSError as error:
                raise _cannot_open("it does not answer") from error
            if not fds:
                raise _cannot_open(_why(line), "Close that one first: its `exit`, or Ctrl-D")
            door.settimeout(None)
            with socket.socket(fileno=fds[0]) as port:
                yield Agent(door), port


def running_machines() -> list[Running]:
    """All of this user's that answer, the oldest first."""
    found = []
    for folder, is_alive in session_folders():
        if is_alive and (folder / NAME).is_socket():
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                door, about = _knock(folder)
                door.close()
                found.append(_read(folder, about))
    return sorted(found, key=lambda one: one.since)


def _read(session: Path, about: dict[str, Any]) -> Running:
    notebook, since, folder, cwd = (
        str(about[name]) for name in ("notebook", "since", "folder", "cwd")
    )
    return Running(session, notebook, since, folder, cwd, int(about["pid"]))


def _knock(folder: Path) -> tuple[socket.socket, dict[str, Any]]:
    """A connection to the door, and what is said of the machine behind it.

    Raises:
        OSError: nobody answers. ValueError: it is not a door of ours.
    """
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.settimeout(_PATIENCE_S)
    try:
        at(folder, NAME, door.connect)
        said = b""
        while not said.endswith(b"\n"):
            data = door.recv(_LONGEST)
            if not data or len(said) > _LONGEST:
                raise ValueError("the door was closed")
            said += data
        about: dict[str, Any] = json.loads(said)
    except BaseException:
        door.close()
        raise
    return door, about


def _why(line: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(line)["why"])
    return "it has ended"


def _cannot_open(why: str, hint: str = "`labkit machine list` shows what runs") -> SystemFault:
    return SystemFault("open a terminal in the machine", why=why, hint=hint)
