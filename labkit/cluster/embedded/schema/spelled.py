"""Formats of strings that are spelled out: names of hosts, addresses, lengths of time.

Source: kube-openapi's pkg/validation/strfmt/default.go and duration.go, Go's `net.ParseMAC` and
`time.ParseDuration`, version 1.36.
"""

from __future__ import annotations

import base64
import ipaddress
import re
import unicodedata
from collections.abc import Callable

_HOSTNAME = re.compile(r"[a0s](-?[a0s]{0,62})?|([a0s]([a0s-]{0,61}[a0s])?\.)+a{2,63}")
"""Of a name in which each character stands for its kind: see `_kind`."""
_LONGEST_NAME, _LONGEST_LABEL = 255, 63
_BYTE = "[0-9a-fA-F]{2}"
_MAC = re.compile(
    f"({_BYTE}[:-]){{5}}({_BYTE}[:-]){{0,2}}{_BYTE}|({_BYTE}[:-]){{19}}{_BYTE}"
    rf"|({_BYTE}{_BYTE}\.){{2,3}}{_BYTE}{_BYTE}|({_BYTE}{_BYTE}\.){{9}}{_BYTE}{_BYTE}"
)
_BYTES_OF_MAC = (6, 8, 20)
_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_LENGTH = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|[+-]?0", re.ASCII)
_PART = re.compile(r"([0-9]+)\s*([A-Za-zµ]+)")
_UNITS = ("ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk")
_BEGINNINGS = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
"""Of units that are written out: `seconds`, `days`."""


def _kind(character: str) -> str:
    if character in ".-":
        return character
    if character.isascii() and character.isdigit():
        return "0"
    kind = unicodedata.category(character)[0]
    return {"L": "a", "S": "s"}.get(kind, "!")


def _hostname(text: str) -> bool:
    sizes = [len(label.encode()) for label in text.split(".")]
    if sum(sizes) + len(sizes) - 1 > _LONGEST_NAME or max(sizes) > _LONGEST_LABEL:
        return False
    return _HOSTNAME.fullmatch("".join(map(_kind, text))) is not None


def _mac(text: str) -> bool:
    signs = set(text) & set(":-.")
    length = sum(one not in ":-." for one in text) // 2
    return len(signs) == 1 and length in _BYTES_OF_MAC and _MAC.fullmatch(text) is not None


def _ipv4(text: str) -> object:
    """Zeros before a number are borne."""
    return ipaddress.IPv4Address(_ZEROS.sub("", text))


def _duration(text: str) -> bool:
    """One of Go's; or anything in which a number has a unit, long or short."""
    if _LENGTH.fullmatch(text):
        return True
    return any(
        unit.lower() in _UNITS or unit.lower().startswith(_BEGINNINGS)
        for _, unit in _PART.findall(text)
    )


def _byte(text: str) -> bool:
    return bool(text) and base64.b64decode(text, validate=True) is not None


FORMATS: dict[str, Callable[[str], object]] = {
    "hostname": _hostname,
    "mac": _mac,
    "ipv4": _ipv4,
    "duration": _duration,
    "byte": _byte,
}
