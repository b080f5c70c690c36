"""The proofs by name, and playing all of them in a process without pytest."""

from __future__ import annotations

import inspect
import json
import signal
import sys
import traceback
from types import FrameType

from tests.sandbox.groups.both import control, limits, views

PROOFS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": function
    for module in (limits, control, views)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
    and not inspect.signature(function).parameters
    and not name.startswith("_")
    and name != "text"
}


LONGEST_S = 120
"""One takes a second or two in a machine."""


def play() -> None:
    """Plays each, and prints a line of JSON for each: its name, and its traceback or nothing."""
    signal.signal(signal.SIGALRM, _say_where)
    for name, proof in PROOFS.items():
        signal.alarm(LONGEST_S)
        try:
            proof()
        except Exception:
            said = traceback.format_exc()
        else:
            said = ""
        finally:
            signal.alarm(0)
        sys.stdout.write(json.dumps([name, said]) + "\n")
        sys.stdout.flush()


def _say_where(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"it goes on after {LONGEST_S} s")


if __name__ == "__main__":
    play()
