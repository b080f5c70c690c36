"""Prepared once, resumed for every notebook: a machine whose kernel has everything imported.

A snapshot is a folder: ``state`` (the devices), ``ram`` (the memory, a sparse file that resumed
machines share and copy page by page), ``about.json`` (what it was made from; written last, so a
folder without it is no snapshot). Its name is a digest of all that must be the same. Nothing
secret is in it: keys, session ids and random state are made after the resume.

Knows nothing about what the kernel does. Source: migration.rst of QEMU.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import LabkitError, SystemFault
from labkit.core.paths import data_dir
from labkit.machine.agent import Agent
from labkit.machine.files import Export, serve
from labkit.machine.layers import Layers, build
from labkit.machine.qemu.command import Design
from labkit.machine.qemu.find import Program, find_accelerator, find_program
from labkit.machine.qemu.process import Qemu

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far all of it is, from 0 to 1."""

RECIPE = 1
"""To be raised when a snapshot of before would not do any more and nothing else tells."""

_BOOT_S = 120.0
"""Emulated on a busy machine; 10 s on an idle one."""

_LAYERS_SHARE = 0.7
"""How much of the time to prepare goes into the layers."""

SOURCE = Path(__file__).parents[1]
"""labkit itself, as the machine imports it."""


@dataclass(frozen=True)
class Snapshot:
    """A machine that is ready to be resumed."""

    folder: Path
    program: Program
    design: Design

    def resume(self, folder: Path) -> Qemu:
        """Brings a copy of it to life.

        Args:
            folder: the copy's own, for its sockets and its log.

        Raises:
            SystemFault: QEMU does not start, or cannot read the snapshot.
        """
        argv = self.program.argv
        qemu = Qemu(argv, self.design, folder, self.folder / "ram", is_new=False)
        try:
            qemu.resume(self.folder / "state")
        except BaseException:
            qemu.end()
            raise
        return qemu


def machines_dir() -> Path:
    """Where layers and snapshots lie: ``$LABKIT_MACHINES``, or in the data folder."""
    if folder := os.environ.get("LABKIT_MACHINES"):
        return Path(folder)
    return data_dir() / "machine"


def prepare(progress: Progress = lambda *_: None) -> Snapshot:
    """The snapshot that fits this machine, this Python environment and this labkit; made if needed.

    Args:
        progress: is told how far it is.

    Raises:
        Blocked: something that only the user can bring is missing, such as QEMU.
        SystemFault: the machine does not boot, or cannot be saved.
    """
    program = find_program()
    base = machines_dir()
    layers = build(base / "layers", lambda what, share: progress(what, share * _LAYERS_SHARE))
    accelerator = find_accelerator(program, base)
    disks = (layers.system, layers.python)
    design = Design(layers.kernel, layers.initramfs, disks, accelerator)
    folder = base / "snapshots" / _digest(program, design, layers)
    snapshot = Snapshot(folder, program, design)
    if _is_whole(folder):
        return snapshot
    with _one_at_a_time(base):
        if not _is_whole(folder):
            progress("starting the machine for the first time", _LAYERS_SHARE)
            _make(snapshot, progress)
            _remove_others(folder)
    progress("ready", 1.0)
    return snapshot


def _make(snapshot: Snapshot, progress: Progress) -> None:
    shutil.rmtree(snapshot.folder, ignore_errors=True)
    snapshot.folder.mkdir(parents=True, mode=0o700)
    ram = snapshot.folder / "ram"
    with contextlib.ExitStack() as stack:
        try:
            ram.touch(mode=0o600)
            argv = snapshot.program.argv
            qemu = Qemu(argv, snapshot.design, snapshot.folder, ram, is_new=True)
            stack.callback(qemu.end)
            empty = snapshot.folder / "course"
            empty.mkdir()
            with _served(qemu, {"course": Export(empty), "labkit": Export(SOURCE, True)}):
                qemu.boot()
                _wait_until_ready(qemu, progress)
                qemu.save(snapshot.folder / "state")
            about = {"made": time.time(), "qemu": snapshot.program.version, "recipe": RECIPE}
            (snapshot.folder / "about.json").write_text(json.dumps(about))
        except OSError as error:
            raise SystemFault(
                "prepare the machine for the notebooks",
                why=f"{snapshot.folder}: {error.strerror}",
                hint="It needs 1 GB of room there",
            ) from error


def _wait_until_ready(qemu: Qemu, progress: Progress) -> None:
    agent, started = Agent(qemu.ends["agent"]), time.monotonic()
    beat = threading.Event()

    def count() -> None:
        while not beat.wait(0.5):
            share = min(0.99, (time.monotonic() - started) / 15)
            progress("the machine starts", _LAYERS_SHARE + (1 - _LAYERS_SHARE) * share)

    counter = threading.Thread(target=count, daemon=True)
    counter.start()
    try:
        agent.wait_for("ready", _BOOT_S)
    except LabkitError as error:
        raise SystemFault(
            "start the machine for the first time",
            why=f"{error.what}; its last words: {qemu.last_words()}",
            hint=f"All of them are in {qemu.log}",
        ) from error
    finally:
        beat.set()
        counter.join()


@contextlib.contextmanager
def _served(qemu: Qemu, exports: dict[str, Export]) -> Iterator[None]:
    """Serves folders to the machine while the block lasts."""
    sock = qemu.ends["files"]
    server = threading.Thread(target=serve, args=(sock, exports), daemon=True)
    server.start()
    yield


def _digest(program: Program, design: Design, layers: Layers) -> str:
    parts = [str(RECIPE), program.identity, layers.digest, _source_digest(), *design.arguments()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _source_digest() -> str:
    """Of labkit as the machine imports it."""
    found = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*.py")):
        found.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _is_whole(folder: Path) -> bool:
    return (folder / "about.json").exists()


@contextlib.contextmanager
def _one_at_a_time(base: Path) -> Iterator[None]:
    """Two notebooks that are opened at once prepare once."""
    base.mkdir(parents=True, exist_ok=True)
    fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _remove_others(folder: Path) -> None:
    """Takes away the snapshots that do not fit any more. Running machines keep what they have."""
    for other in folder.parent.iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
