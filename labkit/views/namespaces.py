"""The eight kinds of namespace in words, for every picture that shows them.

Source: namespaces(7).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.views.icons import Icon
from labkit.views.palette import Ink

if TYPE_CHECKING:
    from labkit.sandbox.facts import NamespaceRow

ORDER = ("pid", "user", "uts", "mnt", "net", "ipc", "cgroup", "time")
"""From what strikes the eye first to what few ever meet."""

ISOLATES = {
    "pid": "process ids",
    "user": "users, groups",
    "uts": "host name",
    "mnt": "mounts, root",
    "net": "network",
    "ipc": "shared memory",
    "cgroup": "cgroup paths",
    "time": "boot clocks",
}
"""Kind to what a process sees differently in one of its own."""


def in_order(rows: Sequence[NamespaceRow]) -> list[NamespaceRow]:
    """The rows as the pictures list them; kinds that nobody knows yet come last."""
    return sorted(rows, key=lambda row: ORDER.index(row.kind) if row.kind in ORDER else len(ORDER))


def gate_look(is_own: bool) -> tuple[Icon, str, Ink, Ink]:
    """Icon, word, colour and tint of a namespace: of its own (closed), or shared (open)."""
    return ("lock", "own", "own", "ownt") if is_own else ("arrows", "shared", "shr", "shrt")


def summary(rows: Sequence[NamespaceRow]) -> str:
    """One sentence: how many kinds are its own, and which are shared."""
    shared = [row.kind for row in in_order(rows) if not row.is_own]
    if not shared:
        return f"All {len(rows)} kinds of namespace are its own: nothing is shared with the host."
    own = len(rows) - len(shared)
    if not own:
        return f"It shares all {len(rows)} kinds of namespace with the host."
    names = " and ".join([", ".join(shared[:-1]), shared[-1]] if shared[1:] else shared)
    be = "are" if shared[1:] else "is"
    all_kinds = f"{len(rows)} kinds of namespace"
    return f"{own} of {all_kinds} are its own; {names} {be} shared with the host."
