"""This machine's static busybox: found, fetched from the distribution, or asked for by name.

Knows nothing about images.
Sources: busybox(1); os-release(5); apt-get(8) and dpkg-deb(1).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from labkit.core.errors import Blocked
from labkit.core.paths import data_dir
from labkit.image.elf import why_not_static

_PLACES = ("/bin", "/usr/bin", "/sbin", "/usr/sbin")
_NAMES = ("busybox", "busybox.static", "busybox-static")

_FETCH_S = 20
"""Longest wait for the distribution's server: it serves a package of 1 MB or is out of reach."""

_AGAIN_S = 600
"""Wait before a fetch that failed is tried again: it would delay every start of a sandbox."""

_LIST_S = 5

_INSTALL = {
    "debian": "apt-get install busybox-static",
    "fedora": "dnf install busybox",
    "alpine": "apk add busybox-static",
    "arch": "pacman -S busybox",
    "suse": "zypper install busybox-static",
}
"""Family of distributions → the command that brings a static busybox."""


def find_busybox() -> Path | None:
    """The first static busybox on the PATH, in the usual folders, or fetched before."""
    return next((path for path in _candidates() if not why_not_static(path)), None)


def need_busybox() -> Path:
    """A static busybox; fetched from the distribution when there is none and that needs no root.

    Raises:
        Blocked: there is none; says why and which command brings it.
    """
    found = find_busybox() or _fetch()
    if found:
        return found
    seen = "; ".join(f"{path}: {why_not_static(path)}" for path in _candidates())
    raise Blocked(
        "labkit cannot make its base image",
        why=f"it needs a static busybox on this machine ({seen or 'there is none of any kind'})",
        hint=install_command(),
        capability="base-image",
    )


def applets(busybox: Path) -> list[str]:
    """The commands that a busybox has, sorted, without its own name.

    Raises:
        Blocked: it does not run here.
    """
    import subprocess

    try:
        done = subprocess.run(
            [busybox, "--list"], capture_output=True, timeout=_LIST_S, check=True, text=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise Blocked(
            "labkit cannot make its base image",
            why=f"{busybox} does not run: {error}",
            hint=install_command(),
            capability="base-image",
        ) from error
    names = {name for name in done.stdout.split() if re.fullmatch(r"[\w.\[+-]+", name)}
    return sorted(names - {"busybox", ".", ".."})


def install_command(os_release: Path = Path("/etc/os-release")) -> str:
    """What to type on this distribution to get a static busybox."""
    try:
        text = os_release.read_text(errors="replace")
    except OSError:
        text = ""
    families = re.findall(r"^(?:ID|ID_LIKE)=[\"']?([^\"'\n]*)", text, re.MULTILINE)
    words = re.split(r"[\s-]+", " ".join(families).replace("ubuntu", "debian"))
    command = next((_INSTALL[word] for word in words if word in _INSTALL), None)
    if command is None and "rhel" in words:
        command = _INSTALL["fedora"]
    if command is None:
        return f"Put a static busybox at {data_dir() / 'tools' / 'busybox'}"
    return command if os.geteuid() == 0 else f"sudo {command}"


def _candidates() -> Iterator[Path]:
    folders = [*os.get_exec_path(), *_PLACES, str(data_dir() / "tools")]
    for folder in dict.fromkeys(filter(None, folders)):
        for name in _NAMES:
            way = f"{folder}/{name}"  # a Path of each would take longer than all the rest
            if os.access(way, os.X_OK) and Path(way).is_file():
                yield Path(way).absolute()


def _fetch() -> Path | None:
    """Takes the distribution's package apart without installing it. Fails without a word."""
    # All three only here: most machines have a busybox, and each import costs some milliseconds.
    import shutil
    import subprocess
    import tempfile

    tools = data_dir() / "tools"
    tried = tools / "busybox.tried"
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")) or _is_recent(tried):
        return None
    tools.mkdir(exist_ok=True)
    tried.touch()
    with tempfile.TemporaryDirectory(dir=tools, ignore_cleanup_errors=True) as name:
        try:
            found = _unpacked_package(Path(name))
        except (OSError, subprocess.SubprocessError):
            return None
        if found is None or why_not_static(found):
            return None
        return found.rename(tools / "busybox")


def _unpacked_package(folder: Path) -> Path | None:
    import subprocess

    options = ["-q", "-o", "Acquire::Retries=0", "-o", f"Acquire::http::Timeout={_FETCH_S // 2}"]
    commands = (
        ["apt-get", *options, "download", "busybox-static"],
        ["sh", "-c", 'exec dpkg-deb -x "$1"/*.deb "$1/root"', "sh", str(folder)],
    )
    for command in commands:
        subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_FETCH_S,
            check=True,
        )
    ways = (folder / "root" / way for way in ("bin/busybox", "usr/bin/busybox"))
    return next((way for way in ways if way.is_file()), None)


def _is_recent(file: Path) -> bool:
    try:
        return time.time() - file.stat().st_mtime < _AGAIN_S
    except OSError:
        return False
