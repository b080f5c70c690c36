"""A fork bomb and a memory bomb under limits: how long the notebook takes to answer meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from jupyter_client.manager import start_new_kernel

from benchmarks.report import Row, Table, at_most
from labkit.host import has

TARGET_S = 1.0
BURN_S = 6.0

BOMBS = {
    "a fork bomb, pids.max 30": ({"pids.max": 30}, "bomb() { bomb | bomb & bomb; }; bomb"),
    "a memory bomb, memory.max 32M": ({"memory.max": "32M"}, "head -c 200M /dev/zero | tail"),
}
"""Name to limits and a script, which is started again whenever it has ended."""

LIGHT = """
import threading
from labkit import Sandbox

box, lit, lights = Sandbox(limits={limits}).start(["sleep", "600"]), threading.Event(), 0

def light():
    global lights
    while not lit.is_set():
        box.exec(["sh", "-c", {script!r}])
        lights += 1

burning = threading.Thread(target=light)
burning.start()
"""


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Lights each in a sandbox of a kernel, and asks that kernel for small things meanwhile."""
    seconds = BURN_S / 3 if is_quick else BURN_S
    rows = [Row("bombs", "-", "not measured: this user may set no limits")]
    if has("limits"):
        rows = [_longest(name, *bomb, seconds) for name, bomb in BOMBS.items()]
    yield Table("The longest silence of a notebook while one burns", tuple(rows))


def _longest(name: str, limits: dict[str, Any], script: str, seconds: float) -> Row:
    manager, client = start_new_kernel()
    try:
        _run(client, LIGHT.format(limits=limits, script=script))
        times: list[float] = []
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            times.append(_run(client, "Sandbox().run(['echo', 'here']).stdout"))
        _run(client, "assert lights; lit.set(); box.kill()")
        note = f"{len(times)} answers in {seconds:g} s, each from a sandbox beside it"
        return at_most(name, max(times), TARGET_S, note)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _run(client: Any, code: str) -> float:
    """Seconds until a cell is answered. It must not fail."""
    began = time.perf_counter()
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{code}: {reply['content']}")
    return time.perf_counter() - began
