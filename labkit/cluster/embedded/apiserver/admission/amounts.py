"""Amounts of resources: what a pod asks for in all, and sums that keep how a quantity is written.

Functions of objects; knows nothing about requests and the store. Sources: Kubernetes
`component-helpers/resource` (PodRequests, PodLimits), `apiserver/pkg/quota/v1` (Add, Max).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.kinds.quantity import Quantity, parse

Amounts = dict[str, Quantity]
"""A resource list, read."""

OF_A_POD = ("cpu", "memory")
"""What a pod may ask for as a whole; huge pages besides."""


def read(quantities: Mapping[str, Any] | None) -> Amounts:
    """A resource list of an object."""
    return {name: parse(written) for name, written in (quantities or {}).items()}


def plus(one: Quantity, other: Quantity) -> Quantity:
    """The sum, written as the first of them that is not 0."""
    return Quantity(one.nano + other.nano, one.format if one.nano else other.format)


def add(total: Amounts, more: Amounts) -> None:
    """In place: each amount more."""
    for name, amount in more.items():
        total[name] = plus(total[name], amount) if name in total else amount


def at_least(total: Amounts, least: Amounts) -> None:
    """In place: no amount less than these."""
    for name, amount in least.items():
        if name not in total or total[name] < amount:
            total[name] = amount


def of_pod(spec: Mapping[str, Any], what: str) -> Amounts:
    """What a pod needs at its busiest.

    Containers run together, and beside the sidecars; each other init container runs alone, beside
    the sidecars that were started before it.

    Args:
        spec: of the pod.
        what: `requests` or `limits`.
    """
    total: Amounts = {}
    for container in spec.get("containers") or ():
        add(total, _said(container, what))
    sidecars: Amounts = {}
    busiest: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _said(container, what)
        if container.get("restartPolicy") == "Always":
            add(total, own)
            add(sidecars, own)
            own = dict(sidecars)
        else:
            add(own, sidecars)
        at_least(busiest, own)
    at_least(total, busiest)
    total |= _of_whole(spec, what)
    _add_overhead(total, spec, what)
    return total


def _said(container: Mapping[str, Any], what: str) -> Amounts:
    return read((container.get("resources") or {}).get(what))


def _of_whole(spec: Mapping[str, Any], what: str) -> Amounts:
    own = _said(spec, what)
    return {k: v for k, v in own.items() if k in OF_A_POD or k.startswith("hugepages-")}


def _add_overhead(total: Amounts, spec: Mapping[str, Any], what: str) -> None:
    """What the sandbox itself takes; where nothing is limited, that is not limited either."""
    overhead = read(spec.get("overhead"))
    if what == "limits":
        overhead = {name: amount for name, amount in overhead.items() if name in total}
    add(total, overhead)
