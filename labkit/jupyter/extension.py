"""What ``%load_ext labkit`` adds to IPython: the magics, and the completion of their lines.

Sources: IPython's documentation ("Defining custom magics", ``set_hook("complete_command", …)``).
"""

from __future__ import annotations

from typing import Any

from labkit.jupyter import completion, magics

LINE_MAGICS = ("check", "hint", "reveal", "task", "doctor", "watch")


def load(shell: Any) -> None:
    """Adds the magics to a running IPython."""
    for name in LINE_MAGICS:
        shell.register_magic_function(getattr(magics, name), "line", name)
        shell.set_hook("complete_command", completion.ids_for(name), str_key=f"%{name}")
    shell.register_magic_function(magics.sandbox, "cell", "sandbox")
    shell.set_hook("complete_command", completion.sandbox_options, str_key="%%sandbox")
    completion.complete_calls(shell)


def unload(shell: Any) -> None:
    """Takes the magics away again."""
    for name in LINE_MAGICS:
        shell.magics_manager.magics["line"].pop(name, None)
    shell.magics_manager.magics["cell"].pop("sandbox", None)
    completion.forget_calls(shell)
