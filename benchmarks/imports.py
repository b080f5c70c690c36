"""What importing labkit costs: in fresh interpreters, beyond what the interpreter itself takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.kernel import execute, kernel
from benchmarks.report import Row, Table, at_most, duration

IMPORT_S, EXTENSION_S, HELP_S = 0.1, 0.25, 0.25

ROUNDS = 15

_LOAD = """
import time
started = time.perf_counter()
get_ipython().run_line_magic("load_ext", "labkit")
str(time.perf_counter() - started)
"""


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """``import labkit``, ``labkit --help`` and ``%load_ext labkit``."""
    rounds = ROUNDS // 5 if is_quick else ROUNDS
    codes = {
        "bare": "pass",
        "labkit": "import labkit",
        "sandbox": "from labkit import Sandbox",
        "help": "import sys; sys.argv[1:] = ['--help']; from labkit.cli import main; main()",
    }
    times: dict[str, list[float]] = {name: [] for name in codes}
    for turn in range(-1, rounds):
        for name, code in codes.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
            if turn >= 0:
                times[name].append(time.perf_counter() - started)
    median = {name: statistics.median(each) for name, each in times.items()}
    beyond = f"beyond the bare interpreter's {duration(median['bare'])}"
    rows = [
        at_most("import labkit", median["labkit"] - median["bare"], IMPORT_S, beyond),
        Row("from labkit import Sandbox", duration(median["sandbox"] - median["bare"]), beyond),
        at_most("labkit --help", median["help"], HELP_S, "the whole program"),
        _extension(3 if is_quick else 5),
    ]
    yield Table("What it costs to have labkit at hand: medians", tuple(rows))


def _extension(rounds: int) -> Row:
    times = []
    for _ in range(rounds):
        with kernel() as client:
            try:
                times.append(float(execute(client, _LOAD)))
            except RuntimeError as error:
                last = str(error).strip().splitlines()[-1]
                return Row("%load_ext labkit", "-", f"not measured: {last}", "≤ 250 ms", False)
    note = "in a new kernel"
    return at_most("%load_ext labkit", statistics.median(times), EXTENSION_S, note)
