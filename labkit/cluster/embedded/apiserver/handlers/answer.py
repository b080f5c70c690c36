"""What a handler answers: bytes and a code, or something that goes on.

Knows nothing about sockets: the server writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

JSON = "application/json"
YAML = "application/yaml"


@dataclass(slots=True)
class Answer:
    """A whole answer.

    Attributes:
        code: of HTTP.
        body: as it is sent.
        content_type: of the body.
        warnings: what `Warning` headers say (RFC 7234, code 299), without quotes.
        headers: further ones.
    """

    code: int
    body: bytes
    content_type: str = JSON
    warnings: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: Any, code: int = 200, warnings: list[str] | None = None) -> Answer:
    """An answer that is one JSON document."""
    return Answer(code, orjson.dumps(value), warnings=warnings or [])


def as_text(text: str, code: int = 200) -> Answer:
    """An answer in plain text."""
    return Answer(code, text.encode(), "text/plain; charset=utf-8")
