"""Where Debian's packages come from, for apt.

- ``$LABKIT_DEBIAN_MIRROR``: one address, or two, the second for security updates;
- else the host's own sources of Debian, where the host is Debian 12 or newer;
- else deb.debian.org and Debian 12.

What is not Debian's own (other vendors' archives, backports) is left out: the machine owes it
nothing. Whatever the source, apt checks its signature with Debian's keys.
Sources: sources.list(5), os-release(5).
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import BadInput, Blocked
from labkit.host.packages import install_command

VARIABLE = "LABKIT_DEBIAN_MIRROR"
OLDEST = 12
"""The first Debian with a Python that labkit works with (3.11)."""

CODENAME = "bookworm"
MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"

_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_ADDRESS = re.compile(r"(https?|file|copy):/\S+")
_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<rest>.*)"
)


@dataclass(frozen=True)
class Source:
    """One archive, as in a deb822 file. ``signed_by`` is empty where apt's own keys serve."""

    uri: str
    suites: tuple[str, ...]
    signed_by: str = ""

    def __str__(self) -> str:
        lines = ["Types: deb", f"URIs: {self.uri}", f"Suites: {' '.join(self.suites)}"]
        lines.append("Components: main")
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        return "\n".join(lines) + "\n"


def sources(
    environment: Mapping[str, str] = os.environ,
    etc: Path = Path("/etc"),
    keyrings: Path = Path("/usr/share/keyrings"),
) -> str:
    """The deb822 text for apt.

    Raises:
        BadInput: the environment variable is no address.
        Blocked: there are no keys to check Debian's packages with.
    """
    codename = _debian(etc)
    if wanted := environment.get(VARIABLE, "").split():
        return _joined(_mirrored(wanted, codename or CODENAME, _keyring(keyrings)))
    if codename and (own := list(_own(etc / "apt", codename))):
        return _joined(own)
    name, key = codename or CODENAME, _keyring(keyrings)
    return _joined(_mirrored([MIRROR, SECURITY], name, key))


def _debian(etc: Path) -> str:
    """The code name of the host's Debian; empty when it is none, or too old."""
    try:
        release = _os_release(etc)
    except OSError:
        return ""
    number = release.get("VERSION_ID", "")
    is_new = number.isdecimal() and int(number) >= OLDEST
    return release.get("VERSION_CODENAME", "") if release.get("ID") == "debian" and is_new else ""


def _os_release(etc: Path) -> Mapping[str, str]:
    if etc == Path("/etc"):
        return platform.freedesktop_os_release()
    pairs = (line.partition("=") for line in (etc / "os-release").read_text().splitlines())
    return {key: value.strip('"') for key, _, value in pairs}


def _mirrored(addresses: list[str], codename: str, keyring: str) -> list[Source]:
    for address in addresses:
        if not _ADDRESS.fullmatch(address):
            raise BadInput(f"{VARIABLE} names no Debian mirror", why=f"{address!r} is no address")
    made = [Source(addresses[0], (codename, f"{codename}-updates"), keyring)]
    return made + [Source(uri, (f"{codename}-security",), keyring) for uri in addresses[1:2]]


def _keyring(folder: Path) -> str:
    for name in _KEYRINGS:
        if (folder / name).is_file():
            return str(folder / name)
    raise Blocked(
        "what a machine is made of cannot be fetched",
        why="Debian's keys are not installed, so its packages cannot be checked",
        hint=f"Install them: {install_command('debian-archive-keyring')}",
    )


def _own(apt: Path, codename: str) -> Iterator[Source]:
    """The host's sources of Debian proper, in its own words."""
    parts = apt / "sources.list.d"
    listed = [apt / "sources.list", *sorted(parts.glob("*.list"))]
    for text in _texts(listed):
        for line in text.splitlines():
            yield from _one_line(line, codename)
    for text in _texts(sorted(parts.glob("*.sources"))):
        for stanza in re.split(r"\n\s*\n", text):
            yield from _deb822(stanza, codename)


def _texts(files: list[Path]) -> Iterator[str]:
    for file in files:
        try:
            yield file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # not there, or not for this user's eyes


def _one_line(line: str, codename: str) -> Iterator[Source]:
    found = _ONE_LINE.match(line.partition("#")[0].strip())
    if found and _is_debian(found["suite"], codename) and "main" in found["rest"].split():
        options = dict(word.partition("=")[::2] for word in (found["options"] or "").split())
        yield Source(found["uri"], (found["suite"],), options.get("signed-by", ""))


def _deb822(stanza: str, codename: str) -> Iterator[Source]:
    lines = [line for line in stanza.splitlines() if not line.startswith("#")]
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    is_on = fields.get("enabled", "yes").lower() not in ("no", "false", "0")
    suites = tuple(s for s in fields.get("suites", "").split() if _is_debian(s, codename))
    is_main = "main" in fields.get("components", "").split()
    if is_on and suites and is_main and "deb" in fields.get("types", "").split():
        for uri in fields.get("uris", "").split():
            yield Source(uri, suites, fields.get("signed-by", ""))


def _is_debian(suite: str, codename: str) -> bool:
    return suite in (codename, f"{codename}-updates", f"{codename}-security")


def _joined(made: list[Source]) -> str:
    return "\n".join(map(str, dict.fromkeys(made)))
