"""What the helper is asked: a command, and the sandbox around it, as words for the wire.

Knows nothing about what becomes of it. See ``labkit.sandbox.helper.launch``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from labkit.sandbox.limits import Places, limiting
from labkit.sandbox.spec import PATH, Spec

if TYPE_CHECKING:
    from labkit.core.session import Session

Message = dict[str, Any]


def of_a_command(spec: Spec, argv: Sequence[str], *, is_on_terminal: bool) -> Message:
    """What every command is started with, PID 1 and those that come later."""
    base = {"PATH": PATH, "HOME": "/root", "HOSTNAME": spec.hostname, "TERM": "xterm"}
    program, _ = spec.seccomp.program(spec.capabilities or ())
    return {
        "argv": list(argv), "env": {**base, **spec.env}, "cwd": spec.cwd, "tty": is_on_terminal,
        "capabilities": spec.capabilities, "filter": program.hex(),
        "has_other_root": bool(spec.id_map and spec.id_map.has_other_root),
    }  # fmt: skip


def of_a_start(spec: Spec, session: Session, places: Places) -> Message:
    """What a new sandbox is made of."""
    _, words = spec.seccomp.program(spec.capabilities or ())
    return {
        "name": spec.name, "group": f"labkit-{session.id}-{spec.name}",
        "namespaces": spec.namespaces, "hostname": spec.hostname, "layers": spec.layers,
        "stage": str(session.folder / "stage"), "image": spec.image,
        "volumes": [astuple(volume) for volume in spec.volumes], "network": spec.network,
        "clocks": spec.clocks, "seccomp": words, "id_map": spec.id_map and astuple(spec.id_map),
        **limiting(spec.kernel_limits, places),
    }  # fmt: skip
