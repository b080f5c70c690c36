"""``Network``: a bridge that sandboxes are plugged into.

    >>> from labkit.sandbox import Network, Sandbox
    >>> with Network("lab") as net, Sandbox(name="web", network=net) as web:  # doctest: +SKIP
    ...     print(web.address, Sandbox(network=net).run(["ping", "-c1", "web"]).exit_code)
    10.7.0.2 0

Root's networks lie in the machine's own network namespace, where `ip link` shows them; an ordinary
user's in one that a second helper keeps (``labkit.sandbox.helper.apart`` says why). Sources:
ip-link(8), veth(4), capabilities(7).
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import signal
import time
from ipaddress import IPv4Network
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from labkit.core.errors import BadInput, LabkitError, SystemFault, TimedOut
from labkit.core.linux import CAPABILITIES
from labkit.sandbox.client import Client, Refusal, client, client_apart
from labkit.sandbox.network.refusal import explain, is_closed, needs_root_for_nat, of_a_start
from labkit.sandbox.network.subnet import parse_subnet

if TYPE_CHECKING:
    from labkit.sandbox.census import Running

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")
_END_S = 10.0
"""How long sandboxes that were killed may take to go."""


class Network:
    """A network of sandboxes: they reach each other by address and by name.

    Args:
        name: its name, unique among the networks of this notebook; a new one when not given.
        subnet: its addresses, such as ``"10.7.0.0/24"``; when not given, the first of
            10.7.0.0/24, 10.7.1.0/24, … that no route of this machine leads to. The bridge has the
            first address, a sandbox the lowest that is free.
        nat: whether packets may leave for the world, under this machine's address. For root alone.

    Raises:
        BadInput: an argument that cannot be meant; on start, when name or subnet are taken.
        Blocked: on start, when this machine or user may not do it.
    """

    def __init__(
        self, name: str | None = None, subnet: str | None = None, *, nat: bool = False
    ) -> None:
        self.name = _parse_name(name)
        self.is_nat = bool(nat)
        self._candidates = parse_subnet(subnet)
        self._wanted = subnet
        self._client: Client | None = None
        self._subnet: IPv4Network | None = None
        self._bridge = ""
        self._owner_pid = 0

    def start(self) -> Self:
        """Makes the bridge."""
        if self._client is not None:
            raise BadInput(f"network {self.name!r} is open already", hint="net.close() closes it")
        is_privileged = _may_make_links()
        if self.is_nat and not is_privileged:
            raise needs_root_for_nat(self.name)
        helper = client() if is_privileged else client_apart()
        subnets = [[int(one.network_address), one.prefixlen] for one in self._candidates]
        try:
            made, _ = helper.ask(
                {"op": "network", "name": self.name, "subnets": subnets, "nat": self.is_nat}
            )
        except Refusal as refusal:
            raise explain(refusal, self.name, self._wanted) from None
        self._subnet = IPv4Network((made["gateway"] - 1, made["prefix"]))
        self._bridge, self._client, self._owner_pid = made["bridge"], helper, os.getpid()
        return self

    def close(self) -> None:
        """Takes the bridge away. A network that is not open is left as it is.

        Raises:
            BadInput: sandboxes are on it.
        """
        if self._client is None:
            return
        try:
            self.client.ask({"op": "close_network", "name": self.name})
        except Refusal as refusal:
            if refusal.step == "close the network":
                names = ", ".join(box.name for box in self.sandboxes())
                raise BadInput(
                    f"network {self.name!r} is in use",
                    why=f"sandboxes are on it: {names}",
                    hint="Stop them first: box.stop()",
                ) from None
            if refusal.step != "find the network":  # it went with its helper
                raise explain(refusal, self.name, self._wanted) from None
        self._client = None

    def sandboxes(self) -> list[Running]:
        """The sandboxes that are on it now, in the order of their start."""
        from labkit.sandbox.census import running

        session = self.client.session.id
        return [box for box in running() if (box.network, box.session) == (self.name, session)]

    def error_of(self, refusal: Refusal, box: str) -> LabkitError | None:
        """Why ``box`` could not be plugged in; None when something else was refused."""
        return of_a_start(refusal, box, self.name, self.parsed_subnet)

    @property
    def is_open(self) -> bool:
        """Whether it has been started, and not closed since."""
        return self._client is not None

    @property
    def is_apart(self) -> bool:
        """Whether it lies in a network namespace of its own: an ordinary user's does."""
        return self.client.is_apart

    @property
    def subnet(self) -> str:
        """Its addresses, such as ``10.7.0.0/24``."""
        return str(self.parsed_subnet)

    @property
    def gateway(self) -> str:
        """The bridge's address: where a sandbox sends what is for others."""
        return str(self.parsed_subnet.network_address + 1)

    @property
    def bridge(self) -> str:
        """The bridge's name, as `ip link` shows it."""
        self._check_open()
        return self._bridge

    @property
    def parsed_subnet(self) -> IPv4Network:
        """Its addresses, to reckon with."""
        self._check_open()
        assert self._subnet is not None
        return self._subnet

    @property
    def client(self) -> Client:
        """The helper that holds it, and that starts what is plugged into it."""
        self._check_open()
        assert self._client is not None
        return self._client

    def __enter__(self) -> Self:
        return self if self.is_open else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ends the sandboxes that are still on it, then closes it."""
        if not self.is_open:
            return
        deadline = time.monotonic() + _END_S
        while left := self.sandboxes():
            if time.monotonic() > deadline:
                names = ", ".join(box.name for box in left)
                raise TimedOut(f"the end of {names}", after_s=_END_S, last_seen="still running")
            for box in left:
                self.client.ask({"op": "signal", "pid": box.pid, "signal": int(signal.SIGKILL)})
            time.sleep(0.002)
        self._close_when_empty(deadline)

    def __repr__(self) -> str:
        return f"<Network {self.name}: {self._subnet if self.is_open else 'not open'}>"

    def _close_when_empty(self, deadline: float) -> None:
        """Closes; a sandbox that has just ended is on it until the helper has collected it."""
        while True:
            try:
                self.close()
            except BadInput:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
            else:
                return

    def _check_open(self) -> None:
        if self._client is None:
            raise is_closed(self.name)
        if self._owner_pid != os.getpid():
            raise SystemFault(
                f"use network {self.name!r}",
                errno=errno.EPERM,
                why=f"it belongs to process {self._owner_pid}, and this is a fork of that",
                hint="Make a network of its own in the new process",
            )


def _parse_name(name: str | None) -> str:
    if name is None:
        return f"net-{secrets.token_hex(3)}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be the name of a network",
            why="a name has 1 to 63 letters, digits, '_', '.' or '-', and begins with a letter or "
            "a digit",
        )
    return name


def _may_make_links() -> bool:
    """Whether this process has CAP_NET_ADMIN over its network namespace."""
    status = Path("/proc/self/status").read_text()
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    return bool(effective >> CAPABILITIES.index("NET_ADMIN") & 1)
