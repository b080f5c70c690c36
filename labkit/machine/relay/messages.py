"""Jupyter's messages, as far as a relay reads them, and the few that it writes itself.

A message is frames: where it goes, a mark, a signature, and four JSON objects, then buffers.
Source: "Messaging in Jupyter" (jupyter_client's documentation), version 5.4.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

DELIMITER = b"<IDS|MSG>"
VERSION = "5.4"

Content = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A request that has not been answered.

    Attributes:
        channel: where it came in: ``shell`` or ``control``.
        idents: whom the answer goes to.
        header: as the client wrote it.
    """

    channel: str
    idents: tuple[bytes, ...]
    header: Content

    @property
    def kind(self) -> str:
        """Such as ``execute_request``."""
        return str(self.header["msg_type"])


class Signer:
    """Writes messages in the name of the kernel.

    Args:
        key: of the connection; no signature without one.
        session: an id for what is written here.
    """

    def __init__(self, key: bytes, session: str) -> None:
        self._key, self._session = key, session

    def frames(
        self, kind: str, content: Content, parent: Content | None, to: Sequence[bytes]
    ) -> list[bytes]:
        """A whole message.

        Args:
            kind: its type.
            content: what it says.
            parent: the header of the request that it belongs to.
            to: the frames before the mark.
        """
        header = {
            "msg_id": secrets.token_hex(16),
            "msg_type": kind,
            "username": "labkit",
            "session": self._session,
            "date": datetime.now(UTC).isoformat(),
            "version": VERSION,
        }
        parts = [json.dumps(part).encode() for part in (header, parent or {}, {}, content)]
        return [*to, DELIMITER, self._sign(parts), *parts]

    def _sign(self, parts: Sequence[bytes]) -> bytes:
        if not self._key:
            return b""
        made = hmac.new(self._key, digestmod=hashlib.sha256)
        for part in parts:
            made.update(part)
        return made.hexdigest().encode()


def read_request(channel: str, frames: Sequence[bytes]) -> Request | None:
    """The request in a client's message; None for what is no message."""
    try:
        mark = frames.index(DELIMITER)
        header = json.loads(frames[mark + 2])
        header["msg_id"], header["msg_type"]
    except (ValueError, IndexError, KeyError, TypeError):
        return None
    return Request(channel, tuple(frames[:mark]), header)


def read_parent(frames: Sequence[bytes]) -> str:
    """The id of the request that a reply answers; empty for what is no reply."""
    try:
        parent = json.loads(frames[frames.index(DELIMITER) + 3])
        return str(parent["msg_id"])
    except (ValueError, IndexError, KeyError, TypeError):
        return ""
