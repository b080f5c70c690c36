"""Embedded clusters as processes: start, stop, list.

Each has a folder with its state, its log and its kubeconfig (all 0600). The process holds a lock
in it: a cluster runs exactly as long as its lock is held, whatever became of whoever started it.
Knows nothing about what a cluster does.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.cluster.embedded.process import LOG, READY_WITHIN_S, spawn
from labkit.cluster.kubeconfig import kubeconfig_for, read_kubeconfig, yaml_library
from labkit.cluster.kubeconfig_file import add_context, remove_context
from labkit.cluster.private_file import write_private
from labkit.core.errors import BadInput, NotFound
from labkit.core.paths import runtime_dir

DEFAULT_NAME = "lab"
STOP_WITHIN_S = 10.0
NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Running:
    """An embedded cluster that runs.

    Attributes:
        name: of the cluster.
        pid: of its process.
        url: where its API is served.
        kubeconfig: a file for clients.
        context: of the cluster in that file.
        data: where its objects are kept; empty for one whose objects end with it.
        since: when it was started, RFC 3339.
        before: the context that was current in somebody's kubeconfig; it will be again.
    """

    name: str
    pid: int
    url: str
    kubeconfig: str
    context: str
    data: str
    since: str
    before: str = ""


def start(
    name: str = DEFAULT_NAME,
    *,
    kubeconfig: Path | None = None,
    data: Path | None = None,
    port: int = 0,
) -> Running:
    """Starts a cluster as a process of its own, and waits until its API answers.

    Args:
        name: of the cluster; the context is called ``labkit-NAME``.
        kubeconfig: a file that the context is added to; one of the cluster's own when not given.
        data: a folder that keeps its objects and keys from one start to the next.
        port: on loopback; 0 for any.

    Raises:
        BadInput: the name cannot be one, such a cluster runs, or the file is no kubeconfig.
        SystemFault: it did not come up, or the file cannot be written.
        TimedOut: it is not ready in time.
    """
    if not NAME.fullmatch(name):
        words = "letters, digits and hyphens, at most 40, such as lab-2"
        raise BadInput(f"{name!r} cannot be a cluster's name", hint=f"Use small {words}")
    folder = _folder(name)
    if is_running(name):
        use = f'export KUBECONFIG="$(labkit cluster kubeconfig{option(name)})"'
        raise BadInput(
            f"a cluster {name!r} runs already",
            hint=f"Use it: {use}\n  `labkit cluster stop{option(name)}` stops it; "
            "`--name` gives another one a name of its own",
        )
    _refuse_taken(data)
    _take_away(folder, _read(folder))  # of one that was killed
    folder.mkdir(mode=0o700, parents=True)
    pid, state = 0, None
    try:
        told, pid = spawn(folder, data, port, meanwhile=yaml_library)  # it takes a while to import
        state = _state(name, pid, told["url"], kubeconfig, data)
        write_private(folder / "state.json", json.dumps(asdict(state)).encode())
        _tell(state, told)
    except BaseException:
        _end(name, pid)
        _take_away(folder, None)
        raise
    return state


def _refuse_taken(data: Path | None) -> None:
    owner = data and next((one for one in running() if one.data == str(data.absolute())), None)
    if owner:
        raise BadInput(
            f"the folder {owner.data} is in use",
            why=f"the cluster {owner.name!r} keeps its objects there, and runs",
            hint=f"`labkit cluster stop{option(owner.name)}` stops it; or give another folder",
        )


def _state(name: str, pid: int, url: str, kubeconfig: Path | None, data: Path | None) -> Running:
    return Running(
        name=name,
        pid=pid,
        url=url,
        kubeconfig=str(kubeconfig.absolute() if kubeconfig else _folder(name) / "kubeconfig"),
        context=f"labkit-{name}",
        data=str(data.absolute()) if data else "",
        since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        before=read_kubeconfig(kubeconfig).current_context if kubeconfig else "",
    )


def _tell(state: Running, told: dict[str, Any]) -> None:
    """Writes the kubeconfig with which clients find the cluster."""
    config = kubeconfig_for(
        state.context,
        state.url,
        authority=told["ca"].encode(),
        certificate=told["certificate"].encode(),
        key=told["key"].encode(),
    )
    add_context(Path(state.kubeconfig), config, make_current=True, replace=True)


def option(name: str) -> str:
    """What follows a command of ``labkit cluster`` that means this cluster, for hints."""
    return "" if name == DEFAULT_NAME else f" --name {name}"


def find(name: str = DEFAULT_NAME) -> Running:
    """A cluster that runs.

    Raises:
        NotFound: none of this name does.
    """
    for one in running():
        if one.name == name:
            return one
    all_of_them = "`labkit cluster list` lists those that run"
    hint = f"`labkit cluster start{option(name)}` starts one; {all_of_them}"
    if _read(_folder(name)):
        again = f"`labkit cluster start{option(name)}` starts it again"
        hint = f"It ended without being stopped; what it said last is in {log(name)}\n  {again}"
    raise NotFound("running cluster", name, [one.name for one in running()], hint=hint)


def log(name: str) -> Path:
    """What the process of a cluster has said."""
    return _folder(name) / LOG


def why_not_ready(one: Running, timeout_s: float = 3.0) -> str:
    """Asks a cluster whether it is ready; "" if it is."""
    from labkit.cluster.readiness import why_not_ready as ask

    return ask(read_kubeconfig(Path(one.kubeconfig)).access(one.context), timeout_s)


def running() -> list[Running]:
    """All embedded clusters of this user that run, by name."""
    states = (_read(_folder(name)) for name in _names() if is_running(name))
    return [state for state in states if state is not None]


def clean() -> list[str]:
    """Takes away what clusters left that were killed; their data folders stay.

    Returns:
        Their names.
    """
    dead = [name for name in _names() if not is_running(name) and not _may_be_starting(name)]
    for name in dead:
        _take_away(_folder(name), _read(_folder(name)))
    return dead


def _may_be_starting(name: str) -> bool:
    """Whether the folder is so young that its process may not hold the lock yet."""
    return time.time() - _folder(name).stat().st_mtime < READY_WITHIN_S


def _names() -> list[str]:
    root = _root()
    return sorted(path.name for path in root.iterdir()) if root.is_dir() else []


def stop(name: str = DEFAULT_NAME) -> Running:
    """Stops a cluster. What it kept in a data folder stays.

    Returns:
        What it was.

    Raises:
        NotFound: none of this name runs.
        BadInput: it has ended, and somebody's kubeconfig that it was in cannot be read.
    """
    found = find(name)
    _end(name, found.pid)
    _take_away(_folder(name), found)
    return found


def _end(name: str, pid: int) -> None:
    """Ends a process, if it is one."""
    if not pid:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while is_running(name):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    with contextlib.suppress(ChildProcessError):  # it may be another process that started it
        os.waitpid(pid, 0)


def _take_away(folder: Path, state: Running | None) -> None:
    """Removes a cluster's own folder, and its context from a file that is somebody's."""
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # others run
        folder.parent.rmdir()
    kubeconfig = Path(state.kubeconfig) if state else None
    if state and kubeconfig and kubeconfig.parent != folder and kubeconfig.exists():
        with contextlib.suppress(NotFound):  # somebody took it out before
            remove_context(kubeconfig, state.context, then=state.before)


def is_running(name: str) -> bool:
    """Whether the process of a cluster lives."""
    try:
        descriptor = os.open(_folder(name) / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _root() -> Path:
    return runtime_dir() / "clusters"


def _folder(name: str) -> Path:
    return _root() / name


def _read(folder: Path) -> Running | None:
    try:
        return Running(**json.loads((folder / "state.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None  # it is starting, or was written by another version
