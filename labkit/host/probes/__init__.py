"""Every probe, in the order in which the doctor tells of them."""

from __future__ import annotations

from labkit.host.capability import Probe
from labkit.host.probes import engines, kernel, machines, namespaces


def all_probes() -> tuple[Probe, ...]:
    """The probes of this machine."""
    return (*kernel.probes(), *namespaces.probes(), *engines.probes(), *machines.probes())
