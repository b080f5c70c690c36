"""Plays a notebook: every code cell, in order, in a fresh kernel without a browser.

Knows nothing about topics and checks. Source: nbclient, the Jupyter messaging protocol 5.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from labkit.course.notebook import Notebook
from labkit.machine.places import MICROVM

CELL_DEADLINE_S = 120
"""A cell that takes longer hangs: the longest of the course takes seconds, on an idle machine."""

START_S = 60
"""For a kernel to answer, on a busy machine."""

PREPARE_S = 1800
"""For one in a machine of its own, which is prepared once, over a slow network."""

MAX_ERROR = 2000
"""Characters of an error that are kept: its beginning says what it is."""

LAST_LINES = 10
"""Of what a kernel wrote to standard error, when it died or did not start."""

WIDGET = "application/vnd.jupyter.widget-view+json"
"""The type of an output that stands for a live widget."""


@dataclass(frozen=True)
class Failure:
    """A cell that broke, and the notebook with it.

    Attributes:
        cell: its number among the code cells, from 1; 0 when the kernel did not even start.
        id: its id.
        first_line: the first line of its code.
        error: what the kernel said.
    """

    cell: int
    id: str
    first_line: str
    error: str

    def __str__(self) -> str:
        if not self.cell:
            return self.error
        return f"cell {self.cell} ({self.first_line}): {self.error}"


OnCell = Callable[[int, int, Notebook, float], object]
"""Called after each code cell: its number from 1, how many there are, the cell, its seconds."""

Cell = tuple[int, Notebook, float]
"""A cell that was played: its number, itself, its seconds."""


class _Progress:
    """Counts the cells that are played, and how long each takes. Called by nbclient.

    Args:
        told: gets each cell that was played.
    """

    def __init__(self, told: queue.SimpleQueue[Cell | None]) -> None:
        self.current: Notebook | None = None
        self.number = 0
        self._began = 0.0
        self._told = told

    def starts(self, cell: Notebook, **_: object) -> None:
        self.current, self.number = cell, self.number + 1
        self._began = time.perf_counter()

    def ended(self, cell: Notebook, **_: object) -> None:
        self._told.put((self.number, cell, time.perf_counter() - self._began))


def code_cells(notebook: Notebook) -> int:
    """How many cells there are to play."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)


def play(
    notebook: Notebook,
    folder: Path,
    env: Mapping[str, str],
    *,
    on_cell: OnCell | None = None,
    deadline_s: int = CELL_DEADLINE_S,
) -> Failure | None:
    """Plays a notebook and stores the outputs in it. The kernel has ended when this returns.

    Args:
        notebook: the notebook; changed in place.
        folder: the kernel's working folder.
        env: the kernel's environment.
        on_cell: called after each cell.
        deadline_s: for one cell, in seconds.

    Returns:
        What broke, or None. An error in a cell tagged ``raises-exception`` breaks nothing.
    """
    import nbclient

    forget_outputs(notebook)
    told: queue.SimpleQueue[Cell | None] = queue.SimpleQueue()
    progress = _Progress(told)
    of = code_cells(notebook)
    client = nbclient.NotebookClient(
        notebook,
        timeout=deadline_s,
        startup_timeout=START_S,
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=progress.starts,
        on_cell_executed=progress.ended,
    )
    try:
        with contextlib.closing(_played(client, env, told)) as played:
            for number, cell, took_s in played:
                if on_cell:
                    on_cell(number, of, cell, took_s)
    except _PlayError as error:
        return _failure(progress, error.reason, deadline_s)
    finally:
        _without_transients(notebook)
    return None


class _PlayError(Exception):
    """Carries whatever ended the playing from its thread."""

    def __init__(self, reason: Exception) -> None:
        self.reason = reason
        super().__init__(str(reason))


