"""The proofs by name, and playing all of them in a process without pytest."""

from __future__ import annotations

import inspect
import json
import sys
import traceback

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


def play() -> None:
    """Plays each, and prints a line of JSON for each: its name, and its traceback or nothing."""
    for name, proof in PROOFS.items():
        try:
            proof()
        except Exception:
            said = traceback.format_exc()
        else:
            said = ""
        sys.stdout.write(json.dumps([name, said]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    play()
