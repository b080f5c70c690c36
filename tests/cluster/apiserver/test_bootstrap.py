"""What every cluster begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labkit.cluster.embedded.bootstrap import SELF, bootstrap, objects
from tests.cluster.apiserver.plane import Plane, with_plane

PORT = 6443


def test_it_is_as_if_a_client_had_sent_it(tmp_path: Path) -> None:
    found: list[dict[str, Any]] = []

    async def made(plane: Plane) -> None:
        await bootstrap(plane.api, PORT)
        found.append(_there(plane))

    async def sent(plane: Plane) -> None:
        for path, value in objects(PORT):
            if value["metadata"]["name"] != "default":  # a bare control plane has it
                await plane.call("POST", path, value, user=SELF, component="kube-apiserver")
        found.append(_there(plane))

    with_plane(tmp_path / "made", made, is_bare=True)
    with_plane(tmp_path / "sent", sent, is_bare=True)
    assert len(found[0]) > 100
    assert found[0] == found[1]


def _there(plane: Plane) -> dict[str, Any]:
    """Every object, without what differs each time."""
    seen = {}
    for change in plane.store.changes():
        value = change.record.copy()
        about = value["metadata"]
        del about["uid"], about["creationTimestamp"], about["resourceVersion"]
        for entry in about.get("managedFields", ()):
            del entry["time"]
        seen[str(change.record.key)] = (change.cause.component, value)
    return seen
