"""``xray``, ``anatomy``, ``family_tree``, ``live``: looking at a sandbox or a process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.sandbox import Running, Sandbox
    from labkit.views import Picture

    Target = Sandbox | Running | int | str | subprocess.Popen[Any]


REFRESH_S = 2.0
"""Between two looks: often enough to see a process come and go, a hundredth of one core."""


def xray(target: Target) -> Picture:
    """One process, from its own side and from this machine's.

    Args:
        target: a sandbox, its name, or a process or its PID.

    Raises:
        NotFound: no sandbox of that name runs.
        BadInput: there is no such process.
        Blocked: it belongs to another user.
    """
    from labkit.sandbox import xray as look
    from labkit.views import xray_view

    return xray_view(look(_plain(target)))


def anatomy(target: Target) -> Picture:
    """What a running sandbox is made of: namespaces, files, limits, what it may do.

    Args:
        target: a sandbox, its name, or the PID of its PID 1.
    """
    from labkit.sandbox import anatomy as look
    from labkit.views import anatomy_view

    return anatomy_view(look(_plain(target)))


def family_tree(target: Target) -> Picture:
    """A process, whoever it started, and the line that leads to it.

    Args:
        target: a sandbox, its name, or a process or its PID.
    """
    from labkit.sandbox import family_tree as look
    from labkit.views import tree_view

    return tree_view(look(_plain(target)))


def live(
    function: Callable[[Any], Picture],
    target: Target,
    *,
    actions: Mapping[str, Callable[[], object]] | None = None,
) -> Any:
    """The same picture, refreshed as long as it is looked at, with buttons that act.

    Args:
        function: ``xray``, ``anatomy`` or ``family_tree``, or any function that gives a picture.
        target: what it is a picture of.
        actions: what each button says, and what it does.

    Raises:
        LabkitError: what the first picture raises.
    """
    from labkit.views import Action
    from labkit.views import live as show

    buttons = [
        Action(f"action-{number}", label, run)
        for number, (label, run) in enumerate((actions or {}).items(), 1)
    ]
    return show(lambda: target, function, actions=buttons, every_s=REFRESH_S)


def _plain(target: Target) -> Any:
    return target.pid if isinstance(target, subprocess.Popen) else target
