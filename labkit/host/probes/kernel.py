"""What the kernel offers this user: namespaces, cgroups, a sandbox, limits, links.

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
    """Kernel, memory, cgroups, user namespaces, the base image, the sandbox, its limits, links."""
    return (
        Probe("linux", "a Linux kernel", _linux, is_basic=True),
        Probe("memory", "memory for the labs", _memory),
        Probe("cgroup-v2", "cgroup v2, all of it", _cgroup_v2),
        Probe("user-namespaces", "user namespaces", _user_namespaces, fix=_user_namespaces_fix()),
        Probe(
            "base-image", "the base image (static busybox)", _base_image,
            fix=install_command("busybox"), is_basic=True,
        ),
        Probe("sandbox", "containers from scratch", _sandbox, is_basic=True),
        Probe("limits", "limits on memory and processes", _limits),
        Probe("cpu-limits", "limits on CPU time", _cpu_limits),
        Probe("seccomp", "filters of system calls", _seccomp),
        Probe("network", "networks of sandboxes (bridge, veth)", _network),
    )  # fmt: skip


def _linux() -> str:
    if platform.system() != "Linux":
        raise SystemFault("find a Linux kernel", why=f"this is {platform.system()}")
    return f"{platform.release()} on {platform.machine()}, {os.cpu_count()} CPUs"


def _memory() -> str:
    lines = Path("/proc/meminfo").read_text().splitlines()
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in lines}
    return f"{kib['MemAvailable'] / 1024**2:.1f} GiB free of {kib['MemTotal'] / 1024**2:.1f} GiB"


_V2 = ("memory", "cpu", "io", "pids", "cpuset")
"""The controllers of the labs on cgroups."""
_SOMEBODY = (65534, 65534)
"""Uid and gid of whoever a group is given to: nobody."""


def _cgroup_v2() -> str:
    """Makes a group with all controllers, and gives it away as delegation does."""
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
    base = Path(next(iter(places)).base)
    group = base / f"labkit-probe-{os.getpid()}"
    try:
        (base / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in _V2))
        group.mkdir()
        os.chown(group, *_SOMEBODY)
    finally:
        if group.exists():
            group.rmdir()
    return f"{', '.join(_V2)} in groups below {base}, which may be given away"


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


def _seccomp() -> str:
    from labkit.sandbox import Sandbox

    ran = Sandbox(seccomp="default").run(["grep", "^Seccomp:", "/proc/self/status"], timeout_s=5)
    if ran.stdout.split() != ["Seccomp:", "2"]:
        raise SystemFault("filter system calls", why=f"the kernel says {ran.stdout!r}")
    return "every sandbox has one"


def _cpu_limits() -> str:
    from labkit.sandbox import Sandbox

    limits: dict[str, str | int] = {"cpu.max": "50%", "cpuset.cpus": "0"}
    result = Sandbox(limits=limits).run(["true"], timeout_s=5)
    if result.exit_code:
        raise SystemFault("run `true` on a share of a CPU", why=f"exit code {result.exit_code}")
    return "a share, and on which CPUs"


def _network() -> str:
    from labkit.sandbox import Network, Sandbox

    with Network() as network:
        argv = ["ping", "-c", "1", "-W", "2", network.gateway]
        result = Sandbox(network=network).run(argv, timeout_s=5)
        if result.exit_code:
            raise SystemFault(
                "reach the bridge from a sandbox", why=f"exit code {result.exit_code}"
            )
        is_apart = network.is_apart
    if is_apart:
        return "in a namespace of their own, without a way out (that needs root)"
    return "in the machine's network namespace"