def _played(
    client: Any, env: Mapping[str, str], told: queue.SimpleQueue[Cell | None]
) -> Generator[Cell, None, None]:
    """Plays in a thread, and gives each cell to the caller's.

    In a thread, because the caller may have an event loop of its own (a notebook has), and because
    the client would take over the signals of the main thread. Whatever ends the caller's loop, an
    interrupt too, ends the kernel.
    """
    loop = asyncio.new_event_loop()
    task = loop.create_task(_execute(client, env))
    failed: list[Exception] = []

    def work() -> None:
        asyncio.set_event_loop(loop)
        try:
            # A runner: it also ends what the client has begun beside, which a cancelled one leaves.
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(_wait_for(task))
        except asyncio.CancelledError:
            pass
        except Exception as error:
            failed.append(error)
        finally:
            told.put(None)

    thread = threading.Thread(target=work, name="labkit-play", daemon=True)
    thread.start()
    try:
        while cell := told.get():
            yield cell
    finally:
        with contextlib.suppress(RuntimeError):  # the loop is closed: all is done
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
    if failed:
        raise _PlayError(failed[0])


async def _wait_for(task: asyncio.Task[None]) -> None:
    await task


async def _execute(client: Any, env: Mapping[str, str]) -> None:
    # Unix sockets in a folder of our own: on a TCP port, anybody on this machine could listen in.
    # What a kernel says beside its outputs is for whoever asks why it died, not for a terminal.
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder, _noted(Path(folder)) as said:
        manager = client.create_kernel_manager()
        manager.transport, manager.ip = "ipc", f"{folder}/kernel"
        try:
            await client.async_start_new_kernel(env=dict(env), stderr=said)
            place = getattr(manager.provisioner, "place", None)
            if place and place.name == MICROVM:
                await _wait_for_machine(manager)
            await client.async_execute()
        finally:
            # Ended while it was starting: the client leaves the kernel alone.
            if manager.has_kernel:
                await manager.shutdown_kernel(now=True)


@contextlib.contextmanager
def _noted(folder: Path) -> Iterator[IO[bytes]]:
    """A file for a kernel's standard error. An error in the block is noted its last lines."""
    with (folder / "stderr").open("w+b") as said:
        try:
            yield said
        except Exception as error:
            said.seek(0)
            lines = said.read().decode(errors="replace").splitlines()
            for line in lines[-LAST_LINES:]:
                error.add_note(line)
            raise


async def _wait_for_machine(manager: Any) -> None:
    """Waits for it, or for the reason why there is none: before, cells only wait in the relay."""
    asker = manager.client()
    asker.start_channels()
    try:
        await asker.wait_for_ready(timeout=PREPARE_S)
        asked = asker.is_complete("")
        while (await asker.get_shell_msg(timeout=PREPARE_S))["parent_header"]["msg_id"] != asked:
            pass
    finally:
        asker.stop_channels()


def forget_outputs(notebook: Notebook) -> None:
    """Takes the outputs and the numbers from all code cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _without_transients(notebook: Notebook) -> None:
    """Takes away what changes with the time and the machine, and tells a reader nothing."""
    notebook.metadata.language_info = {"name": "python"}  # the kernel has added its versions
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # A widget's model is in the kernel alone: without it a page would show an error where
            # now it shows the widget's picture.
            output.get("data", {}).pop(WIDGET, None)


def _failure(progress: _Progress, error: Exception, deadline_s: int) -> Failure:
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    cell: Any = progress.current
    if isinstance(error, CellExecutionError):
        told = f"{error.ename}: {error.evalue}"
    elif isinstance(error, CellTimeoutError):
        told = f"it did not end within {deadline_s} s"
    elif isinstance(error, DeadKernelError):
        told = _with_notes("the kernel died", error)
    else:
        told = _with_notes(f"the kernel did not start: {type(error).__name__}: {error}", error)
    if cell is None:
        return Failure(0, "", "", told[:MAX_ERROR])
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return Failure(progress.number, cell.id, lines[0] if lines else "", told[:MAX_ERROR])


def _with_notes(told: str, error: Exception) -> str:
    return "\n".join([told, *getattr(error, "__notes__", [])])
