"""Prepared once, resumed for every notebook: a machine whose kernel has everything imported.

A snapshot is a folder: ``state`` (the devices), ``ram`` (the memory, a sparse file that resumed
machines share and copy page by page), ``about.json`` (what it was made from, how the two looked,
what its kernel says of itself; written last, so a folder without it is no snapshot). Its name is a
digest of all that must be the same. Nothing secret is in it: keys, session ids and random state are
made after the resume.

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
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault, TimedOut
from labkit.core.paths import machines_dir
from labkit.machine.first_boot import boot_and_save
from labkit.machine.looks import Look, look_at, looks_like
from labkit.machine.qemu.command import Design
from labkit.machine.qemu.find import Program, find_accelerator, find_program, note_accelerator
from labkit.machine.qemu.process import Qemu
from labkit.machine.room import writing_in

if TYPE_CHECKING:
    from labkit.machine.layers import Layers

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far all of it is, from 0 to 1."""

SOURCE = Path(__file__).parents[1]
"""labkit, as it is imported here."""

RECIPE = 1
"""To be raised when a snapshot of before would not do any more and nothing else tells."""

ABOUT = "about.json"
"""Written last: a folder without it is no snapshot."""

_PARTS = ("ram", "state")

_LAST = "last.json"

_PACKAGES = ("site-packages", "dist-packages")
"""How the folders are called that packages are installed into."""

_QEMU_SHARE = 0.2
_LAYERS_SHARE = 0.7
"""How much of the time to prepare goes into the layers."""


