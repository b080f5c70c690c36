"""Which user ids of the host stand behind those of a sandbox.

Knows nothing about processes. Sources: user_namespaces(7) ("Defining user and group ID mappings"),
subuid(5), newuidmap(1).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from labkit.core.errors import BadInput, Blocked

IdMapChoice = Mapping[int, "int | range"] | str

PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin")
_MOST_IDS = 1 << 32
_MOST_LINES = 340
"""Lines of a map that the kernel takes (user_namespaces(7))."""


@dataclass(frozen=True)
class IdMap:
    """Lines of /proc/PID/uid_map and gid_map: first id inside, first id outside, how many."""

    users: tuple[tuple[int, int, int], ...]
    groups: tuple[tuple[int, int, int], ...]

    @property
    def has_other_root(self) -> bool:
        """Whether root inside is somebody else than who starts the sandbox."""
        return self.users[0][1] != os.geteuid() or self.groups[0][1] != os.getegid()


def parse_id_map(choice: IdMapChoice | None, namespaces: Iterable[str]) -> IdMap | None:
    """The map of a sandbox's ids.

    Args:
        choice: first id inside to the ids of the host behind it, ``{0: range(100000, 165536)}``, or
            to a single one, ``{0: 1000}``; ``"subids"`` for those that /etc/subuid and /etc/subgid
            give this user (for an ordinary user after their own, which is root inside); None for
            the usual.
        namespaces: those of the sandbox.

    Raises:
        BadInput: it cannot be meant.
        Blocked: this user has no ids to give, or may not use these.
    """
    if choice is None:
        return None
    if "user" not in namespaces:
        raise BadInput("ids can be mapped in a user namespace alone", hint="namespaces=['user', …]")
    if choice == "subids":
        return _of_subids()
    if not isinstance(choice, Mapping):
        raise BadInput(
            f"id_map cannot be {choice!r}",
            why="it is 'subids', or a dict such as {0: range(100000, 165536)}",
        )
    rows = tuple(sorted(_row(inner, outer) for inner, outer in choice.items()))
    _check(rows)
    if os.geteuid() == 0:
        return IdMap(rows, rows)
    if rows[0] != (0, os.geteuid(), 1):
        raise BadInput(
            f"root inside must be you: {{0: {os.geteuid()}, 1: range(…)}}",
            why="the files of the image are yours, and the kernel lets an ordinary user map no "
            "other id to it (user_namespaces(7))",
        )
    for name, _, ranges in _granted():
        if not all(_is_within(row, ranges) for row in rows[1:]):
            raise Blocked(
                f"these ids are not yours to map: {[row[1:] for row in rows[1:]]}",
                why=f"{name} gives you {ranges or 'none'} (first id, how many)",
                hint=_how_to_grant(),
            )
    _need_programs(rows)
    return IdMap(rows, ((0, os.getegid(), 1), *rows[1:]))


def _of_subids() -> IdMap:
    maps = []
    for name, own, ranges in _granted():
        if not ranges:
            raise Blocked(
                "there are no subordinate ids to map",
                why=f"{name} gives user {_user()} none",
                hint=_how_to_grant(),
            )
        rows = [(0, own, 1)] if os.geteuid() else []
        for first, count in ranges:
            rows.append((sum(row[2] for row in rows), first, count))
        maps.append(tuple(rows))
    _need_programs(maps[0])
    return IdMap(*maps)


def _need_programs(rows: tuple[tuple[int, int, int], ...]) -> None:
    """More than their own id an ordinary user maps by two programs that have the right to."""
    if os.geteuid() == 0 or len(rows) == 1:
        return
    if _user() == str(os.geteuid()):
        raise Blocked(
            "more ids than your own cannot be mapped here",
            why=f"newuidmap serves users that have a name, and /etc/passwd has none for {_user()}",
            hint="Have root give this user a name (useradd), or leave id_map out",
        )
    for program in ("newuidmap", "newgidmap"):
        if not any(os.access(f"{folder}/{program}", os.X_OK) for folder in PROGRAM_FOLDERS):
            raise Blocked(
                "more ids than your own cannot be mapped here",
                why=f"{program} is not installed: it maps what /etc/subuid and /etc/subgid give",
                hint="Have root install it (Debian: apt install uidmap)",
            )


def _granted() -> list[tuple[str, int, list[tuple[int, int]]]]:
    """File, this user's own id, and the ids it gives them, for users and for groups."""
    return [
        ("/etc/subuid", os.geteuid(), _read_subids("/etc/subuid")),
        ("/etc/subgid", os.getegid(), _read_subids("/etc/subgid")),
    ]


def _read_subids(path: str) -> list[tuple[int, int]]:
    try:
        with open(path) as file:  # noqa: PTH123
            rows = [line.strip().split(":") for line in file]
    except OSError:
        return []
    names = (_user(), str(os.geteuid()))
    ours = [row[1:] for row in rows if len(row) == 3 and row[0] in names]
    # As newuidmap reads it: a line that is wrong gives nothing.
    given = [(int(first), int(count)) for first, count in ours if (first + count).isdecimal()]
    return list(dict.fromkeys(each for each in given if each[1] > 0))


def _row(inner: int, outer: int | range) -> tuple[int, int, int]:
    ids = range(outer, outer + 1) if isinstance(outer, int) else outer
    is_right = isinstance(inner, int) and isinstance(ids, range) and ids.step == 1 and len(ids) > 0
    if not is_right or min(inner, ids.start) < 0 or max(inner + len(ids), ids.stop) > _MOST_IDS:
        raise BadInput(
            f"id_map cannot have {inner!r}: {outer!r}",
            why="the first id inside goes with one id of the host, or with a range of them",
        )
    return inner, ids.start, len(ids)


def _check(rows: tuple[tuple[int, int, int], ...]) -> None:
    if not rows or rows[0][0] != 0:
        raise BadInput("id_map says nothing of id 0", why="a sandbox's first process is root in it")
    for column in (0, 1):
        spans = sorted((row[column], row[column] + row[2]) for row in rows)
        for before, after in pairwise(spans):
            if before[1] > after[0]:
                raise BadInput(f"id_map has the id {after[0]} twice")
    if len(rows) > _MOST_LINES:
        raise BadInput("id_map is too long", why=f"the kernel takes {_MOST_LINES} lines")


def _is_within(row: tuple[int, int, int], ranges: list[tuple[int, int]]) -> bool:
    _, first, count = row
    return any(start <= first and first + count <= start + size for start, size in ranges)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _how_to_grant() -> str:
    return (
        f"Have root say: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {_user()}"
    )
