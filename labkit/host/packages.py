"""The command that installs a program on this distribution.

Source: os-release(5); the package names as the distributions list them.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

_MANAGERS = {
    "debian": ("apt", "apt install"),
    "fedora": ("dnf", "dnf install"),
    "rhel": ("dnf", "dnf install"),
    "arch": ("pacman", "pacman -S"),
    "suse": ("zypper", "zypper install"),
    "alpine": ("apk", "apk add"),
}
"""Distribution (ID or ID_LIKE) to its package manager's name and the command to install."""

_NAMES: Mapping[str, Mapping[str, str]] = {
    "docker": {"apt": "docker.io", "": "docker"},
    "busybox": {"apt": "busybox-static", "apk": "busybox-static", "": "busybox"},
    "qemu": {"apt": "qemu-system-x86", "dnf": "qemu-system-x86", "": "qemu-system-x86_64"},
    "systemd-nspawn": {"": "systemd-container", "pacman": "systemd"},
    "kubectl": {"": "kubectl", "apt": "kubernetes-client", "dnf": "kubernetes-client"},
}
"""Program to package: by manager, ``""`` for every other. A program not listed names its own."""


def install_command(program: str) -> str:
    """The command that brings a program, as an ordinary user would type it."""
    manager, command = _manager()
    names = _NAMES.get(program, {})
    package = names.get(manager) or names.get("") or program
    return as_root(f"{command} {package}") if command else f"install the package {package}"


def start_command(service: str) -> str:
    """The command that starts a service that is installed."""
    has_systemd = Path("/run/systemd/system").is_dir()
    return as_root(f"systemctl start {service}" if has_systemd else f"service {service} start")


def join_command(group: str) -> str:
    """The command that makes an ordinary user a member of a group, from the next login on."""
    return f"sudo usermod -aG {group} $USER, then log out and in again"


def as_root(command: str) -> str:
    """A command of root's as this user would type it."""
    return command if os.geteuid() == 0 else f"sudo {command}"


def _manager() -> tuple[str, str]:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "", ""
    for word in (release.get("ID", ""), *release.get("ID_LIKE", "").split()):
        if found := _MANAGERS.get(word.partition("-")[2] if word.startswith("opensuse") else word):
            return found
    return _MANAGERS["suse"] if "suse" in str(release) else ("", "")
