"""Jupyter's kernel provisioner ``labkit``: starts a notebook's kernel in the place it needs.

Natively that is ipykernel, in a microVM it is the relay; for Jupyter both are one process with a
connection file. Messages go over unix sockets in a private folder: on TCP other users of this
machine could read a notebook's outputs.

Knows nothing about how a machine is made. Source: "Kernel provisioning" (jupyter_client's
documentation), and its ``LocalProvisioner``.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any, cast

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from labkit.machine.able import ask_doctor
from labkit.machine.places import MICROVM, NATIVE, NEEDED, Place, choose
from labkit.machine.sockets_folder import SocketsFolder
from labkit.machine.wanted import PLACE, SINCE, WHY, read_asked

_MODULES = {NATIVE: "ipykernel_launcher", MICROVM: "labkit.jupyter.relay"}
"""What is started for Jupyter. (The relay of the course: it keeps the learner's progress.)"""


class LabkitProvisioner(LocalProvisioner):
    """Provisions a kernel in this machine, or in one of its own."""

    sockets: SocketsFolder | None = None
    place: Place | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Decides the place, and tells it to the kernel.

        Raises:
            LabkitError: a place is wanted that cannot be had.
        """
        env = dict(kwargs.pop("env", None) or os.environ)
        place = self.place = await self._choose(env)
        self._use_sockets()
        kwargs = await super().pre_launch(env=env, **kwargs)
        kwargs["cmd"] = [_module_for(word, place) for word in kwargs["cmd"]]
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        kwargs["env"] |= {PLACE: place.name, WHY: place.why, SINCE: since}
        return kwargs

    async def cleanup(self, restart: bool = False) -> None:
        """Takes the sockets away; a restart keeps their addresses."""
        await super().cleanup(restart=restart)
        if self.sockets and not restart:
            self.sockets.close()
            self.sockets = None

    async def _choose(self, env: dict[str, str]) -> Place:
        asked = read_asked(env, self.kernel_spec.metadata)
        if asked.wish or not asked.requires:
            return choose(asked.requires, asked.wish, {})
        return choose(asked.requires, asked.wish, await ask_doctor((NEEDED, *asked.requires)))

    def _use_sockets(self) -> None:
        """Has Jupyter talk over unix sockets; only the first time, for clients keep the address."""
        manager = cast("Any", self.parent)
        if manager is None or manager.transport == "ipc":
            return
        self.sockets = SocketsFolder()
        manager.transport, manager.ip = "ipc", str(self.sockets.path / "s")


def _module_for(word: str, place: Place) -> str:
    """The kernelspec names the native kernel, so that it says something without this class."""
    if word == "python":
        return sys.executable
    return _MODULES[place.name] if word == _MODULES[NATIVE] else word
