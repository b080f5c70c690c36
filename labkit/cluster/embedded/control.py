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
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.cluster.kubeconfig import kubeconfig_for
from labkit.cluster.kubeconfig_file import add_context, remove_context
from labkit.cluster.private_file import write_private
from labkit.core.errors import BadInput, NotFound, SystemFault, TimedOut
from labkit.core.paths import runtime_dir

DEFAULT_NAME = "lab"
READY_WITHIN_S = 30.0
"""A start takes half a second; this is for a machine that is busy."""
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
    """

    name: str
    pid: int
    url: str
    kubeconfig: str
    context: str
    data: str
    since: str


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
        BadInput: the name cannot be one, or such a cluster runs.
        SystemFault: it did not come up; says what its log says.
        TimedOut: it is not ready in time.
    """
    if not NAME.fullmatch(name):
        words = "letters, digits and hyphens, at most 40, such as lab-2"
        raise BadInput(f"{name!r} cannot be a cluster's name", hint=f"Use small {words}")
    folder = _folder(name)
    if is_running(name):
        raise BadInput(
            f"a cluster {name!r} runs already",
            hint=f"`labkit cluster stop --name {name}` stops it; or give another name",
        )
    shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
    folder.mkdir(mode=0o700, parents=True)
    try:
        told, pid = _spawn(folder, data, port)
    except BaseException:
        _remove(folder)
        raise
    config = kubeconfig_for(
        f"labkit-{name}",
        told["url"],
        authority=told["ca"].encode(),
        certificate=told["certificate"].encode(),
        key=told["key"].encode(),
    )
    path = kubeconfig.absolute() if kubeconfig else folder / "kubeconfig"
    add_context(path, config, make_current=True, replace=True)
    running = Running(
        name=name,
        pid=pid,
        url=told["url"],
        kubeconfig=str(path),
        context=f"labkit-{name}",
        data=str(data.absolute()) if data else "",
        since=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    write_private(folder / "state.json", json.dumps(asdict(running)).encode())
    return running


def _spawn(folder: Path, data: Path | None, port: int) -> tuple[dict[str, Any], int]:
    reading, writing = os.pipe()
    words = [sys.executable, "-m", "labkit.cluster.embedded", str(folder)]
    words += ["--port", str(port), "--ready", str(writing)]
    words += ["--data", str(data.absolute())] if data else []
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writing],
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
    finally:
        os.close(log)
        os.close(writing)
    try:
        told = _told(reading, process, folder)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(reading)
    _let_go(process)
    return told, process.pid


def _environment() -> dict[str, str]:
    """The process finds the labkit that starts it, wherever it is started."""
    home = str(Path(__file__).parents[3])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _told(reading: int, process: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    deadline, said = time.monotonic() + READY_WITHIN_S, b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            raise TimedOut(
                "the start of the cluster",
                after_s=READY_WITHIN_S,
                last_seen=_log_end(folder),
            )
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        said += piece
    if not said:
        process.wait()
        raise SystemFault("start the cluster", why=_log_end(folder))
    found: dict[str, Any] = json.loads(said)
    return found


def _log_end(folder: Path) -> str:
    lines = (folder / "log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "its log is empty"


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """It is to outlive this process: nobody is told that nobody waited for it."""
    process.returncode = 0


def find(name: str = DEFAULT_NAME) -> Running:
    """A cluster that runs.

    Raises:
        NotFound: none of this name does.
    """
    for one in running():
        if one.name == name:
            return one
    hint = "`labkit cluster start` starts one; `labkit cluster list` lists those that run"
    raise NotFound("running cluster", name, [one.name for one in running()], hint=hint)


def running() -> list[Running]:
    """All embedded clusters of this user that run, by name; what killed ones left is removed."""
    root = _root()
    names = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    for name in names:
        if not is_running(name) and time.time() - (root / name).stat().st_mtime > READY_WITHIN_S:
            _remove(root / name)
    states = (_read(root / name) for name in names if is_running(name))
    return [state for state in states if state is not None]


def stop(name: str = DEFAULT_NAME) -> Running:
    """Stops a cluster. What it kept in a data folder stays.

    Returns:
        What it was.

    Raises:
        NotFound: none of this name runs.
        TimedOut: it does not end.
    """
    found = find(name)
    os.kill(found.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN_S
    while is_running(name):
        if time.monotonic() > deadline:
            os.kill(found.pid, signal.SIGKILL)
            break
        time.sleep(0.005)
    with contextlib.suppress(ChildProcessError):  # it may be another process that started it
        os.waitpid(found.pid, 0)
    own = _folder(name)
    kubeconfig = Path(found.kubeconfig)
    if kubeconfig.parent != own and kubeconfig.exists():
        remove_context(kubeconfig, found.context)
    _remove(own)
    return found


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):  # others run
        folder.parent.rmdir()


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
