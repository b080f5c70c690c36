"""The names that images have: ``name[:tag]``, and the same name in its full and its short form.

``hello`` means ``hello:latest``. A name may begin with a registry's host, as in
``localhost:5000/hello``.
Knows nothing about stores.

Sources: OCI Distribution Specification 1.1 ("Pulling manifests": the grammar of names and tags);
the host part is that of https://github.com/distribution/reference.
"""

from __future__ import annotations

import re

from labkit.core.errors import BadInput

LATEST = ":latest"

BASE = "base:latest"
"""The image that labkit makes itself: see ``base``."""

MAX_NAME = 255
"""Characters in a name with its host: the limit that registries keep."""

_WORDS = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:))(?::[0-9]+)?/"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_NAME = re.compile(rf"(?:{_HOST})?{_WORDS}(?:/{_WORDS})*")


def full(reference: str) -> str:
    """A reference with its tag said: ``hello`` becomes ``hello:latest``.

    Raises:
        BadInput: it is no ``name[:tag]``; says which part is wrong.
    """
    name, tag = _split(reference)
    if why := _wrong_name(name) or _wrong_tag(tag):
        raise BadInput(
            f"{reference!r} is not a name for an image",
            why=why,
            hint='Write name or name:tag, such as "hello" or "hello:2"',
        )
    return f"{name}:{tag}"


def short(reference: str) -> str:
    """A full reference as people write it: without ``:latest``."""
    return reference.removesuffix(LATEST)


def _split(reference: str) -> tuple[str, str]:
    """Name and tag. A colon before a slash belongs to a host's port, not to a tag."""
    head, colon, tail = reference.rpartition(":")
    if colon and "/" not in tail:
        return head, tail
    return reference, LATEST[1:]


def _wrong_name(name: str) -> str:
    if _NAME.fullmatch(name):
        return "" if len(name) <= MAX_NAME else f"the name is longer than {MAX_NAME} characters"
    reasons = {
        "the name is empty": not name,
        "it has a line break or another control character": any(c < " " for c in name),
        "it has a space": " " in name,
        "it begins with a slash": name.startswith("/"),
        "it ends with a slash": name.endswith("/"),
        "it has two slashes in a row": "//" in name,
        "a digest (@sha256:…) is not a name": "@" in name,
        "the name has upper-case letters": name != name.lower(),
    }
    unfit = "a name has lower-case letters and digits, with single . _ - / between them"
    return next((why for why, is_so in reasons.items() if is_so), unfit)


def _wrong_tag(tag: str) -> str:
    if re.fullmatch(_TAG, tag):
        return ""
    return "a tag has letters, digits, . _ - and at most 128 of them" if tag else "the tag is empty"
