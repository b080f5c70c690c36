"""What ``%load_ext labkit`` adds to IPython: the magics, and the completion of their lines.

Source: IPython's documentation ("Defining custom magics").
"""

from __future__ import annotations

from typing import Any

from labkit.jupyter import completion, magics

LINE_MAGICS = ("check", "hint", "reveal", "task", "doctor", "machine", "watch")


def load(shell: Any) -> None:
    """Adds the magics to a running IPython."""
    for name in LINE_MAGICS:
        shell.register_magic_function(getattr(magics, name), "line", name)
    shell.register_magic_function(magics.sandbox, "cell", "sandbox")
    completion.add_matcher(shell)


def unload(shell: Any) -> None:
    """Takes the magics away again."""
    for name in LINE_MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
    shell.magics_manager.magics["cell"].pop("sandbox", None)
    completion.remove_matcher(shell)
