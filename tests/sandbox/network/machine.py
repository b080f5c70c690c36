"""A network namespace that plays the machine, and one behind it that plays the world.

Whatever a test does there, it does not do to this machine: its links, its rules, its ip_forward.
The world answers on TCP port 7 with the address that it sees, and knows no way to any sandbox.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

IN_A_MACHINE = """
import json, os, signal, subprocess, sys, time
from pathlib import Path
from labkit.core.errors import LabkitError
from labkit.core.session import sweep
from labkit.sandbox import Network, Sandbox, network_map
from tests.sandbox.network.machine import *
ip("link", "set", "lo", "up")
"""

MACHINE, WORLD = "198.51.100.1", "198.51.100.2"

SERVE = """
import socketserver
class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.client_address[0].encode())
socketserver.TCPServer.allow_reuse_address = True
server = socketserver.TCPServer(("0.0.0.0", 7), Answer)
print("ready", flush=True)
server.serve_forever()
"""

OWNER = """
import sys, time
from labkit.sandbox import Network, Sandbox
net = Network(sys.argv[1], nat=sys.argv[2] == "nat").start()
boxes = [Sandbox(network=net).start() for _ in range(2)]
print(net.bridge, flush=True)
time.sleep(600)
"""


def in_a_machine(code: str, *, timeout_s: float = 60) -> None:
    """Runs Python code, with the names of this module and some more, in a new network namespace.

    Raises:
        AssertionError: it failed, with what it wrote.
    """
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", IN_A_MACHINE + code],
        capture_output=True, text=True, check=False, timeout=timeout_s,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@contextmanager
def world() -> Iterator[None]:
    """The world, behind a link of this namespace. Inside :func:`in_a_machine`."""
    argv = ["unshare", "--net", sys.executable, "-c", SERVE]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            there = ["nsenter", "--net", "--target", str(server.pid)]
            ip("link", "add", "up0", "type", "veth", "peer", "eth0", "netns", str(server.pid))
            ip("address", "add", f"{MACHINE}/24", "dev", "up0")
            ip("address", "add", f"{WORLD}/24", "dev", "eth0", prefix=there)
            ip("link", "set", "eth0", "up", prefix=there)
            ip("link", "set", "up0", "up")
            yield
        finally:
            server.kill()


def ip(*arguments: str, prefix: list[str] | None = None) -> str:
    """What `ip` writes."""
    argv = [*(prefix or ()), "ip", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def rules() -> str:
    """Every rule for IPv4, as `iptables` sees what nftables has; our tables are none of its."""
    done = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True)
    return "".join(f"{line}\n" for line in done.stdout.splitlines() if not line.startswith("#"))


def tables() -> set[str]:
    """The names of all tables, asked with pyroute2: another's reading of netlink."""
    from pyroute2.nftables.main import NFTables

    with NFTables() as nft:
        return {table.get_attr("NFTA_TABLE_NAME") for table in nft.get_tables()}


def switches() -> dict[str, str]:
    """The switches of forwarding, one and all; without those of a link that goes meanwhile."""
    conf = Path("/proc/sys/net/ipv4")
    names = [conf / "ip_forward", *sorted(conf.glob("conf/*/forwarding"))]
    names += sorted(conf.glob("conf/*/accept_redirects"))
    found = {}
    for path in names:
        with suppress(FileNotFoundError):
            found[str(path)] = path.read_text().strip()
    return found


def fetch() -> list[str]:
    """A command that says how the world sees who asks."""
    return ["sh", "-c", f"nc -w 3 {WORLD} 7 </dev/null"]


@contextmanager
def owner(name: str, *, nat: bool) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Another session with a network and two sandboxes, and the name of its bridge."""
    argv = [sys.executable, "-c", OWNER, name, "nat" if nat else ""]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def helper_of(pid: int) -> int:
    """The helper of a process: its one child."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def links() -> set[str]:
    """The names of the links here."""
    return {line.split()[0].partition("@")[0] for line in ip("-brief", "link").splitlines()}


def is_gone(pid: int) -> bool:
    """Whether a process has ended."""
    return not os.path.exists(f"/proc/{pid}")  # noqa: PTH110
