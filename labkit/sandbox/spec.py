"""What a sandbox is asked to be: checked here, once, before anything is made.

Knows nothing about processes. Errors name the value and say what is allowed.
Sources: hostname(7), capabilities(7). Limits: ``labkit.sandbox.limits``.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from labkit.core.errors import BadInput, NotFound
from labkit.sandbox.facts import NAMESPACE_KINDS, Volume
from labkit.sandbox.identity import IdMap
from labkit.sandbox.limits import Value
from labkit.sandbox.seccomp import DEFAULT, Profile, Seccomp

if TYPE_CHECKING:
    from labkit.sandbox.network.bridge import Network

K = TypeVar("K")
V = TypeVar("V")

ALL = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup")
"""The namespaces of a sandbox unless others are asked for. Time is the eighth kind: containers
share the host's, and so does a sandbox that is given no clocks."""

CAPABILITIES = (
    *("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"),
    *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
)
"""What root may still do inside: Podman's default set."""

ON_A_NETWORK = (*CAPABILITIES, "NET_RAW")
"""And on a network: busybox's ping opens a raw socket and nothing else. Docker's default has it."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}")
_HOSTNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,62}[a-zA-Z0-9])?")
_SPAN = re.compile(r"([+-]?)(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw]?))")
_VARIABLE = re.compile(r"[^=\0]+")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class Spec:
    """A sandbox in words. Every field has been checked."""

    name: str
    hostname: str
    namespaces: tuple[str, ...]
    limits: Mapping[str, Value | None]
    """As the kernel has them (``labkit.sandbox.limits``); None for no limit."""
    volumes: tuple[Volume, ...]
    env: Mapping[str, str]
    cwd: str
    capabilities: tuple[str, ...] | None
    """Those kept; None keeps all."""
    layers: tuple[str, ...]
    """Lower layers of the root, topmost first."""
    clocks: Mapping[str, float]
    """Clock to the seconds that it is ahead of the host's; see time_namespaces(7)."""
    id_map: IdMap | None
    """None for the usual: root keeps all ids, anyone else is root inside."""
    seccomp: Seccomp
    image: str = ""
    default_argv: tuple[str, ...] = ()
    network: str = ""
    """Name of the network it is plugged into; empty for none."""

    @property
    def kernel_limits(self) -> dict[str, Value]:
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
    return tuple(kind for kind in NAMESPACE_KINDS if kind in wanted)


def parse_clocks(clocks: Mapping[str, str | float]) -> dict[str, float]:
    """How far clocks are ahead of the host's: ``{"boottime": "+7d", "monotonic": -3.5}``.

    A number is seconds; a text may end in s, m, h, d or w.
    """
    return {name: _parse_clock(name, value) for name, value in _mapping("clocks", clocks).items()}


def parse_seccomp(choice: Profile | str | None, *, is_privileged: bool) -> Seccomp:
    """The filter of system calls.

    Args:
        choice: ``"auto"``: the default profile where filters can be had, and none for a sandbox
            that keeps every capability; ``"default"``, or a profile: that one; None: none.
        is_privileged: whether every capability is kept.
    """
    if choice is None:
        return Seccomp(None, "none was asked for")
    if choice == "auto":
        return Seccomp(None, "every capability is kept") if is_privileged else Seccomp(DEFAULT, "")
    if choice == "default":
        return Seccomp(DEFAULT, is_asked_for=True)
    if not isinstance(choice, Profile):
        raise BadInput(
            f"seccomp cannot be {choice!r}",
            why="it is 'auto', 'default', a Profile, or None for no filter",
        )
    return Seccomp(choice, is_asked_for=True)


def parse_volumes(volumes: Mapping[str | Path, str]) -> tuple[Volume, ...]:
    """Folders or files of the host to where they are mounted: ``{"data": "/data"}``.

    A target may end in ``:ro`` (read-only) or ``:rw``.
    """
    return tuple(
        _parse_volume(Path(source), target)
        for source, target in _mapping("volumes", volumes).items()
    )


def parse_capabilities(
    names: Iterable[str] | None, namespaces: Iterable[str], *, is_on_a_network: bool = False
) -> tuple[str, ...] | None:
    """Capabilities to keep, with or without ``CAP_``; None for all of them.

    An ordinary user who makes no user namespace has none to drop.
    """
    if names is None or (os.geteuid() != 0 and "user" not in namespaces):
        return None
    if isinstance(names, str):
        raise BadInput(f"{names!r} is one word", why="capabilities is a list, such as ['KILL']")
    from labkit.core.linux import CAPABILITIES as KNOWN

    if names is CAPABILITIES and is_on_a_network:
        names = ON_A_NETWORK
    kept = tuple(name.upper().removeprefix("CAP_") for name in names)
    for name in kept:
        if name not in KNOWN:
            raise NotFound("capability", name, KNOWN, hint="capabilities(7) lists them")
    return kept


def parse_network(network: Network | None, kinds: Iterable[str]) -> Network | None:
    """A network; only what has a network namespace of its own can be plugged in."""
    if network is None:
        return None
    if not callable(getattr(network, "error_of", None)):
        raise BadInput(
            f"network cannot be {network!r}",
            why="it is an open Network: with Network() as net: Sandbox(network=net)",
        )
    if "net" not in kinds:
        raise BadInput(
            "a sandbox without a network namespace cannot be plugged into a network",
            why="it would share the machine's own links",
            hint="Leave 'net' among its namespaces",
        )
    return network


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


def _parse_clock(name: str, value: str | float) -> float:
    if name not in ("boottime", "monotonic"):
        known = ("boottime", "monotonic")
        hint = "Only these two can be set apart: there is one time of day for all"
        raise NotFound("clock", name, known, hint=hint)
    match = _SPAN.fullmatch(str(value).strip())
    if not match or isinstance(value, bool):
        raise BadInput(
            f"the clock {name} cannot be ahead by {value!r}",
            why="it is a number of seconds, or a text such as '+7d', '-2h', '90s'",
        )
    seconds = float(match[2]) * _SECONDS[match[3]]
    return -seconds if match[1] == "-" else seconds


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
