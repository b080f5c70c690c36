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
class Message:
    """What a relay reads of a message.

    Attributes:
        idents: the frames before the mark: whom it comes from, or a topic.
        header: as its writer wrote it.
        parent: the header of the request that it belongs to; empty without one.
        signature: what its writer says is the digest of ``signed``.
        signed: the four JSON objects.
    """

    idents: tuple[bytes, ...]
    header: Content
    parent: Content
    signature: bytes
    signed: tuple[bytes, ...]

    @property
    def kind(self) -> str:
        """Such as ``execute_request``."""
        return str(self.header["msg_type"])

    @property
    def parent_id(self) -> str:
        """The id of the request that this belongs to; empty without one."""
        return str(self.parent.get("msg_id", ""))

    def content(self) -> Content:
        """What it says; empty for what is no JSON object."""
        try:
            found = json.loads(self.signed[3])
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def read_message(frames: Sequence[bytes]) -> Message | None:
    """Reads the frames of a message; None for what is none."""
    try:
        mark = frames.index(DELIMITER)
        signature, *signed = frames[mark + 1 : mark + 6]
        header, parent = json.loads(signed[0]), json.loads(signed[1])
        header["msg_id"], header["msg_type"], signed[3]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if not isinstance(parent, dict):
        return None
    return Message(tuple(frames[:mark]), header, parent, signature, tuple(signed))


class Signer:
    """Writes messages in the name of the kernel, and knows those of its clients.

    Args:
        key: of the connection; without one nothing is signed.
        scheme: ``hmac-`` and the name of a digest of :mod:`hashlib`.

    Attributes:
        session: in every header: the kernel's, which the kernel itself is told, for to a client a
            new one means another kernel.
    """

    def __init__(self, key: bytes, scheme: str = "hmac-sha256") -> None:
        self._digest = scheme.removeprefix("hmac-")
        hashlib.new(self._digest)  # a ValueError now, not with the first message
        self._key, self.session = key, secrets.token_hex(16)

    def is_genuine(self, message: Message) -> bool:
        """Whether somebody wrote it who has the key."""
        return hmac.compare_digest(self._sign(message.signed), message.signature)

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
            "session": self.session,
            "date": datetime.now(UTC).isoformat(),
            "version": VERSION,
        }
        parts = [json.dumps(part).encode() for part in (header, parent or {}, {}, content)]
        return [*to, DELIMITER, self._sign(parts), *parts]

    def _sign(self, parts: Sequence[bytes]) -> bytes:
        if not self._key:
            return b""
        made = hmac.new(self._key, digestmod=self._digest)
        for part in parts:
            made.update(part)
        return made.hexdigest().encode()
