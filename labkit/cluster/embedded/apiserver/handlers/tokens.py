"""`continue`: where a list that is given in parts goes on.

Source: apiserver `pkg/storage/continue.go`, version 1.36.
"""

from __future__ import annotations

import base64
import posixpath
import re
from typing import Any

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.schema.go import json_type
from labkit.cluster.embedded.schema.syntax import syntax_error

VERSION = "meta.k8s.io/v1"
NOT_BASE64 = re.compile(r"[^A-Za-z0-9_-]")
INVALID = "continue key is not valid"


class _Invalid(Exception):
    """It is no token; the text says why."""


def make_token(revision: int, start: tuple[str, str]) -> str:
    """Where a list goes on: the revision it is of, and the last object that was given."""
    text = orjson.dumps({"v": VERSION, "rv": revision, "start": "/".join(start)})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_token(token: str) -> tuple[int, tuple[str, str]]:
    """What `make_token` was given.

    Raises:
        ApiError: 400.
    """
    try:
        revision, start = _read(_decoded(token))
    except _Invalid as why:
        raise status.bad_request(f"invalid continue token: {INVALID}{why}") from None
    namespace, _, name = start.rpartition("/")
    return revision, (namespace, name)


def _decoded(token: str) -> Any:
    wrong = NOT_BASE64.search(token)
    if wrong is None and len(token) % 4 != 1:
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise _Invalid(f": {syntax_error(data) or error}") from None
    at = wrong.start() if wrong else len(token) - 1
    raise _Invalid(f": illegal base64 data at input byte {at}")


def _read(said: Any) -> tuple[int, str]:
    """The revision and the key, if both are there."""
    into = "Go value of type storage.continueToken"
    if said is not None and not isinstance(said, dict):
        raise _Invalid(f": json: cannot unmarshal {json_type(said)} into {into}")
    parts: dict[str, Any] = {"v": "", "rv": 0, "start": ""}
    for name, part in (said or {}).items():
        if name in parts and part is not None:
            if type(part) is not type(parts[name]):
                into = f"Go struct field continueToken.{name} of type "
                into += "int64" if name == "rv" else "string"
                raise _Invalid(f": json: cannot unmarshal {json_type(part)} into {into}")
            parts[name] = part
    if parts["v"] != VERSION:
        raise _Invalid(f": server does not recognize this encoded version {parts['v']}")
    if not parts["rv"]:
        raise _Invalid(f": incorrect encoded start resourceVersion (version {VERSION})")
    if not parts["start"]:
        raise _Invalid(f": encoded start key empty (version {VERSION})")
    key = "/" + parts["start"].removeprefix("/")
    if posixpath.normpath(key) != key:
        raise _Invalid(f": {parts['start']}")
    return parts["rv"], parts["start"]
