"""What a task asks, judged: checks, verdicts, hints, variants, predictions, progress.

::

    verdict      passed, not yet, blocked; evidence
    checks       @check and what its author lists;  mistakes, loading: a topic's checks.py
    variants     values that differ from learner to learner
    lab          what a check may look at; ending: how what it started is ended
    progress     events in (events), kept (database, table, salvage, faults), summed up (summary)
    remote       events kept by a machine's host;  service: the host's side;  messages: between them
    hints, predictions, watching
    exports      progress as one file;  transfer: import and replay

Knows nothing about how any of it is shown, or where notebooks lie. Names are resolved when first
used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.grading.checks import Check, Way, WrongState, check
    from labkit.grading.events import Event
    from labkit.grading.exports import Export, read_export
    from labkit.grading.hints import Hint, next_hint, offered_hint, taken_hints
    from labkit.grading.lab import Lab
    from labkit.grading.loading import Checks, load_checks
    from labkit.grading.predictions import Comparison, Prediction
    from labkit.grading.progress import Progress
    from labkit.grading.summary import Score, TaskState
    from labkit.grading.transfer import Imported, replay
    from labkit.grading.variants import Variant, between, one_of
    from labkit.grading.verdict import OTHER, Evidence, Verdict, blocked, not_yet, passed
    from labkit.grading.watching import Watcher

_HOMES = {
    "checks": ("Check", "Way", "WrongState", "check"),
    "events": ("Event",),
    "exports": ("Export", "read_export"),
    "hints": ("Hint", "next_hint", "offered_hint", "taken_hints"),
    "lab": ("Lab",),
    "loading": ("Checks", "load_checks"),
    "predictions": ("Comparison", "Prediction"),
    "progress": ("Progress",),
    "summary": ("Score", "TaskState"),
    "transfer": ("Imported", "replay"),
    "variants": ("Variant", "between", "one_of"),
    "verdict": ("OTHER", "Evidence", "Verdict", "blocked", "not_yet", "passed"),
    "watching": ("Watcher",),
}
"""Module → the public names that it defines."""

__all__ = [
    "OTHER",
    "Check",
    "Checks",
    "Comparison",
    "Event",
    "Evidence",
    "Export",
    "Hint",
    "Imported",
    "Lab",
    "Prediction",
    "Progress",
    "Score",
    "TaskState",
    "Variant",
    "Verdict",
    "Watcher",
    "Way",
    "WrongState",
    "between",
    "blocked",
    "check",
    "load_checks",
    "next_hint",
    "not_yet",
    "offered_hint",
    "one_of",
    "passed",
    "read_export",
    "replay",
    "taken_hints",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
