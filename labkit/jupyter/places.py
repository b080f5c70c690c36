"""``place``, ``reset_machine``: where this notebook's kernel runs, and a fresh machine for it.

Knows nothing about how a machine is made: what there is to say, the kernel was told at its start,
or reads of the system it runs in.
"""

from __future__ import annotations

import os
import platform
import pwd
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from labkit.core.errors import BadInput
from labkit.jupyter.text import Text
from labkit.machine.places import MICROVM
from labkit.machine.wanted import ACCELERATOR, PLACE, QEMU, SHARED, SINCE, WHY

_LAST_OUTPUTS_S = 0.2
"""What the cell has printed is on its way out of the machine for some milliseconds."""

_ACCELERATORS = {"tcg": "its processor is emulated", "kvm": "KVM", "hvf": "hvf"}

_TO_HAVE_ONE = (
    f"For a machine of its own, start Jupyter with {PLACE}={MICROVM}, or write "
    f'"labkit": {{"place": "{MICROVM}"}} into the notebook\'s metadata'
)


def place() -> Text:
    """Where this notebook's kernel runs: natively, or in a Linux machine of its own (a microVM).

    Returns:
        The place, why it is that, since when, with what, and which files are yours to keep.
    """
    return _listed(rows(os.environ))


def reset_machine() -> None:
    """Throws this notebook's machine away; a fresh one takes its place in a second.

    Variables and sandboxes are gone then; files in the course folder and your progress are kept.

    Raises:
        BadInput: there is no machine: the kernel runs natively.
    """
    if not _is_in_machine(os.environ):
        raise BadInput(
            "there is no machine to reset",
            why="this notebook's kernel runs natively, on the machine that Jupyter runs on",
            hint=_TO_HAVE_ONE,
        )
    from labkit.machine.guest.power import reset

    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(_LAST_OUTPUTS_S)
    reset()


def rows(env: Mapping[str, str]) -> list[tuple[str, str]]:
    """What there is to say, as heading and text.

    Args:
        env: the kernel's environment.
    """
    told = [
        ("Why there", env.get(WHY) or "this kernel was not started as `labkit`"),
        ("Since", _since(env.get(SINCE, ""))),
        ("With", f"Linux {platform.release()}, Python {platform.python_version()}, {_hardware()}"),
        ("You are", _user()),
    ]
    if not _is_in_machine(env):
        return [("Place", "**native**: this machine itself, with all else that runs on it"), *told]
    how = _ACCELERATORS.get(env[ACCELERATOR], env[ACCELERATOR])
    return [
        ("Place", f"**microVM**: a Linux machine of its own (QEMU {env[QEMU]}, {how})"),
        *told,
        ("Kept", f"`/course`, which is `{env[SHARED]}` outside, and your progress"),
        ("Thrown away", "everything else, with the machine: `%machine reset`, or a kernel restart"),
    ]


def _is_in_machine(env: Mapping[str, str]) -> bool:
    return env.get(PLACE) == MICROVM and SHARED in env


def _since(iso: str) -> str:
    """A time as the clock on the wall has it, and how long ago that is."""
    try:
        then = datetime.fromisoformat(iso)
    except ValueError:
        return "nobody said"
    return f"{then.astimezone():%H:%M:%S %Z} ({_span(datetime.now(UTC) - then)} ago)"


def _span(time: timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _hardware() -> str:
    count = os.cpu_count() or 1
    total = Path("/proc/meminfo").read_text().partition("MemTotal:")[2].split()[0]
    return f"{count} processor{'s' * (count != 1)}, {int(total) >> 10} MiB of memory"


def _user() -> str:
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return f"`{name}` (uid {uid}) on `{platform.node()}`"


def _listed(told: Sequence[tuple[str, str]]) -> Text:
    width = max(len(head) for head, _ in told)
    plain = (f"{head:<{width}}  {text.replace('**', '').replace('`', '')}" for head, text in told)
    return Text("\n".join(f"- **{head}**: {text}" for head, text in told), "\n".join(plain))
