"""What the kernel offers this user: namespaces, cgroups, a sandbox, limits.

Each is found out by starting a sandbox that needs it.
"""

from __future__ import annotations

import os
import platform
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.host.capability import Probe
from labkit.host.packages import install_command


def probes() -> tuple[Probe, ...]:
    """Kernel, memory, cgroups, user namespaces, the base image, the sandbox, its limits."""
    return (
        Probe("linux", "a Linux kernel", _linux, is_basic=True),
        Probe("memory", "memory for the labs", _memory),
        Probe("cgroup-v2", "cgroup v2 with memory and pids", _cgroup_v2),
        Probe("user-namespaces", "user namespaces", _user_namespaces, fix=_user_namespaces_fix()),
        Probe(
            "base-image", "the base image (static busybox)", _base_image,
            fix=install_command("busybox"), is_basic=True,
        ),
        Probe("sandbox", "containers from scratch", _sandbox, is_basic=True),
        Probe("limits", "limits on memory and processes", _limits),
    )  # fmt: skip


def _linux() -> str:
    if platform.system() != "Linux":
        raise SystemFault("find a Linux kernel", why=f"this is {platform.system()}")
    return f"{platform.release()} on {platform.machine()}, {os.cpu_count()} CPUs"


def _memory() -> str:
    lines = Path("/proc/meminfo").read_text().splitlines()
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
    return f"{kib['MemAvailable'] / 1024**2:.1f} GiB free of {kib['MemTotal'] / 1024**2:.1f} GiB"


def _cgroup_v2() -> str:
    from labkit.sandbox.cgroups import find_places

    places = find_places().values()
    if any(place.version == 1 for place in places):
        raise SystemFault(
            "use cgroup v2 here",
            why="this machine keeps memory and pids in cgroup v1; limits work through v1's files",
        )
    for place in places:
        if not place.base:
            raise SystemFault("use cgroup v2 here", why=place.why_not)
    return "delegated to you"


def _user_namespaces() -> str:
    from labkit.sandbox import Sandbox

    Sandbox(namespaces=("user",)).run(["true"], timeout_s=5)
    return f"user {os.geteuid()} may make them"


def _user_namespaces_fix() -> str:
    sudo = "" if os.geteuid() == 0 else "sudo "
    switches = {
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "0",
        "/proc/sys/kernel/unprivileged_userns_clone": "1",
    }
    for path, wanted in switches.items():
        file = Path(path)
        if file.exists() and file.read_text().strip() != wanted:
            name = path.removeprefix("/proc/sys/").replace("/", ".")
            return f"{sudo}sysctl -w {name}={wanted}"
    return ""


def _base_image() -> str:
    from labkit.image import base_image

    return str(base_image().reference)


def _sandbox() -> str:
    from labkit.sandbox import Sandbox

    result = Sandbox().run(["true"], timeout_s=5)
    if result.exit_code:
        raise SystemFault("run `true` in a sandbox", why=f"exit code {result.exit_code}")
    return "as root" if os.geteuid() == 0 else "without root"


def _limits() -> str:
    from labkit.sandbox import Sandbox

    limits: dict[str, str | int] = {"memory.max": "32M", "pids.max": 10}
    result = Sandbox(limits=limits).run(["true"], timeout_s=5)
    if result.exit_code:
        raise SystemFault("run `true` under a limit", why=f"exit code {result.exit_code}")
    from labkit.sandbox.cgroups import find_places

    return f"by cgroup v{find_places()['memory'].version}"
