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
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import Blocked, LabkitError, SystemFault
from labkit.core.paths import machines_dir
from labkit.machine.agent import Agent
from labkit.machine.files import Export, serve
from labkit.machine.layers import Layers, build, prune, qemu_from_packages
from labkit.machine.qemu.command import Design
from labkit.machine.qemu.find import Program, find_accelerator, find_program
from labkit.machine.qemu.process import Qemu

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far all of it is, from 0 to 1."""

RECIPE = 1
"""To be raised when a snapshot of before would not do any more and nothing else tells."""

_BOOT_S = 120.0
"""Emulated on a busy machine; 10 s on an idle one."""

ROOM_BYTES = 400 << 20
"""What a snapshot takes, with a margin: the memory that a machine has touched at its start."""

ABOUT = "about.json"
"""Written last: a folder without it is no snapshot."""

_LAST = "last.json"

_PACKAGES = ("site-packages", "dist-packages")
"""How the folders are called that packages are installed into."""

_QEMU_SHARE = 0.2
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
        qemu = Qemu(self.program, self.design, folder, self.folder / "ram", is_new=False)
        try:
            qemu.resume(self.folder / "state")
        except SystemFault:
            qemu.end()
            (self.folder / ABOUT).unlink(missing_ok=True)  # damaged: it is made again
            raise
        except BaseException:
            qemu.end()
            raise
        return qemu

    @property
    def is_whole(self) -> bool:
        """Whether it can be resumed, as far as is known."""
        return (self.folder / ABOUT).exists()


def prepare(progress: Progress = lambda *_: None) -> Snapshot:
    """The snapshot that fits this machine, this Python environment and this labkit; made if needed.

    Args:
        progress: is told how far it is.

    Raises:
        Blocked: something that only the user can bring is missing, such as QEMU.
        SystemFault: the machine does not boot, or cannot be saved.
    """
    base = machines_dir()
    program = _find_program(base, progress)
    if known := _known(base, program):
        return known
    layers = build(base / "layers", lambda what, share: progress(what, share * _LAYERS_SHARE))
    accelerator = find_accelerator(program, base)
    disks = (layers.system, layers.python)
    design = Design(layers.kernel, layers.initramfs, disks, accelerator)
    folder = base / "snapshots" / _digest(program, design, layers)
    snapshot = Snapshot(folder, program, design)
    with _one_at_a_time(base):
        if not snapshot.is_whole:
            progress("starting the machine for the first time", _LAYERS_SHARE)
            _make(snapshot, progress)
            _remove_others(folder)
            prune(base / "layers", layers.paths)
    _remember(base, snapshot)
    progress("ready", 1.0)
    return snapshot


def _find_program(base: Path, progress: Progress) -> Program:
    """The QEMU that is installed; where there is none that will do, one of Debian's, unpacked."""
    try:
        return find_program()
    except Blocked as reason:
        try:
            fetched = qemu_from_packages(
                base / "layers", lambda what, share: progress(what, share * _QEMU_SHARE)
            )
        except LabkitError as error:
            raise reason from error
        return find_program([str(fetched)])


def _known(base: Path, program: Program) -> Snapshot | None:
    """The snapshot of last time, when nothing that it is made of has changed since."""
    try:
        last = json.loads((base / _LAST).read_bytes())
        if last["state"] != _state(program, find_accelerator(program, base)):
            return None
        paths = [Path(path) for path in last["paths"]]
        if [path.stat().st_size for path in paths] != last["sizes"]:
            return None
        kernel, initramfs, *disks = paths
        design = Design(kernel, initramfs, tuple(disks), last["accelerator"])
        snapshot = Snapshot(base / "snapshots" / last["name"], program, design)
        return snapshot if snapshot.is_whole else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remember(base: Path, snapshot: Snapshot) -> None:
    design = snapshot.design
    paths = [design.kernel, design.initramfs, *design.disks]
    last = {
        "state": _state(snapshot.program, design.accelerator),
        "name": snapshot.folder.name,
        "accelerator": design.accelerator,
        "paths": [str(path) for path in paths],
        "sizes": [path.stat().st_size for path in paths],
    }
    temporary = base / f"{_LAST}.{os.getpid()}"
    temporary.write_text(json.dumps(last))
    temporary.rename(base / _LAST)


def _state(program: Program, accelerator: str) -> str:
    """What tells, within a few milliseconds, that a snapshot might not fit any more.

    The folders that packages are installed into have another time after each installation.
    """
    folders = [Path(path) for path in sys.path if path.endswith(_PACKAGES)]
    times = [f"{path} {path.stat().st_mtime_ns}" for path in folders if path.is_dir()]
    parts = [str(RECIPE), program.identity, accelerator, _source_digest(), *times]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _make(snapshot: Snapshot, progress: Progress) -> None:
    with contextlib.ExitStack() as stack:
        try:
            shutil.rmtree(snapshot.folder, ignore_errors=True)
            snapshot.folder.mkdir(parents=True, mode=0o700)
            _require_room(snapshot.folder)
            ram = snapshot.folder / "ram"
            ram.touch(mode=0o600)
            work = snapshot.folder / "work"
            empty = work / "course"
            empty.mkdir(parents=True)
            qemu = Qemu(snapshot.program, snapshot.design, work, ram, is_new=True)
            stack.callback(qemu.end)
            with _served(qemu, {"course": Export(empty), "labkit": Export(SOURCE, True)}):
                qemu.boot()
                _wait_until_ready(qemu, progress)
                qemu.save(snapshot.folder / "state")
            shutil.rmtree(work)
            about = {"made": time.time(), "qemu": snapshot.program.version, "recipe": RECIPE}
            (snapshot.folder / ABOUT).write_text(json.dumps(about))
        except OSError as error:
            raise SystemFault(
                "prepare the machine for the notebooks",
                why=f"{snapshot.folder}: {error.strerror}",
                hint="Set LABKIT_MACHINES to a folder that you can write, with 1 GB of room",
            ) from error


def _require_room(folder: Path) -> None:
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    if free < ROOM_BYTES:
        raise Blocked(
            "the machine for the notebooks cannot be prepared",
            why=f"{free >> 20} MiB of room are left in {folder}, and it takes {ROOM_BYTES >> 20}",
            hint="Make room there, or set LABKIT_MACHINES to a folder elsewhere",
            capability="microvm",
        )


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
