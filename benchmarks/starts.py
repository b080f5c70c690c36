"""Start to exit of ``true``: labkit and its rivals in turn, in whichever process this runs."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.rivals import MEMORY_BYTES, PIDS, Rival, rivals
from labkit.core.errors import Blocked
from labkit.image import base_image
from labkit.sandbox import Sandbox

Figures = dict[str, dict[str, float | str]]

LABKIT, PLAIN = "labkit", "true, no container"

_SLOW_S = 0.2
"""What takes longer is timed in every fifth round only."""


def time_starts(rounds: int) -> Figures:
    """Times every contender ``rounds`` times, in turn.

    Returns:
        Name to its median (``median_s``), its best (``best_s``), or the reason of its absence
        (``why_not``); beside that, under ``process``, the number of threads here.
    """
    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as name:
        folder = Path(name)
        rootfs = folder / "rootfs"
        for layer in reversed(base_image().layers):
            subprocess.run(["cp", "-a", f"{layer}/.", rootfs], check=True)
        (rootfs / "dev").mkdir(exist_ok=True)
        with rivals(folder, rootfs) as others:
            ready = {rival.name: rival.run for rival in others if not rival.why_not}
            figures = _time({LABKIT: _labkit(), PLAIN: _plain, **ready}, rounds)
        figures |= {rival.name: {"why_not": rival.why_not} for rival in others if rival.why_not}
    return figures | {"process": {"threads": float(threading.active_count())}}


def _time(contenders: dict[str, Callable[[], float]], rounds: int) -> Figures:
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(-3, rounds):  # the first rounds warm the caches
        for name, run in contenders.items():
            if turn > 0 and turn % 5 and times[name] and times[name][0] > _SLOW_S:
                continue
            seconds = run()
            if turn >= 0:
                times[name].append(seconds)
    return {
        name: {"median_s": statistics.median(each), "best_s": min(each), "runs": float(len(each))}
        for name, each in times.items()
    }


def _labkit() -> Callable[[], float]:
    limits: dict[str, str | int] = {"memory.max": MEMORY_BYTES, "pids.max": PIDS}
    try:
        Sandbox(limits=limits).run(["true"])
    except Blocked:  # an ordinary user, on cgroup v1
        limits = {}

    def run() -> float:
        started = time.perf_counter()
        ran = Sandbox(limits=limits).run(["true"])
        seconds = time.perf_counter() - started
        if ran.exit_code != 0:
            raise RuntimeError(f"true has failed: {ran}")
        return seconds

    return run


def _plain() -> float:
    return Rival(PLAIN, ("/bin/true",)).run()
