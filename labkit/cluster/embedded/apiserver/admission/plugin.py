"""What plug-ins share: most do one of the two things."""

from __future__ import annotations

from collections.abc import Sequence
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

    async def close(self) -> None:
        """Ends what it keeps open."""


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


def aggregate(said: Sequence[str]) -> str:
    """Several reasons in one line, each once, as Kubernetes' `NewAggregate` writes them."""
    words = list(dict.fromkeys(said))
    return words[0] if len(words) == 1 else f"[{', '.join(words)}]"


def spec_of(value: dict[str, Any] | None) -> dict[str, Any]:
    """The spec, or an empty one."""
    found: dict[str, Any] = (value or {}).get("spec") or {}
    return found


def marked(attempt: Attempt, storage: str, annotation: str) -> str:
    """The name of the class that an annotation marks as the default one; of several the newest.

    Of equally new ones it is the first by name. Empty where there is none.
    """
    found = [
        one.object["metadata"]
        for one in attempt.api.store.list(storage)
        if (one.object["metadata"].get("annotations") or {}).get(annotation) == "true"
    ]
    newest = max(found, key=lambda about: str(about["creationTimestamp"]), default={"name": ""})
    return str(newest["name"])
