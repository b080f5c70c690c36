"""What goes wrong with a patch, in the words and with the codes of a real API server.

It knows nothing about HTTP: who serves makes a Status of these. Sources: apiserver's
`endpoints/handlers/patch.go`, apimachinery's `util/mergepatch/errors.go` and
`util/managedfields/internal/conflict.go` (v1.35).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

REJECTED = "the server rejected our request due to an error in our request"
"""All that a real API server says of a patch that does not fit the object."""


class BadPatch(Exception):
    """A patch that cannot be applied: `code`, `reason` and `message` of the Status to answer.

    `why` says more than the real server does, for those who look into it.
    """

    def __init__(self, code: int, reason: str, message: str, why: str = "") -> None:
        super().__init__(why or message)
        self.code = code
        self.reason = reason
        self.message = message
        self.why = why or message


class FailedTest(BadPatch):
    """A patch that tests for something that is not so."""


class Cause(NamedTuple):
    """One entry of `details.causes`, of reason FieldManagerConflict."""

    field: str
    message: str


class Conflict(NamedTuple):
    """A field that the applied configuration would change, and the entry that manages it."""

    entry: dict[str, Any]
    path: str

    @property
    def manager(self) -> str:
        """The manager as messages name it: `"kubectl" using apps/v1`."""
        words = json.dumps(self.entry.get("manager", ""), ensure_ascii=False)
        if subresource := self.entry.get("subresource"):
            words += f' with subresource "{subresource}"'
        if self.entry.get("operation") == "Update":
            words += f" using {self.entry.get('apiVersion', '')}"
        return words


class Conflicts(Exception):
    """Others manage fields that would change: 409 Conflict, with `message` and `causes`."""

    def __init__(self, found: Iterable[Conflict]) -> None:
        self.found = tuple(found)
        self.causes = tuple(
            Cause(conflict.path, f"conflict with {conflict.manager}") for conflict in self.found
        )
        self.message = _message(self.found)
        super().__init__(self.message)


def _message(found: tuple[Conflict, ...]) -> str:
    if len(found) == 1:
        return f"Apply failed with 1 conflict: conflict with {found[0].manager}: {found[0].path}"
    lines = []
    for manager in sorted({conflict.manager for conflict in found}):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {conflict.path}" for conflict in found if conflict.manager == manager]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)


def bad_request(message: str) -> BadPatch:
    """The patch itself makes no sense: 400."""
    return BadPatch(400, "BadRequest", message)


def does_not_fit(why: str) -> BadPatch:
    """The patch makes sense, but not for this object: 422, in the server's few words."""
    return BadPatch(422, "Invalid", REJECTED, why)


def failed_test(why: str) -> FailedTest:
    """What a patch tests for is not so: 422, in the server's few words."""
    return FailedTest(422, "Invalid", REJECTED, why)


def unforeseen(message: str) -> BadPatch:
    """What a real API server has no code for: it answers 500 with the error's own words."""
    return BadPatch(500, "", message)
