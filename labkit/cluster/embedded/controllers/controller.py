"""What all controllers share: a queue of keys, a loop, retries that wait longer each time.

A controller says which resources it looks at, and reconciles one key at a time. It can be stopped,
started, and stepped. Source: the controller pattern of Kubernetes' documentation, and client-go's
work queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.status import ApiError

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.store import Change, Key

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.005, 30.0


class Controller:
    """One loop.

    Args:
        api: what it reads and writes through.

    Attributes:
        name: as Kubernetes calls it.
        resources: those whose changes it looks at; empty for all.
    """

    name = ""
    resources: frozenset[str] = frozenset()

    def __init__(self, api: Api) -> None:
        self.api = api
        # Each controller is a service account of its own, with the role that belongs to it.
        account = f"system:serviceaccount:kube-system:{self.name}"
        self.user = User(account, "", ("system:serviceaccounts", "system:masters"), {})
        self._queue: dict[Key, int] = {}
        self._tries: dict[Key, int] = {}
        self._because = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def keys_of(self, change: Change) -> list[Key]:
        """The keys that have to be looked at after a change."""
        return [change.record.key]

    async def reconcile(self, key: Key) -> None:
        """Makes one thing what it should be. What it raises is tried again later."""
        raise NotImplementedError

    def noticed(self, change: Change) -> None:
        """Takes note of a change."""
        if self.resources and change.record.key.resource not in self.resources:
            return
        for key in self.keys_of(change):
            self.add(key, change.revision)

    def add(self, key: Key, because: int = 0) -> None:
        """Puts a key into the queue; one that waits already is there once."""
        self._queue.setdefault(key, because)
        self._wake.set()

    @property
    def is_running(self) -> bool:
        """Whether it takes keys from its queue by itself."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begins to work."""
        if not self.is_running:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Stops after the key that is being looked at; the queue stays."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def step(self) -> Key | None:
        """Looks at one key.

        Returns:
            The key, or None when nothing waits.
        """
        if not self._queue:
            return None
        key = next(iter(self._queue))
        self._because = self._queue.pop(key)
        try:
            await self.reconcile(key)
        except ApiError as error:
            self._try_again(key, error)
        except Exception as error:
            # One key must not end the loop for the others; what went wrong is in the log, whole.
            log.exception("%s: %s", self.name, key)
            self._try_again(key, error)
        else:
            self._tries.pop(key, None)
        return key

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """A request to the API, in this controller's name and for the change it answers to.

        Raises:
            ApiError: what a client would see.
        """
        return await self.api.call(
            self.user, method, path, body, component=self.name, because=self._because, **more
        )

    def _try_again(self, key: Key, error: Exception) -> None:
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        wait_s = min(FIRST_WAIT_S * 2**tries, LONGEST_WAIT_S)
        log.debug("%s: %s: %s; again in %.3f s", self.name, key, error, wait_s)
        asyncio.get_running_loop().call_later(wait_s, self.add, key, self._because)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while await self.step():
                await asyncio.sleep(0)  # others get their turn
