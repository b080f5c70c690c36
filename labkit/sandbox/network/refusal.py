"""Turns what the helper or the kernel refused to a network into an error one can act on.

The meaning is read from errno and the step's name, never from a text of the kernel's.
"""

from __future__ import annotations

import errno
from ipaddress import IPv4Network

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault
from labkit.sandbox.client import Refusal
from labkit.sandbox.network.subnet import room

CAPABILITY = "network"

OTHER_PLACES = (
    "Run the lab as root, or the notebook in a machine of its own (LABKIT_PLACE=microvm), where "
    "you are root"
)

_NOT_ALLOWED = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.ENOSYS)
_NOT_THERE = (errno.EOPNOTSUPP, errno.ENOENT, errno.EPROTONOSUPPORT)
"""What the kernel answers for a kind of link, or of rule, that it does not have."""


def explain(refusal: Refusal, name: str, subnet: str | None) -> LabkitError:
    """The error for a refused step of making or closing the network ``name``."""
    step, number = refusal.step, refusal.errno
    if step == "take the name":
        return BadInput(
            f"a network named {name!r} is there already",
            hint="Take another name, or close that one: net.close()",
        )
    if step.startswith("find a free subnet: "):
        return _overlaps(step.partition(": ")[2], name, subnet)
    if step == "find the network":
        return is_closed(name)
    if step.startswith("pass the firewall: "):
        return Blocked(
            f"network {name!r} cannot reach the world (nat=True)",
            why=f"this machine's firewall drops what is passed on ({step.partition(': ')[2]} has "
            "the policy drop); Docker sets it so",
            hint="Allow it (iptables -P FORWARD ACCEPT), or use the notebook in a machine of its "
            "own (LABKIT_PLACE=microvm)",
            capability=CAPABILITY,
        )
    return _of_the_kernel(step, number, name)


def _of_the_kernel(step: str, number: int, name: str) -> LabkitError:
    if step == "make a namespace for networks" and number in _NOT_ALLOWED:
        return Blocked(
            "networks cannot be made here",
            why="this user has no CAP_NET_ADMIN, and may not make a user namespace in which it "
            "would have it",
            hint=OTHER_PLACES,
            capability=CAPABILITY,
        )
    if step == "make the bridge" and number in _NOT_THERE:
        return _lacks("bridge", name)
    if step == "make the rule for NAT" and number in _NOT_THERE:
        return _lacks("nft_masq and nft_chain_nat (nftables' NAT)", name)
    if step == "make the bridge" and number in _NOT_ALLOWED:
        return Blocked(
            f"network {name!r} cannot be made",
            why="making a link needs CAP_NET_ADMIN, and the kernel says no",
            hint=OTHER_PLACES,
            capability=CAPABILITY,
        )
    if number == errno.EROFS and step == "make the rule for NAT":
        return Blocked(
            f"network {name!r} cannot reach the world (nat=True)",
            why="/proc/sys is read-only here, and net.ipv4.ip_forward is 0",
            hint=OTHER_PLACES,
            capability=CAPABILITY,
        )
    return SystemFault(f"make network {name!r}: {step}", errno=number)


def of_a_start(refusal: Refusal, box: str, name: str, subnet: IPv4Network) -> LabkitError | None:
    """The error for a sandbox that could not be plugged in; None when that was not the reason."""
    if refusal.step == "find the network":
        return is_closed(name)
    if refusal.step == "find a free address":
        places = room(subnet)
        return BadInput(
            f"network {name!r} is full",
            why=f"{subnet} has room for {places} sandbox{'es' if places > 1 else ''}, and each "
            "address is taken",
            hint="End a sandbox that is on it, or make a network with a shorter prefix",
        )
    if refusal.step == "make the veth pair":
        if refusal.errno in _NOT_THERE:
            return _lacks("veth", name)
        return SystemFault(f"plug {box!r} into network {name!r}", errno=refusal.errno)
    return None


def is_closed(name: str) -> BadInput:
    """A network that is not there, not yet or no more."""
    return BadInput(
        f"network {name!r} is not open",
        why="it has not been started, it was closed, or the helper that held it has ended",
        hint="with Network() as net: …, or net.start()",
    )


def needs_root_for_nat(name: str) -> Blocked:
    """NAT without root."""
    return Blocked(
        f"network {name!r} cannot reach the world (nat=True)",
        why="an ordinary user's networks lie in a network namespace of their own, and no link "
        "leads out of it: only root may plug one into the machine's",
        hint=OTHER_PLACES,
        capability=CAPABILITY,
    )


def _overlaps(route: str, name: str, subnet: str | None) -> BadInput:
    if subnet is None:
        return BadInput(
            f"network {name!r} finds no free subnet",
            why=f"this machine's routes lead to every one that it may take (such as {route})",
            hint="Name one yourself: Network(subnet='172.30.0.0/24')",
        )
    return BadInput(
        f"the subnet {subnet} is taken",
        why=f"this machine has a route to {route} already, and packets cannot go both ways",
        hint="Leave subnet out, and labkit takes a free one; `ip route` shows what is taken",
    )


def _lacks(what: str, name: str) -> Blocked:
    return Blocked(
        f"network {name!r} cannot be made",
        why=f"this kernel has no {what}",
        hint="Load its module as root (modprobe), or use the notebook in a machine of its own "
        "(LABKIT_PLACE=microvm)",
        capability=CAPABILITY,
    )
