"""``xray``, ``anatomy``, ``family_tree``, ``namespaces``, ``network``, ``live``: looking."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.jupyter.sliders import End
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


def namespaces(pids: Iterable[int] | None = None) -> Picture:
    """Which processes live in which namespaces, what they share, and who owns those.

    Args:
        pids: the processes that are wanted, beside this one; all of them when not given. Live:
            ``live(namespaces, None)``.
    """
    from labkit.sandbox import namespace_map
    from labkit.views import namespace_map_view

    return namespace_map_view(namespace_map(pids))


def network(pids: Iterable[int] | None = None) -> Picture:
    """The network namespaces of this machine, what is in them, and how they are joined.

    Args:
        pids: processes whose namespaces are wanted; all that can be found when not given. Live:
            ``live(network, None)``.
    """
    from labkit.sandbox import network_map
    from labkit.views import network_view

    return network_view(network_map(pids))


def live(
    function: Callable[[Any], Picture],
    target: Any,
    *,
    actions: Mapping[str, Callable[[], object]] | None = None,
    sliders: Mapping[str, tuple[End, End]] | None = None,
) -> Any:
    """The same picture, refreshed as long as it is looked at, with buttons and sliders that act.

    Args:
        function: ``xray``, ``anatomy``, ``family_tree``, ``namespaces``, ``network``, or any
            function that gives a picture.
        target: what it is a picture of; what ``function`` takes.
        actions: what each button says, and what it does.
        sliders: limits of a group that can be moved, each between two ends:
            ``{"memory.max": ("8M", "256M"), "cpu.max": (0.1, 2)}``. The target is then a group.

    Raises:
        NotFound: there is no slider for such a limit.
        BadInput: the target has no limits, or the ends make no sense.
        LabkitError: what the first picture raises.
    """
    from labkit.jupyter.sliders import sliders_for
    from labkit.views import Action
    from labkit.views import live as show

    buttons = [
        Action(f"action-{number}", label, run)
        for number, (label, run) in enumerate((actions or {}).items(), 1)
    ]
    movable = sliders_for(target, sliders or {})
    return show(lambda: target, function, actions=buttons, sliders=movable, every_s=REFRESH_S)


def _plain(target: Target) -> Any:
    return target.pid if isinstance(target, subprocess.Popen) else target
