"""A control plane in the test's own process, without sockets: requests in, objects out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.bootstrap import bootstrap
from labkit.cluster.embedded.controlplane import ControlPlane

ADMIN = User("admin", "", ("system:masters", "system:authenticated"), {})
PATIENCE_S = 20.0


class Plane:
    """What a test asks a control plane.

    Args:
        plane: the control plane; its controllers run.
    """

    def __init__(self, plane: ControlPlane) -> None:
        self.plane, self.api, self.store = plane, plane.api, plane.store

    async def call(self, method: str, path: str, body: Any = None, **more: Any) -> dict[str, Any]:
        """A request of an administrator, or of `user`."""
        return await self.api.call(more.pop("user", ADMIN), method, path, body, **more)

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> ApiError:
        """The error that a request is answered with."""
        with pytest.raises(ApiError) as caught:
            await self.call(method, path, body, **more)
        return caught.value

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Waits until something is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, "it did not become so"
            await asyncio.sleep(0.005)


@asynccontextmanager
async def control_plane(folder: Path, *, is_bare: bool) -> AsyncIterator[Plane]:
    """A control plane that works, and is closed at the end; a bare one has a namespace, no more."""
    plane = ControlPlane(folder)
    try:
        if is_bare:
            body = {"metadata": {"name": "default"}}
            await plane.api.call(ADMIN, "POST", "/api/v1/namespaces", body)
            yield Plane(plane)
            return
        await bootstrap(plane.api, 6443)
        plane.manager.start()
        found = Plane(plane)
        where = "/api/v1/namespaces/default/serviceaccounts"
        await found.until(lambda: bool(plane.store.list("serviceaccounts", "default")))
        assert (await found.call("GET", where))["items"]
        yield found
    finally:
        await plane.stop()


def with_plane(
    folder: Path, test: Callable[[Plane], Awaitable[None]], *, is_bare: bool = False
) -> None:
    """Runs a test in a control plane of its own."""

    async def run() -> None:
        async with control_plane(folder, is_bare=is_bare) as plane:
            await test(plane)

    asyncio.run(run())


def config_map(name: str, **about: Any) -> dict[str, Any]:
    """A small object, with more of its metadata."""
    return {"metadata": {"name": name, **about}, "data": {"a": "1"}}


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """A pod, with more of its spec."""
    containers = [{"name": "main", "image": "busybox:1.36"}]
    return {"metadata": {"name": name}, "spec": {"containers": containers, **spec}}
