"""The notebook's side of labkit: plain functions, and the magics that call them.

::

    opening       begin, reference, course_map, doctor;   places: place, reset_machine
    tasks         check, hint, reveal;   states: task;   watching: watch
    predictions   predict, compare;      pictures: xray, anatomy, family_tree, live
    the machine   namespaces, network;   groups:   cgroups, timeline, cgconfig
    transfer      export_progress, import_progress
    extension     %load_ext labkit;      magics, sandbox_cell, arguments, completion
    workspace     the course, this learner's progress and folders;   desk: what comes first
    verdicts, diagnosis, text            what shows itself

Thin: finds the course and the progress, calls the parts below, returns something that shows
itself. Names are resolved when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.jupyter.groups import cgconfig as cgconfig
    from labkit.jupyter.groups import cgroups as cgroups
    from labkit.jupyter.groups import timeline as timeline
    from labkit.jupyter.opening import begin as begin
    from labkit.jupyter.opening import course_map as course_map
    from labkit.jupyter.opening import doctor as doctor
    from labkit.jupyter.opening import reference as reference
    from labkit.jupyter.pictures import anatomy as anatomy
    from labkit.jupyter.pictures import family_tree as family_tree
    from labkit.jupyter.pictures import live as live
    from labkit.jupyter.pictures import namespaces as namespaces
    from labkit.jupyter.pictures import network as network
    from labkit.jupyter.pictures import xray as xray
    from labkit.jupyter.places import place as place
    from labkit.jupyter.places import reset_machine as reset_machine
    from labkit.jupyter.predictions import compare as compare
    from labkit.jupyter.predictions import predict as predict
    from labkit.jupyter.states import task as task
    from labkit.jupyter.tasks import check as check
    from labkit.jupyter.tasks import hint as hint
    from labkit.jupyter.tasks import reveal as reveal
    from labkit.jupyter.transfer import export_progress as export_progress
    from labkit.jupyter.transfer import import_progress as import_progress
    from labkit.jupyter.watching import watch as watch

_HOMES = {
    "anatomy": "pictures",
    "begin": "opening",
    "cgconfig": "groups",
    "cgroups": "groups",
    "check": "tasks",
    "compare": "predictions",
    "course_map": "opening",
    "doctor": "opening",
    "export_progress": "transfer",
    "family_tree": "pictures",
    "hint": "tasks",
    "import_progress": "transfer",
    "live": "pictures",
    "namespaces": "pictures",
    "network": "pictures",
    "place": "places",
    "predict": "predictions",
    "reference": "opening",
    "reset_machine": "places",
    "reveal": "tasks",
    "task": "states",
    "timeline": "groups",
    "watch": "watching",
    "xray": "pictures",
}
"""Public name → the module of this package that defines it."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"labkit.jupyter.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'labkit.jupyter' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
