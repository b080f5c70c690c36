"""Should it be: what is asked of every write after it is allowed and read, and before it is stored.

A plug-in changes an object (`admit`) or refuses it (`validate`). First all change, in order, then
all look. Knows nothing about HTTP and patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


@dataclass(slots=True)
class Attempt:
    """One write that is tried.

    Attributes:
        operation: CREATE, UPDATE, DELETE or CONNECT.
        object: what will be stored; a plug-in may change it in `admit`. None for a deletion.
        old: what is stored; None for a creation. Frozen.
        subresource: such as `status`.
        is_dry_run: nothing will be stored, so nothing may be counted.
        warnings: what the client is told.
    """

    api: Api
    request: Request
    resource: Resource
    operation: str
    object: dict[str, Any] | None
    old: dict[str, Any] | None = None
    subresource: str = ""
    is_dry_run: bool = False
    namespace: str = ""
    name: str = ""
    warnings: list[str] = field(default_factory=list)


class Plugin(Protocol):
    """One rule, or a family of them. What it refuses is an `ApiError`, most often `forbidden`."""

    async def admit(self, attempt: Attempt) -> None:
        """May change `attempt.object`."""

    async def validate(self, attempt: Attempt) -> None:
        """May refuse, and changes nothing."""


class Chain:
    """Plug-ins, one after the other."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = tuple(plugins)

    async def admit(self, attempt: Attempt) -> None:
        """Lets each plug-in change the object.

        Raises:
            ApiError: of the first that refuses.
        """
        for plugin in self.plugins:
            await plugin.admit(attempt)

    async def validate(self, attempt: Attempt) -> None:
        """Lets each plug-in look at what will be stored.

        Raises:
            ApiError: of the first that refuses.
        """
        for plugin in self.plugins:
            await plugin.validate(attempt)
