"""The one boot of a machine: until its kernel waits for a notebook; then it is saved in a folder.

What fails leaves no folder; what the console said is kept beside it, in :data:`LAST_BOOT`.

Knows nothing about when a snapshot has to be made. Source: migration.rst of QEMU.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from labkit.core.errors import LabkitError, SystemFault
from labkit.machine.agent import Agent, Event
from labkit.machine.files import Export, serve
from labkit.machine.patience import Patience
from labkit.machine.qemu.command import Design
from labkit.machine.qemu.find import Program
from labkit.machine.qemu.process import Qemu
from labkit.machine.room import disk_is_full, is_full, require_room, writing_in

ROOM_BYTES = 400 << 20
"""What a snapshot takes, with a margin: the memory that a machine has touched at its start."""

LAST_BOOT = "last-boot.log"
"""Beside the snapshots: the console of a boot that failed."""

_USUAL_S = 15.0
"""Two thirds of the way, as :func:`boot_and_save` tells it."""

_EMULATED_S = 250.0
"""Of processor time; a boot takes some fifty seconds of it, on slow processors three times that."""

_ACCELERATED_S = 30.0
"""By the processor itself: there it is either quick, or it hangs."""

_BEAT_S = 0.5


def boot_and_save(
    program: Program, design: Design, folder: Path, beat: Callable[[float], None]
) -> dict[str, Any]:
    """Boots a machine, and saves it in ``folder``: ``ram`` and ``state``.

    Args:
        program: the QEMU.
        design: the machine.
        folder: made here; what was in it goes.
        beat: told, twice a second, how far it is, from 0 to 1.

    Returns:
        What the kernel in it says of itself, the content of a ``kernel_info_reply``.

    Raises:
        Blocked: there is no room. SystemFault: the machine does not boot, or cannot be saved.
    """
    shutil.rmtree(folder, ignore_errors=True)
    work = folder / "work"
    with writing_in(folder):
        try:
            folder.mkdir(parents=True, mode=0o700)
            require_room(folder, ROOM_BYTES)
            kernel_info = _boot_and_save(program, design, folder, work, beat)
            shutil.rmtree(work)
            (folder.parent / LAST_BOOT).unlink(missing_ok=True)
            return kernel_info
        except BaseException as error:
            was_full = is_full(folder)
            with contextlib.suppress(OSError):
                if (work / "console.log").stat().st_size:
                    shutil.move(work / "console.log", folder.parent / LAST_BOOT)
            shutil.rmtree(folder, ignore_errors=True)
            if was_full and isinstance(error, LabkitError):
                raise disk_is_full(folder) from error
            raise


def _boot_and_save(
    program: Program, design: Design, folder: Path, work: Path, beat: Callable[[float], None]
) -> dict[str, Any]:
    ram = folder / "ram"
    ram.touch(mode=0o600)
    empty = work / "course"
    empty.mkdir(parents=True)
    qemu = Qemu(program, design, work, ram, is_new=True)
    try:
        with _served(qemu, {"course": Export(empty)}):
            qemu.boot()
            ready = _wait_until_ready(qemu, design, folder.parent / LAST_BOOT, beat)
            qemu.save(folder / "state")
        return dict(ready["kernel_info"])
    finally:
        qemu.end()


def _wait_until_ready(
    qemu: Qemu, design: Design, log: Path, beat: Callable[[float], None]
) -> Event:
    agent, started = Agent(qemu.ends["agent"]), time.monotonic()
    most_s = _EMULATED_S if design.accelerator == "tcg" else _ACCELERATED_S
    patience = Patience(qemu.process.pid, most_s)
    try:
        while not (ready := agent.take("ready", _BEAT_S)):
            beat(1 - math.exp((started - time.monotonic()) / _USUAL_S))
            if why := patience.why_over():
                raise SystemFault("wait for it any longer", why=why)
        return ready
    except SystemFault as error:
        raise SystemFault(
            "start the machine for the first time",
            why=f"{error.why or error.what}; {qemu.why_ended()}",
            hint=f"Try again. What its console said is in {log}",
        ) from error


@contextlib.contextmanager
def _served(qemu: Qemu, exports: dict[str, Export]) -> Iterator[None]:
    """Serves folders to the machine while the block lasts."""
    sock = qemu.ends["files"]
    server = threading.Thread(target=serve, args=(sock, exports), daemon=True)
    server.start()
    yield
