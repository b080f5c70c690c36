"""What carries whole machines and clusters: QEMU, KVM, a Kubernetes cluster, minikube."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import re
import shutil

from labkit.core.errors import SystemFault
from labkit.host.capability import Probe, first_line, output_of
from labkit.host.packages import install_command, join_command

_KVM_GET_API_VERSION = 0xAE00

OLDEST_QEMU = (7, 2)
"""Debian 12's: older ones lack the machine type that snapshots are made for."""


def probes() -> tuple[Probe, ...]:
    """Machines of our own, QEMU, KVM, a cluster, minikube."""
    return (
        Probe("microvm", "a machine of its own (microVM)", _microvm, fix=install_command("qemu")),
        Probe("qemu", "QEMU, virtual machines", _qemu, fix=install_command("qemu")),
        Probe("kvm", "the KVM device", _kvm),
        Probe("cluster", "a Kubernetes cluster", _cluster, fix="The labs will bring their own"),
        Probe("minikube", "minikube", lambda: first_line(["minikube", "version", "--short"])),
    )


def _qemu() -> str:
    return first_line([f"qemu-system-{platform.machine()}", "--version"])


def read_version(text: str) -> tuple[int, ...]:
    """The version in what QEMU prints of itself; ``(0,)`` when there is none."""
    match = re.search(r"version (\d+(?:\.\d+)+)", text)
    return tuple(map(int, match.group(1).split("."))) if match else (0,)


def _microvm() -> str:
    try:
        said = _qemu()
    except SystemFault:
        said = ""
    if read_version(said) >= OLDEST_QEMU:
        return said
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        return "with a QEMU from Debian's packages, unpacked when it is first needed"
    raise SystemFault("start a machine", why=(said and f"{said} is too old") or "QEMU is missing")


def _kvm() -> str:
    try:
        fd = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        why = "there is no /dev/kvm: machines are emulated, which is slower"
        raise SystemFault("use KVM", why=why) from None
    except PermissionError:
        why = "this user may not open /dev/kvm: machines are emulated, which is slower"
        raise SystemFault("use KVM", why=why, hint=join_command("kvm")) from None
    try:
        version = fcntl.ioctl(fd, _KVM_GET_API_VERSION)
    finally:
        os.close(fd)
    if version != 12:
        raise SystemFault("use KVM", why=f"its interface has version {version}, not 12")
    return "/dev/kvm opens; whether a guest runs, a guest will tell"


def _cluster() -> str:
    context = output_of(["kubectl", "config", "current-context"])
    raw = output_of(["kubectl", "get", "--raw", "/version", "--request-timeout=3s"])
    return f"{context}, {json.loads(raw)['gitVersion']}"
