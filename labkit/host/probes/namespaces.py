"""What the labs on namespaces need besides sandboxes: named networks, clocks of one's own.

Each is made once, under a name that nobody else has, and removed.

Sources: ip-netns(8), iptables(8), time_namespaces(7).
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.host.capability import Probe, output_of
from labkit.host.packages import install_command


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
    name = f"labkit-probe-{os.getpid()}"
    output_of(["ip", "netns", "add", name])
    try:
        output_of(["ip", "-n", name, "link", "add", "type", "veth"])
        output_of(["ip", "-n", name, "link", "add", "type", "bridge"])
        nat = ["iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"]
        output_of(["ip", "netns", "exec", name, *nat])
    finally:
        with contextlib.suppress(SystemFault):
            output_of(["ip", "netns", "delete", name])
    return "as root, with ip and iptables"


def _time_namespaces() -> str:
    mine = str(Path("/proc/self/ns/time").readlink())
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    argv = ["unshare", *user, "--time", "--boottime", "60", "--fork"]
    if output_of([*argv, "readlink", "/proc/self/ns/time"]) == mine:
        raise SystemFault("make a time namespace", why="the process stayed in the machine's")
    return "clocks can be moved"