class Damaged(SystemFault):
    """What machines are resumed from is not as it was made. It is made again when next needed."""


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
            Damaged: QEMU cannot read it. SystemFault: QEMU does not start.
        """
        try:
            qemu = Qemu(self.program, self.design, folder, self.folder / "ram", is_new=False)
        except SystemFault as error:
            if self.is_whole:
                raise
            raise self.discard() from error
        try:
            qemu.resume(self.folder / "state")
        except (SystemFault, OSError) as error:
            qemu.end()
            raise self.discard() from error
        except BaseException:
            qemu.end()
            raise
        return qemu

    @property
    def is_whole(self) -> bool:
        """Whether it is there as it was made; what has kept its time is believed unread."""
        noted = self._noted()
        return bool(noted) and all(looks_like(self.folder / part, noted[part]) for part in noted)

    def check(self) -> None:
        """Reads all of it: a machine that does not come to life may be a copy of damaged bytes.

        Raises:
            Damaged: they are not what they were.
        """
        noted = self._noted()
        with contextlib.suppress(OSError):
            found = {part: look_at(self.folder / part).sha256 for part in _PARTS}
            if noted and found == {part: look.sha256 for part, look in noted.items()}:
                return
        raise self.discard()

    def discard(self) -> Damaged:
        """Has it made again when it is next needed. Returns what is to be raised."""
        (self.folder / ABOUT).unlink(missing_ok=True)
        return Damaged(
            "resume the machine that was prepared",
            why=f"what is kept of it in {self.folder} is damaged",
            hint="Try again: it will be prepared anew, which takes a minute",
        )

    def kernel_info(self) -> dict[str, Any]:
        """What its kernel says of itself, the content of a ``kernel_info_reply``.

        Raises:
            Damaged: what was noted of the snapshot has gone.
        """
        try:
            return dict(self._about()["kernel_info"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self.discard() from error

    def _noted(self) -> dict[str, Look]:
        try:
            looks = self._about()["looks"]
            return {part: Look(**looks[part]) for part in _PARTS}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _about(self) -> Any:
        return json.loads((self.folder / ABOUT).read_bytes())


def prepare(progress: Progress = lambda *_: None) -> Snapshot:
    """The snapshot that fits this machine, this Python environment and this labkit; made if needed.

    Args:
        progress: is told how far it is.

    Raises:
        BadInput: the folder's name does not do.
        Blocked: something that only the user can bring is missing, such as QEMU.
        SystemFault: the machine does not boot, or cannot be saved. TimedOut: QEMU does not answer.
    """
    base = machines_dir()
    if ":" in str(base):
        raise BadInput(
            f"no machine can be prepared in {base}",
            why="programs take a colon in a folder's name for the end of it",
            hint="Set LABKIT_MACHINES to a folder without one",
        )
    with writing_in(base):
        return _prepare(base, progress)


def _prepare(base: Path, progress: Progress) -> Snapshot:
    program = _find_program(base, progress)
    if known := _known(base, program):
        return known
    from labkit.machine.layers import build, prune  # a machine that is only resumed goes without

    layers = build(base / "layers", lambda what, share: progress(what, share * _LAYERS_SHARE))
    with _one_at_a_time(base):
        try:
            snapshot = _made(base, program, layers, progress)
        except (SystemFault, TimedOut) as fault:
            if find_accelerator(program, base) != "tcg":
                # A guest of one instruction ran, and a whole Linux does not: nested machines.
                note_accelerator(program, base, "tcg")
            snapshot = _made(
                base, program, layers, partial(_again, progress), first_fault=str(fault)
            )
        prune(base / "layers", layers.paths)
    _remember(base, snapshot)
    progress("ready", 1.0)
    return snapshot


def _made(
    base: Path, program: Program, layers: Layers, progress: Progress, first_fault: str = ""
) -> Snapshot:
    """The snapshot of these layers, made if it is not there whole; it keeps what failed before."""
    accelerator = find_accelerator(program, base)
    design = Design(layers.kernel, layers.initramfs, layers.disks, accelerator)
    folder = base / "snapshots" / _digest(program, design, layers)
    snapshot = Snapshot(folder, program, design)
    if not snapshot.is_whole:
        is_damaged = folder.exists()
        what = "it starts anew, for what was kept is damaged" if is_damaged else "it starts"
        progress(what, _LAYERS_SHARE)
        _make(snapshot, lambda share: progress(what, _share_of_boot(share)), first_fault)
        _remove_others(folder)
    return snapshot


def _find_program(base: Path, progress: Progress) -> Program:
    """The QEMU that is installed; where there is none that will do, one of Debian's, unpacked."""
    try:
        return find_program()
    except Blocked as reason:
        from labkit.machine.layers import qemu_from_packages

        try:
            fetched = qemu_from_packages(
                base / "layers", lambda what, share: progress(what, share * _QEMU_SHARE)
            )
        except LabkitError as error:
            raise Blocked(
                reason.what,
                why=f"{reason.why}, and Debian's cannot be had: {error.why or error.what}",
                hint=f"{reason.hint}. Or, without it: {error.hint}",
                capability=reason.capability,
            ) from error
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
    parts = [str(RECIPE), program.identity, accelerator, *times, *_looks_of_source()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _share_of_boot(share: float) -> float:
    return _LAYERS_SHARE + (1 - _LAYERS_SHARE) * share


def _again(progress: Progress, what: str, share: float) -> None:
    progress(f"{what}, at the second try", share)


def _make(snapshot: Snapshot, beat: Callable[[float], None], first_fault: str = "") -> None:
    folder = snapshot.folder
    kernel_info = boot_and_save(snapshot.program, snapshot.design, folder, beat)
    about = {
        "made": time.time(),
        "qemu": snapshot.program.version,
        "recipe": RECIPE,
        "kernel_info": kernel_info,
        "first_fault": first_fault,
        "looks": {name: asdict(look_at(folder / name)) for name in _PARTS},
    }
    with writing_in(folder):
        (folder / ABOUT).write_text(json.dumps(about))


def _digest(program: Program, design: Design, layers: Layers) -> str:
    parts = [str(RECIPE), program.identity, layers.digest, *design.arguments()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _looks_of_source() -> list[str]:
    """What tells, without reading it, that labkit itself has changed."""
    found = []
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            path = Path(folder, name)
            about = path.stat()
            found.append(f"{path.relative_to(SOURCE)} {about.st_size} {about.st_mtime_ns}")
    return found


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
