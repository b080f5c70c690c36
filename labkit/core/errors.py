"""The errors of labkit, in one tree.

::

    LabkitError            says what happened, why (or where), and what to do next
    ├── BadInput           the caller asked for something that cannot be meant
    │   └── NotFound       a name nobody has, with the nearest names that exist
    ├── Blocked            this machine, or this user, may not do it; what would help
    ├── SystemFault        a system call or a program failed; carries the errno
    ├── TimedOut           a deadline passed; carries the last state seen
    └── AuthorError        a mistake in the source of a topic, with file and line

A *verdict* ("not yet") is a value, never an exception: see ``labkit.grading``.
This module knows nothing about sandboxes, notebooks or checks.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable


class LabkitError(Exception):
    """Something labkit cannot go on from.

    Args:
        what: what happened, one sentence without a full stop.
        why: the reason, or where it happened.
        hint: what the reader can do next.
    """

    exit_code = 2

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(str(self))

    def __str__(self) -> str:
        first = f"{self.what}: {self.why}." if self.why else f"{self.what}."
        return f"{first}\n→ {self.hint}" if self.hint else first

    def _render_traceback_(self) -> list[str]:
        """What IPython prints: the message alone. The stack is no help to a learner."""
        return [f"{type(self).__name__}: {self}"]


class BadInput(LabkitError):
    """The caller asked for something that cannot be meant."""


class NotFound(BadInput):
    """A name that nobody has.

    Args:
        kind: what was looked for, such as ``"check"``.
        name: the name given.
        known: the names that exist; near ones become a "did you mean".
        hint: said when no known name is near.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str] = (), *, hint: str = "") -> None:
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
        super().__init__(
            f"there is no {kind} {name!r}",
            hint=f"Did you mean {' or '.join(near)}?" if near else hint,
        )
        self.near = near


ASK_THE_DOCTOR = "Run `labkit doctor` to see what would help"


class Blocked(LabkitError):
    """This machine or this user may not do it.

    Args:
        what: what is not possible here.
        why: which kernel feature, permission or program is missing.
        hint: what would help, best as a command.
        capability: the id under which ``labkit doctor`` lists it.
    """

    def __init__(self, what: str, *, why: str, hint: str = "", capability: str = "") -> None:
        self.capability = capability
        super().__init__(what, why=why, hint=hint or ASK_THE_DOCTOR)


class SystemFault(LabkitError):
    """A system call or a program failed.

    Args:
        what: the step that failed, such as ``"mount overlay on /"``.
        errno: the error number of the system call, 0 when a program failed.
        why: said instead of the text of ``errno``.
    """

    def __init__(self, what: str, *, errno: int = 0, why: str = "", hint: str = "") -> None:
        self.errno = errno
        super().__init__(f"cannot {what}", why=why or os.strerror(errno), hint=hint)


class TimedOut(LabkitError):
    """A deadline passed.

    Args:
        what: what was waited for.
        after_s: how long, in seconds.
        last_seen: the last state seen while waiting.
    """

    def __init__(self, what: str, *, after_s: float, last_seen: str, hint: str = "") -> None:
        self.last_seen = last_seen
        super().__init__(
            f"{what} did not happen within {after_s:g} s",
            why=f"last seen: {last_seen}",
            hint=hint,
        )


class AuthorError(LabkitError):
    """A mistake in the source of a topic. ``where`` is ``path:line``."""

    def __init__(self, what: str, *, where: str, hint: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {what}", hint=hint)
