"""What a notebook asks of its place: read from its file, never executed.

In a notebook's metadata, or a kernelspec's::

    "labkit": {"requires": ["sandbox", "limits"], "place": "microvm"}

Knows nothing about which places there are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.machine.places import Wish

PLACE = "LABKIT_PLACE"
WHY = "LABKIT_PLACE_WHY"
SINCE = "LABKIT_PLACE_SINCE"
"""What a kernel is told of its place. ``LABKIT_PLACE`` alone, without the others, is a wish."""

ACCELERATOR = "LABKIT_ACCELERATOR"
QEMU = "LABKIT_QEMU"
SHARED = "LABKIT_SHARED"
"""What a kernel in a machine is told beside: ``kvm`` or ``tcg`` (emulated), QEMU's version, and the
folder of the host that it has as ``/course``."""

NOTEBOOK = "JPY_SESSION_NAME"
"""The notebook's file, as jupyter_server tells each kernel that it starts; so does `labkit run`."""


@dataclass(frozen=True)
class Asked:
    """What a notebook asks.

    Attributes:
        requires: ids of ``labkit doctor``.
        wish: a place that is wanted.
    """

    requires: tuple[str, ...] = ()
    wish: Wish | None = None


def read_asked(env: Mapping[str, str], kernelspec: Mapping[str, Any]) -> Asked:
    """What is asked of a kernel's place: by its environment, its notebook, or its kernelspec.

    Args:
        env: the kernel's environment.
        kernelspec: the metadata of its kernelspec.
    """
    notebook = _labkit_of(_metadata(env.get(NOTEBOOK, "")))
    requires = notebook.get("requires")
    requires = requires if isinstance(requires, list) else []
    wishes = [
        (env.get(PLACE) if SINCE not in env else None, f"the variable {PLACE}"),
        (notebook.get("place"), "the notebook"),
        (_labkit_of(kernelspec).get("place"), "the kernel's specification"),
    ]
    wish = next((Wish(str(place), by) for place, by in wishes if place), None)
    return Asked(tuple(str(id) for id in requires), wish)


def _metadata(path: str) -> Mapping[str, Any]:
    """A notebook's metadata; nothing for what is no notebook (a console has none)."""
    if not path.endswith(".ipynb"):
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _labkit_of(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    found = metadata.get("labkit")
    return found if isinstance(found, dict) else {}
