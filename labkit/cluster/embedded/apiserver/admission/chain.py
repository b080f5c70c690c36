"""Should it be: what is asked of every write after it is allowed and read, and before it is stored.

A plug-in changes an object (`admit`) or refuses it (`validate`). First all change, in order, then
all look. When a policy or a webhook has changed an object, all are asked to change it once more: a
container that it has added wants defaults, too. Knows nothing about HTTP and patches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.store import Record


@dataclass(slots=True)
class Memory:
    """What those who change objects remember of one write, from the first round to the second.

    Attributes:
        asked: those that were asked, and want to be asked again when things change.
        due: those of them after which something has changed.
        last_seen: the object as they have left it.
    """

    asked: set[str] = field(default_factory=set)
    due: set[str] = field(default_factory=set)
    last_seen: dict[str, Any] | None = None

    def begin(self, value: dict[str, Any] | None, *, is_second: bool) -> None:
        """A round begins: others that were asked again may have changed the object."""
        if is_second and self.last_seen != value:
            self.something_changed()

    def something_changed(self) -> None:
        """Who was asked before has not seen it."""
        self.due |= self.asked
        self.asked.clear()

    def end(self, value: dict[str, Any] | None) -> None:
        """A round ends."""
        self.last_seen = thaw(value) if value is not None else None


@dataclass(slots=True)
class Rounds:
    """The two rounds in which an object is changed.

    Attributes:
        is_second: whether this is the second.
        is_second_wanted: whether a policy or a webhook has changed something.
        policies: what mutating policies remember.
        webhooks: what mutating webhooks remember.
    """

    is_second: bool = False
    is_second_wanted: bool = False
    policies: Memory = field(default_factory=Memory)
    webhooks: Memory = field(default_factory=Memory)


@dataclass(slots=True)
class Attempt:
    """One write that is tried.

    Attributes:
        operation: CREATE, UPDATE, DELETE or CONNECT.
        object: what will be stored; a plug-in may change it in `admit`. None for a deletion.
        stored: what is there; None for a creation.
        subresource: such as `status`.
        is_dry_run: nothing will be stored, so nothing may be counted.
        warnings: what the client is told.
        rounds: of mutating policies and webhooks.
    """

    api: Api
    request: Request
    resource: Resource
    operation: str
    object: dict[str, Any] | None
    stored: Record | None = None
    subresource: str = ""
    is_dry_run: bool = False
    namespace: str = ""
    name: str = ""
    warnings: list[str] = field(default_factory=list)
    rounds: Rounds = field(default_factory=Rounds)

    @property
    def old(self) -> dict[str, Any] | None:
        """The object that is stored, frozen; None for a creation."""
        return self.stored.object if self.stored else None


class Plugin(Protocol):
    """One rule, or a family of them. What it refuses is an `ApiError`, most often `forbidden`."""

    async def admit(self, attempt: Attempt) -> None:
        """May change `attempt.object`."""

    async def validate(self, attempt: Attempt) -> None:
        """May refuse, and changes nothing."""

    async def close(self) -> None:
        """Ends what it keeps open."""


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
        if attempt.rounds.is_second_wanted:
            attempt.rounds.is_second = True
            for plugin in self.plugins:
                await plugin.admit(attempt)

    async def validate(self, attempt: Attempt) -> None:
        """Lets each plug-in look at what will be stored.

        Raises:
            ApiError: of the first that refuses.
        """
        for plugin in self.plugins:
            await plugin.validate(attempt)

    async def close(self) -> None:
        """Ends what plug-ins keep open."""
        for plugin in self.plugins:
            await plugin.close()
