"""Addresses and ports of services: given, asked for, and never given twice.

Knows nothing about HTTP. What is taken is read from the store, so there is nothing to repair.
Source: Kubernetes' service REST storage (`pkg/registry/core/service/storage/alloc.go`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Store

SERVICES = ipaddress.IPv4Network("10.96.0.0/16")
FIRST = SERVICES.network_address + 1
"""The address of the service `kubernetes`, in every cluster's certificate."""
NODE_PORTS = range(30000, 32768)
HEADLESS = "None"


class Allocator:
    """Gives a service what its type has.

    Args:
        store: where all services are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next_address, self._next_port = int(FIRST) + 1, NODE_PORTS.start

    def allocate(self, service: dict[str, Any], old: dict[str, Any] | None) -> None:
        """Writes addresses and ports into a service that is about to be stored, in place.

        Args:
            old: how it is stored now; what it has, it keeps.

        Raises:
            ApiError: 422 where something that was asked for is taken, or cannot be.
        """
        spec = service.setdefault("spec", {})
        was = (old or {}).get("spec") or {}
        if spec.get("type") == "ExternalName":
            for name in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                spec.pop(name, None)
            return
        self._give_address(service, spec, was)
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            self._give_ports(service, spec, was)

    def _give_address(
        self, service: dict[str, Any], spec: dict[str, Any], was: dict[str, Any]
    ) -> None:
        asked = spec.get("clusterIP") or was.get("clusterIP") or ""
        if not asked:
            asked = self._free_address()
        elif asked not in (HEADLESS, was.get("clusterIP")):
            self._check_address(service, asked)
        spec["clusterIP"] = asked
        spec["clusterIPs"] = [asked]

    def _check_address(self, service: dict[str, Any], asked: str) -> None:
        why = ""
        try:
            if ipaddress.ip_address(asked) not in SERVICES:
                why = f"the provided IP ({asked}) is not in the valid range. "
                why += f"The range of valid IPs is {SERVICES}"
        except ValueError:
            return  # its own rules say so
        if not why and asked in set(self._addresses()):
            why = "provided IP is already allocated"
        if why:
            words = f'Invalid value: ["{asked}"]: failed to allocate IP {asked}: {why}'
            _refuse(service, "spec.clusterIPs", words)

    def _free_address(self) -> str:
        taken = set(self._addresses())
        span = SERVICES.num_addresses - 3
        for step in range(span):
            number = int(FIRST) + 1 + (self._next_address - int(FIRST) - 1 + step) % span
            address = str(ipaddress.IPv4Address(number))
            if address not in taken:
                self._next_address = number + 1
                return address
        raise status.internal_error("failed to allocate a serviceIP: range is full")

    def _give_ports(
        self, service: dict[str, Any], spec: dict[str, Any], was: dict[str, Any]
    ) -> None:
        own = {
            (port.get("port"), port.get("protocol")): port["nodePort"]
            for port in was.get("ports") or ()
            if port.get("nodePort")
        }
        taken = set(self._ports()) - set(own.values())
        asked = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
        for index, port in enumerate(spec.get("ports") or ()):
            number = port.get("nodePort") or own.get((port.get("port"), port.get("protocol")))
            if number in taken:
                words = f"Invalid value: {number}: provided port is already allocated"
                _refuse(service, f"spec.ports[{index}].nodePort", words)
            if number and number not in NODE_PORTS:
                words = f"Invalid value: {number}: provided port is not in the valid range. "
                words += f"The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
                _refuse(service, f"spec.ports[{index}].nodePort", words)
            port["nodePort"] = number or self._free_port(taken | set(asked))
            taken.add(port["nodePort"])

    def _free_port(self, taken: set[int]) -> int:
        count = len(NODE_PORTS)
        for step in range(count):
            number = NODE_PORTS[(self._next_port - NODE_PORTS.start + step) % count]
            if number not in taken:
                self._next_port = number + 1
                return number
        raise status.internal_error("failed to allocate a nodePort: range is full")

    def _specs(self) -> Iterator[dict[str, Any]]:
        return (record.object.get("spec") or {} for record in self._store.list("services"))

    def _addresses(self) -> Iterator[str]:
        return (spec["clusterIP"] for spec in self._specs() if spec.get("clusterIP"))

    def _ports(self) -> Iterator[int]:
        ports = (port for spec in self._specs() for port in spec.get("ports") or ())
        return (port["nodePort"] for port in ports if port.get("nodePort"))


def _refuse(service: dict[str, Any], field: str, words: str) -> None:
    cause = status.StatusCause("FieldValueInvalid", words, field)
    raise status.invalid("", "Service", service["metadata"].get("name", ""), [cause])
