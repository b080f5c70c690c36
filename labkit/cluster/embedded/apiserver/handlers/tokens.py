"""Where a list that is given in parts goes on: `continue`.

A token says a revision and a place in it; anybody may make one. Source: apiserver
`pkg/storage/continue.go`.
"""

from __future__ import annotations

import base64
import posixpath
import re
from typing import Any, NamedTuple

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.schema.go import json_type
from labkit.cluster.embedded.schema.syntax import syntax_error

VERSION = "meta.k8s.io/v1"
LATEST = -1
"""The revision of a token that goes on with what is there now."""
FOREIGN = re.compile(rb"[^A-Za-z0-9_\-\r\n]")
QUANTUM = 4
"""Letters that three bytes make."""


class Token(NamedTuple):
    """Where a list goes on.

    Attributes:
        revision: which one it is of, or `LATEST`.
        start: the first name that may be given, with its namespace where all are listed. What
            ends with a zero byte lies just behind a name.
    """

    revision: int
    start: str

    def __str__(self) -> str:
        text = orjson.dumps({"v": VERSION, "rv": self.revision, "start": self.start})
        return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_token(text: str) -> Token:
    """A token that was sent.

    Raises:
        ApiError: 400.
    """
    said = _decoded(text)
    if said.get("v", "") != VERSION:
        raise _bad(f"server does not recognize this encoded version {said.get('v', '')}")
    revision, start = said.get("rv", 0), said.get("start", "")
    if not revision:
        raise _bad(f"incorrect encoded start resourceVersion (version {VERSION})")
    if not start:
        raise _bad(f"encoded start key empty (version {VERSION})")
    path = start if start.startswith("/") else f"/{start}"
    clean = posixpath.normpath(path)
    if clean != path or path.startswith("//"):  # Go knows no roots of two slashes
        raise _bad(start)
    return Token(revision, path[1:])


def _decoded(text: str) -> dict[str, Any]:
    data = _unpacked(text.encode())
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _bad(syntax_error(data) or str(error)) from None
    if said is None:
        return {}
    if not isinstance(said, dict):
        what = f"{json_type(said)} into Go value of type storage.continueToken"
        raise _bad(f"json: cannot unmarshal {what}")
    for name, kind, of in (("v", str, "string"), ("rv", int, "int64"), ("start", str, "string")):
        value = said.get(name)
        if value is None:
            said.pop(name, None)
        elif not isinstance(value, kind) or isinstance(value, bool):
            got = f"number {value}" if isinstance(value, float) else json_type(value)
            where = f"Go struct field continueToken.{name} of type {of}"
            raise _bad(f"json: cannot unmarshal {got} into {where}")
    return said


def _unpacked(text: bytes) -> bytes:
    """Base64 without padding, or where it stops being that."""
    if found := FOREIGN.search(text):
        raise _bad(f"illegal base64 data at input byte {found.start()}")
    kept = re.sub(rb"[\r\n]", b"", text)
    if len(kept) % QUANTUM == 1:
        raise _bad(f"illegal base64 data at input byte {len(text) - 1}")
    return base64.urlsafe_b64decode(kept + b"=" * (-len(kept) % QUANTUM))


def _bad(why: str) -> status.ApiError:
    words = f"continue key is not valid: {why}"
    return status.bad_request(f"invalid continue token: {words}")
