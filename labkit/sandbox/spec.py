"""What a sandbox is asked to be: checked here, once, before anything is made.

Knows nothing about processes. Errors name the value and say what is allowed.
Sources: cgroup-v2.rst (memory.max, pids.max), hostname(7), docker-run(1) (the 6 MiB floor).
"""

from __future__ import annotations

import os
import re
import secrets
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from labkit.core.errors import BadInput, NotFound
from labkit.sandbox.facts import NAMESPACE_KINDS, Volume

K = TypeVar("K")
V = TypeVar("V")

ALL = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup")
"""The namespaces of a full sandbox. Time is the eighth kind; containers share the host's."""

CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""What root may still do inside: Podman's default set."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SMALLEST_MEMORY = 6 * 1024**2
"""Bytes. Below this a process may not even start; Docker has the same floor."""

MOST_PROCESSES = 1 << 22
"""As many as a 64-bit Linux can have (PID_MAX_LIMIT)."""

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?")
_SIZE = re.compile(r"([0-9]{1,20})([KMGT]?)", re.IGNORECASE)
_VARIABLE = re.compile(r"[^=\0]+")
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


@dataclass(frozen=True)
class Spec:
    """A sandbox in words. Every field has been checked."""

    name: str
    hostname: str
    namespaces: tuple[str, ...]
    limits: Mapping[str, int | None]
    """``memory.max`` in bytes, ``pids.max`` in processes; None for no limit."""
    volumes: tuple[Volume, ...]
    env: Mapping[str, str]
    cwd: str
    capabilities: tuple[str, ...] | None
    """Those kept; None keeps all."""
    layers: tuple[str, ...]
    """Lower layers of the root, topmost first."""
    image: str = ""
    default_argv: tuple[str, ...] = ()

    @property
    def kernel_limits(self) -> dict[str, int]:
        """The limits to write: those that are not "max"."""
        return {name: value for name, value in self.limits.items() if value is not None}


def parse_name(name: str | None) -> str:
    """A sandbox's name, or a new one: ``box-`` and six hexadecimal digits."""
    if name is None:
        return f"box-{secrets.token_hex(3)}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot be the name of a sandbox",
            why="a name has 1 to 63 letters, digits, '_', '.' or '-', and begins with a letter or "
            "a digit",
        )
    return name


def parse_hostname(hostname: str | None, name: str) -> str:
    """The hostname; the sandbox's name when none is given."""
    if hostname is None:
        return re.sub(r"[^a-zA-Z0-9.-]", "-", name).strip("-.")[:63] or "sandbox"
    if not isinstance(hostname, str) or not _HOSTNAME.fullmatch(hostname):
        raise BadInput(
            f"{hostname!r} cannot be a hostname",
            why="a hostname has 1 to 64 letters, digits, '-' or '.', and neither begins nor ends "
            "with '-' or '.' (hostname(7))",
        )
    return hostname


def parse_namespaces(kinds: Iterable[str]) -> tuple[str, ...]:
    """Kinds of namespace, by their names in /proc/PID/ns."""
    if isinstance(kinds, str):
        raise BadInput(f"{kinds!r} is one word", why="namespaces is a list, such as ['pid', 'mnt']")
    wanted = [{"mount": "mnt", "network": "net"}.get(kind, kind) for kind in kinds]
    for kind in wanted:
        if kind not in NAMESPACE_KINDS:
            raise NotFound("namespace", kind, NAMESPACE_KINDS, hint=f"There are {NAMESPACE_KINDS}")
        if kind == "time":
            raise BadInput(
                "a sandbox shares the host's time namespace",
                hint="`unshare --time` makes one by hand",
            )
    return tuple(kind for kind in ALL if kind in wanted)


def parse_limits(limits: Mapping[str, str | int]) -> dict[str, int | None]:
    """Limits by their cgroup v2 names: ``{"memory.max": "64M", "pids.max": 20}``."""
    return {name: _parse_limit(name, value) for name, value in _mapping("limits", limits).items()}


def parse_volumes(volumes: Mapping[str | Path, str]) -> tuple[Volume, ...]:
    """Folders or files of the host to where they are mounted: ``{"data": "/data"}``.

    A target may end in ``:ro`` (read-only) or ``:rw``.
    """
    return tuple(
        _parse_volume(Path(source), target)
        for source, target in _mapping("volumes", volumes).items()
    )


