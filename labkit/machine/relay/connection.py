"""Jupyter's connection file. Source: jupyter_client's documentation, "Making kernels"."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput


@dataclass(frozen=True)
class Connection:
    """What the file says.

    Attributes:
        key: signs every message.
        signature_scheme: such as ``hmac-sha256``.
        addresses: the whole file: ``transport``, ``ip``, a port for each channel.
    """

    key: str
    signature_scheme: str
    addresses: Mapping[str, Any]

    def told_to_kernel(self, session: str) -> dict[str, Any]:
        """What a kernel that waits is told: whose it is, and where it is to work.

        Args:
            session: its name, in the headers of its messages.
        """
        return {
            "key": self.key,
            "signature_scheme": self.signature_scheme,
            "session": session,
            "seed": secrets.token_hex(32),
            "cwd": str(Path.cwd()),
            "env": dict(os.environ),
        }


def read_connection(path: Path) -> Connection:
    """Reads a connection file.

    Raises:
        BadInput: there is none, or it is no connection file.
    """
    try:
        found = json.loads(path.read_text())
        return Connection(found["key"], found.get("signature_scheme", "hmac-sha256"), found)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BadInput(
            "the connection file cannot be read",
            why=f"{path}: {error}",
            hint="Jupyter writes it: choose the kernel labkit in a notebook",
        ) from error
