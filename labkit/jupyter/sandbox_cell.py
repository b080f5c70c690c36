"""``%%sandbox``: the body of a cell as a shell script in a sandbox, its output shown as it comes.

The script is PID 1 of a new sandbox, or one more process of a running one (``--in``). Knows
nothing about IPython but where a cell's output goes (``sys.stdout``).
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput, NotFound, TimedOut
from labkit.jupyter.arguments import MagicParser

if TYPE_CHECKING:
    from labkit.sandbox import Sandbox, Terminal

LOOK_S = 0.05
"""Longest pause between two looks at the output: a person takes it for at once."""

REST = 4
"""Rest at least so many times as long as a look took: each look reads the log from its start."""

MOST_BYTES = 2_000_000
"""A page with more than this in one cell can hardly be scrolled, and the log lies on the disk."""


def parser() -> MagicParser:
    """The options of ``%%sandbox``."""
    made = MagicParser("%%sandbox")
    made.add_argument("--memory")
    made.add_argument("--pids")
    made.add_argument("--name")
    made.add_argument("--image")
    made.add_argument("--volume", action="append", default=[])
    made.add_argument("--in", dest="inside")
    return made


def run_cell(line: str, body: str, namespace: Mapping[str, Any]) -> int:
    """Runs a cell's body and shows its output.

    Args:
        line: the options.
        body: a shell script.
        namespace: the notebook's variables: ``--in`` looks for its sandbox among them.

    Returns:
        The exit code; said to the learner when it is not 0.

    Raises:
        BadInput: an option cannot be meant.
    """
    options = parser().read(line)
    if options.inside is not None:
        code = _run_inside(_find(options.inside, namespace), body)
    else:
        code = _run_new(_sandbox(options), body)
    if code:
        print(told(code, options.memory), file=sys.stderr, flush=True)  # noqa: T201
    return code


def told(code: int, memory: str | None = None) -> str:
    """An exit code other than 0, in words.

    Args:
        code: minus the signal's number when a signal ended PID 1.
        memory: the limit on memory, where there was one.
    """
    name = _signal_name(-code if code < 0 else code - 128) if code < 0 or code > 128 else ""
    if not name:
        return f"→ exit code {code}"
    if name == "SIGKILL" and memory:
        name += f", as the kernel does when more than {memory} of memory is wanted"
    return (
        f"→ ended by {name}" if code < 0 else f"→ exit code {code}: a command was ended by {name}"
    )


def sandboxes_in(namespace: Mapping[str, Any]) -> dict[str, Sandbox]:
    """The running sandboxes among a notebook's variables, by name and by variable."""
    from labkit.sandbox import Sandbox

    found: dict[str, Sandbox] = {}
    for variable, value in list(namespace.items()):
        if isinstance(value, Sandbox) and value.is_running:
            found[value.name] = value
            if not variable.startswith("_"):  # IPython keeps results under _, __ and _5
                found.setdefault(variable, value)
    return found


def _sandbox(options: Any) -> Sandbox:
    from labkit.sandbox import Sandbox

    limits = {"memory.max": options.memory, "pids.max": options.pids}
    return Sandbox(
        options.image,
        name=options.name,
        limits={name: value for name, value in limits.items() if value is not None},
        volumes=dict(_volume(text) for text in options.volume),
    )


def _volume(text: str) -> tuple[str, str]:
    source, colon, target = text.partition(":")
    if not (source and colon and target):
        raise BadInput(
            f"the volume {text!r} cannot be meant",
            why="a volume is SOURCE:TARGET",
            hint="--volume data:/data mounts the folder data at /data; data:/data:ro read-only",
        )
    return source, target


def _find(name: str, namespace: Mapping[str, Any]) -> Sandbox:
    from labkit.sandbox import running

    ours = sandboxes_in(namespace)
    if name in ours:
        return ours[name]
    if any(box.name == name for box in running()):
        raise BadInput(
            f"sandbox {name!r} was not started by this notebook",
            why="no variable here holds it",
            hint=f"Start it here: box = Sandbox(name={name!r}).start()",
        )
    hint = f"Running: {', '.join(ours)}" if ours else "No sandbox of this notebook runs"
    raise NotFound("running sandbox", name, ours, hint=hint)


def _run_new(box: Sandbox, body: str) -> int:
    try:
        with _no_interrupt():
            box.start(["sh", "-c", body])
        return _follow(box)
    except KeyboardInterrupt:
        print("→ stopped", file=sys.stderr, flush=True)  # noqa: T201
        return 0
    finally:
        box.kill()


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Holds an interrupt back until the block has ended.

    Between the start of a sandbox and the news of it nobody would know what to end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts are the main thread's
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _follow(box: Sandbox) -> int:
    """Shows the log of a sandbox until its PID 1 ends, and returns the exit code."""
    shown, rest_s = 0, 0.0
    while True:
        code = _exit_code(box, max(LOOK_S, rest_s))
        began = time.monotonic()
        log = box.logs()
        # The last character may be half written: what cannot be decoded waits for the rest.
        text = log.rstrip("\ufffd") if code is None else log
        if len(text) > MOST_BYTES:
            _show(text[shown:MOST_BYTES])
            box.kill()
            raise BadInput(
                f"the sandbox was stopped: it wrote more than {MOST_BYTES // 1_000_000} MB",
                hint="Send what is long to a file, or through head",
            )
        _show(text[shown:])
        shown, rest_s = len(text), REST * (time.monotonic() - began)
        if code is not None:
            return code


def _exit_code(box: Sandbox, patience_s: float) -> int | None:
    try:
        return box.wait(timeout_s=patience_s)
    except TimedOut:
        return None


def _run_inside(box: Sandbox, body: str) -> int:
    with box.terminal(["sh", "-c", body]) as terminal:
        try:
            return _drain(terminal)
        except KeyboardInterrupt:
            terminal.write("\x03")  # what the key Ctrl-C sends
            print("→ stopped", file=sys.stderr, flush=True)  # noqa: T201
            return 0


def _drain(terminal: Terminal) -> int:
    """Shows what comes on a terminal until its command ends, and returns the exit code."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    code, pending = None, ""
    while True:
        is_ready = select.select([terminal.fd], [], [], 0 if code is not None else LOOK_S)[0]
        raw = _read(terminal.fd) if is_ready else b""
        # A terminal ends its lines with both; a notebook wants the line feed alone.
        text = (pending + decode(raw)).replace("\r\n", "\n")
        pending = "\r" if raw and text.endswith("\r") else ""
        _show(text.removesuffix(pending))
        if code is not None and not raw:
            return code
        if not raw:
            code = _ended(terminal)


def _ended(terminal: Terminal) -> int | None:
    try:
        return terminal.wait(timeout_s=LOOK_S)
    except TimedOut:
        return None


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:  # EIO: nobody has the other end open any more
        return b""


def _show(text: str) -> None:
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}" if number < 65 else ""
