"""Text of unknown origin, made harmless and well-formed.

A process may be called ``<script>``, a host name may hold an escape sequence of the terminal, a
path may turn the writing direction round. What is shown is text, and nothing else.

Knows nothing about pictures. Sources: XML 1.0 section 2.2 (characters), Unicode 15 chapters 23.1
(control characters) and 23.2 (bidirectional controls).
"""

from __future__ import annotations

import re
from html import escape as _escape_markup

_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_UNFIT_BUT_LINES = re.compile(_UNFIT.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))

VOLATILE_MARKUP = r'<\w+ class="v[ "][^>]*>[^<]*'
"""Matches, in SVG and HTML, whatever differs from run to run: for ``nbval --sanitize-with``."""


class Volatile(str):
    """A text that differs from run to run or from machine to machine, such as a PID.

    It is drawn like any text, but marked, and nothing in a picture moves with its length.
    """

    __slots__ = ()


class Quiet(Volatile):
    """One that changes whatever anybody does: when one tells what has changed, it is left out."""

    __slots__ = ()


def clean(text: str, *, keep_lines: bool = False) -> str:
    """``text`` with each unfit character replaced by a visible one.

    Args:
        keep_lines: leave line feeds as they are.
    """
    unfit = _UNFIT_BUT_LINES if keep_lines else _UNFIT
    shown = unfit.sub(_visible, text)
    return Volatile(shown) if isinstance(text, Volatile) else shown


def markup(text: str, tag: str = "span") -> str:
    """``text`` for HTML and SVG; a :class:`Volatile` one inside ``<tag class="v">``."""
    escaped = escape(text)
    return f'<{tag} class="v">{escaped}</{tag}>' if isinstance(text, Volatile) else escaped


def escape(text: str) -> str:
    """``text`` for HTML and SVG, unmarked: also fit for an attribute."""
    return _escape_markup(clean(text), quote=True)


def own_address(link: str | None) -> str:
    """``link`` if it is an address in the course, such as ``labs/01/lab.ipynb``; else nothing.

    An address with a scheme could be ``javascript:``, one that begins with ``//`` or a backslash
    another machine.
    """
    shown = clean(link or "").strip()
    return "" if _FOREIGN.match(shown) else shown


_FOREIGN = re.compile(r"[^/?#]*:|[/\\]{2}|\\")
"""RFC 3986, 4.2: in a relative address no colon comes before the first slash."""


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code in (0x09, 0x2028, 0x2029):
        return " "
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures of the control characters
    return "\u2421" if code == 0x7F else "\ufffd"
