"""What the labs on namespaces need besides sandboxes: named networks, clocks of one's own.

Each is made once, where it ends with its maker: whatever kills the doctor, nothing is left.

Sources: ip-netns(8), iptables(8), mount_namespaces(7), time_namespaces(7).
"""

from __future__ import annotations

import os
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.host.capability import Probe, output_of
from labkit.host.packages import install_command

_TRY_NAMED = """
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs -o mode=0755 labkit-probe /run
ip netns add probe
ip -n probe link add type veth
ip -n probe link add type bridge
ip netns exec probe iptables -t nat -A POSTROUTING -j MASQUERADE
"""
"""A name is a mount below /run; here that is a /run of this process alone."""


def probes() -> tuple[Probe, ...]:
    """Named network namespaces with links and NAT, time namespaces."""
    return (
        Probe(
            "netns", "named network namespaces, links, NAT", _netns,
            fix=install_command("iptables") if os.geteuid() == 0 else "",
        ),
        Probe("time-namespaces", "time namespaces", _time_namespaces),
    )  # fmt: skip


def _netns() -> str:
    if os.geteuid():
        raise SystemFault("name a network namespace", why="only root of a machine may")
    if not os.access("/run", os.W_OK):
        raise SystemFault("name a network namespace", why="/run cannot be written")
    output_of(["ip", "-V"])  # so that one that is missing is named
    output_of(["iptables", "--version"])
    output_of(["unshare", "--mount", "--propagation", "private", "sh", "-ec", _TRY_NAMED])
    return "as root, with ip and iptables"


def _time_namespaces() -> str:
    mine = str(Path("/proc/self/ns/time").readlink())
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    argv = ["unshare", *user, "--time", "--boottime", "60", "--fork"]
    if output_of([*argv, "readlink", "/proc/self/ns/time"]) == mine:
        raise SystemFault("make a time namespace", why="the process stayed in the machine's")
    return "clocks can be moved"