def parse_capabilities(
    names: Iterable[str] | None, namespaces: Iterable[str]
) -> tuple[str, ...] | None:
    """Capabilities to keep, with or without ``CAP_``; None for all of them.

    An ordinary user who makes no user namespace has none to drop.
    """
    if names is None or (os.geteuid() != 0 and "user" not in namespaces):
        return None
    if isinstance(names, str):
        raise BadInput(f"{names!r} is one word", why="capabilities is a list, such as ['KILL']")
    from labkit.core.linux import CAPABILITIES as KNOWN

    kept = tuple(name.upper().removeprefix("CAP_") for name in names)
    for name in kept:
        if name not in KNOWN:
            raise NotFound("capability", name, KNOWN, hint="capabilities(7) lists them")
    return kept


def parse_argv(argv: Sequence[str]) -> list[str]:
    """A command and its arguments."""
    if isinstance(argv, str) or not argv:
        raise BadInput(
            f"{argv!r} is not a command",
            why="a command is a list, such as ['ls', '-l']",
            hint="For a line of shell, say ['sh', '-c', 'echo $HOSTNAME; ls | wc -l']",
        )
    words = [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in argv]
    if any("\0" in word for word in words):
        raise BadInput("an argument holds a NUL character", why="execve(2) ends a word there")
    if not words[0]:
        raise BadInput("'' is not a command", why="the first word names the program")
    return words


def parse_env(env: Mapping[str, str]) -> dict[str, str]:
    """Environment variables; numbers become text."""
    parsed = {str(name): str(value) for name, value in _mapping("env", env).items()}
    for name, value in parsed.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise BadInput(
                f"{name!r} cannot be an environment variable",
                why="its name is not empty and holds no '='; neither name nor value holds a NUL",
            )
    return parsed


def parse_signal(number: int) -> int:
    """A signal's number, such as ``signal.SIGTERM``."""
    if number not in signal.valid_signals():
        raise BadInput(
            f"{number!r} is not a signal", hint="import signal; box.signal(signal.SIGTERM)"
        )
    return int(number)


def parse_cwd(cwd: str) -> str:
    """The folder in the sandbox where the command starts."""
    if not str(cwd).startswith("/") or "\0" in str(cwd):
        raise BadInput(f"{cwd!r} is not a folder of the sandbox", why="it must begin with '/'")
    return str(cwd)


def _mapping(what: str, value: Mapping[K, V]) -> Mapping[K, V]:
    if not isinstance(value, Mapping):
        raise BadInput(f"{what} cannot be {value!r}", why="it is a dict, such as {'name': 'value'}")
    return value


def _parse_limit(name: str, value: str | int) -> int | None:
    if name not in ("memory.max", "pids.max"):
        raise NotFound(
            "limit", name, ("memory.max", "pids.max"), hint="memory.max and pids.max can be set"
        )
    if value == "max":
        return None
    match = _SIZE.fullmatch(str(value).strip())
    number = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if not match or number < 1 or isinstance(value, bool) or (name == "pids.max" and match[2]):
        example = "64M" if name == "memory.max" else "20"
        raise BadInput(
            f"{name} cannot be {value!r}",
            why=f"a limit is a whole number above 0, such as {example}, or 'max' for none",
        )
    if name == "memory.max" and number < SMALLEST_MEMORY:
        raise BadInput(
            f"memory.max cannot be {value!r}",
            why="a process needs 6M to start",
        )
    if number >= (1 << 62 if name == "memory.max" else MOST_PROCESSES):
        raise BadInput(f"{name} cannot be {value!r}", why="that is beyond what the kernel counts")
    return number


def _parse_volume(source: Path, target: str) -> Volume:
    path, _, mode = str(target).partition(":")
    if mode not in ("", "ro", "rw"):
        raise BadInput(f"{target!r} is not a mount point", why=f"its mode is {mode!r}: ro or rw")
    parts = PurePosixPath(path).parts
    if not path.startswith("/") or len(parts) < 2 or ".." in parts or "\0" in path:
        raise BadInput(
            f"a volume cannot be mounted on {path!r}",
            why="the place must begin with '/', not be '/' itself, and hold no '..'",
        )
    if parts[1] in ("proc", "dev"):
        raise BadInput(
            f"a volume cannot be mounted on {path!r}",
            why=f"/{parts[1]} is made anew in every sandbox",
        )
    if "\0" in str(source):
        raise BadInput("the path of a volume holds a NUL character")
    try:
        absolute = source.expanduser().absolute()
        is_there = absolute.exists()
    except (OSError, RuntimeError) as error:  # no right to look; a "~" of nobody
        raise BadInput(f"{source} cannot be mounted", why=str(error)) from error
    if not is_there:
        raise BadInput(
            f"there is no {absolute} to mount",
            hint="Make it first: a volume is a folder of the host that outlives the sandbox",
        )
    where = str(PurePosixPath(*parts))
    return Volume(str(absolute), where, mode == "ro", is_folder=absolute.is_dir())
