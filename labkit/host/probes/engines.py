"""Container engines and runtimes that run here: asked, not guessed from their presence."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket

from labkit.core.errors import SystemFault
from labkit.host.capability import DEADLINE_S, Probe, first_line, output_of
from labkit.host.packages import install_command, join_command, start_command

_REACH = "reach Docker's daemon"

_RUNTIMES = {
    "containerd": ("containerd, a CRI runtime", ["containerd", "--version"]),
    "runc": ("runc, an OCI runtime", ["runc", "--version"]),
    "crun": ("crun, an OCI runtime", ["crun", "--version"]),
    "lxc": ("LXC, system containers", ["lxc-start", "--version"]),
    "systemd-nspawn": ("systemd-nspawn, system containers", ["systemd-nspawn", "--version"]),
}


def probes() -> tuple[Probe, ...]:
    """Docker, Podman, and the runtimes below them."""
    docker = Probe("docker", "Docker", _docker)
    podman = Probe("podman", "Podman", _podman, fix=install_command("podman"))
    return (docker, podman, *(_runtime(name) for name in _RUNTIMES))


def _runtime(name: str) -> Probe:
    title, argv = _RUNTIMES[name]
    return Probe(name, title, lambda: first_line(argv), fix=install_command(name))


def _docker() -> str:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        return f"server {output_of(['docker', 'version', '--format', '{{.Server.Version}}'])}"
    connection = http.client.HTTPConnection("docker", timeout=DEADLINE_S)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(DEADLINE_S)
    path = host.removeprefix("unix://")
    try:
        connection.sock.connect(path)
        connection.request("GET", "/version")
        version = json.load(connection.getresponse())
    except PermissionError:
        raise SystemFault(
            _REACH, why=f"this user may not open {path}", hint=join_command("docker")
        ) from None
    except (FileNotFoundError, ConnectionRefusedError):
        is_here = shutil.which("dockerd", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
        hint = start_command("docker") if is_here else install_command("docker")
        raise SystemFault(_REACH, why=f"nobody listens at {path}", hint=hint) from None
    except (OSError, ValueError) as error:
        raise SystemFault(_REACH, why=f"{path}: {error}") from None
    finally:
        connection.close()
    return f"server {version.get('Version', '?')}"


def _podman() -> str:
    info = json.loads(output_of(["podman", "info", "--format", "json"]))
    rootless = "rootless" if info["host"]["security"]["rootless"] else "as root"
    return f"{info['version']['Version']}, {rootless}"
