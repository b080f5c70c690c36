"""What several of the checks and makers share: processes by command, named network namespaces.

Sources: proc(5), namespaces(7), ip-netns(8), ip-link(8).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from labkit.grading import Lab
from labkit.sandbox import HostProcess, processes

AS_ROOT = () if os.geteuid() == 0 else ("--user", "--map-root-user")
"""What ``unshare`` needs besides, where the user is not root."""

NAMED = Path("/run/netns")
_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
_DEADLINE_S = 5.0
_ON_ITS_WAY_S = 1.0


def program(name: str) -> str:
    """Path of a program; an ordinary user's own path lacks some of them."""
    return shutil.which(name, path=_PATH) or name


def command_of(process: HostProcess) -> str:
    words = [Path(process.argv[0]).name, *process.argv[1:]] if process.argv else []
    return " ".join(words)


def with_command(lab: Lab, command: str) -> list[HostProcess]:
    """The living processes with that command, those deepest in namespaces first.

    One that is on its way is waited for: ``nsenter … sleep 7`` becomes ``sleep 7`` in a moment.
    """
    deadline = time.monotonic() + _ON_ITS_WAY_S
    while True:
        commands = {p.pid: command_of(p) for p in lab.processes() if p.state != "Z"}
        found = [p for p in lab.processes() if commands.get(p.pid) == command]
        is_coming = any(words.endswith(f" {command}") for words in commands.values())
        if found or not is_coming or time.monotonic() > deadline:
            return sorted(found, key=lambda p: -len(p.nspid))
        time.sleep(0.02)
        lab.refresh()


def own(kind: str) -> int:
    """Inode number of this process's own namespace of a kind."""
    return os.stat(f"/proc/self/ns/{kind}").st_ino


def wait_for_command(command: str, *, is_in_new: str = "") -> HostProcess:
    """Waits for such a process, if wanted for one in another namespace of some kind than ours."""

    def found() -> HostProcess | None:
        for p in processes():
            is_new = not is_in_new or p.namespaces.get(is_in_new, own(is_in_new)) != own(is_in_new)
            if command_of(p) == command and is_new:
                return p
        return None

    wait_for(lambda: found() is not None)
    process = found()
    assert process is not None
    return process


def wait_for(is_so: Callable[[], bool], timeout_s: float = _DEADLINE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)


# -- named network namespaces ---------------------------------------------------------------------


def run(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        [program(argv[0]), *argv[1:]], capture_output=True, text=True, check=False,
        timeout=_DEADLINE_S, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def inside(name: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a named network namespace."""
    return run(["ip", "netns", "exec", name, program(argv[0]), *argv[1:]])


def is_there(name: str) -> bool:
    """Whether there is a network namespace of that name."""
    return (NAMED / name).exists() and inside(name, "true").returncode == 0


def links(name: str) -> list[dict[str, Any]]:
    """Its links but ``lo``, with their addresses, as ``ip`` reads them from the kernel."""
    done = run(["ip", "-n", name, "-json", "-details", "address"])
    found = json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []
    return [link for link in found if link.get("ifname") not in (None, "lo")]


def addresses(name: str) -> list[str]:
    """Its IPv4 addresses with prefixes, without those of ``lo``."""
    return [
        f"{address['local']}/{address['prefixlen']}"
        for link in links(name)
        for address in link.get("addr_info", [])
        if address.get("family") == "inet"
    ]


def reaches(name: str, address: str) -> bool:
    """Whether a packet from that namespace is answered by an address."""
    return inside(name, "busybox", "ping", "-c", "1", "-W", "1", address).returncode == 0


def make(lab: Lab, script: str, *names: str) -> None:
    """Runs shell commands that make the named namespaces, which are gone when the lab closes."""

    def remove() -> None:
        for name in names:
            run(["ip", "netns", "delete", name])

    remove()
    lab.defer(remove)
    script = f"set -e; PATH={_PATH}\n{script}"
    subprocess.run(["sh", "-c", script], check=True, timeout=10, stdin=subprocess.DEVNULL)
