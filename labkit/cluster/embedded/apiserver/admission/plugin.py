"""What plug-ins share: most do one of the two things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt


class Rule:
    """A plug-in that does nothing; others say what they do."""

    async def admit(self, attempt: Attempt) -> None:
        """May change `attempt.object`."""

    async def validate(self, attempt: Attempt) -> None:
        """May refuse."""


def is_new(attempt: Attempt, storage: str) -> bool:
    """Whether an object of this resource is being created."""
    return (
        attempt.operation == "CREATE"
        and attempt.resource.storage == storage
        and not attempt.subresource
    )


def refuse(attempt: Attempt, why: str) -> status.ApiError:
    """403, of the object that is tried."""
    resource = attempt.resource
    return status.forbidden(resource.group, resource.plural, attempt.name, why)


def spec_of(value: dict[str, Any] | None) -> dict[str, Any]:
    """The spec, or an empty one."""
    found: dict[str, Any] = (value or {}).get("spec") or {}
    return found
