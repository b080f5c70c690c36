"""Formats in the schema of a CRD that nobody looks at: a client is warned of them.

Source: apiextensions-apiserver's pkg/apiserver/validation/formats.go, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

OF_STRINGS = frozenset(
    {
        "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3",
        "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor",
        "byte", "password", "date", "duration", "datetime", "k8sshortname", "k8slongname",
    }
)  # fmt: skip
"""Without dashes, as they are compared."""
KNOWN = {"integer": frozenset({"int32", "int64"}), "number": frozenset({"float", "double"})}


def unrecognized_formats(schema: Any) -> Iterator[str]:
    """The formats in a schema and below that are passed over, in its order."""
    if isinstance(schema, list):
        for part in schema:
            yield from unrecognized_formats(part)
    if not isinstance(schema, Mapping):
        return
    said, kind = schema.get("format"), schema.get("type", "")
    if isinstance(said, str) and said:
        is_text = kind in ("", "string")
        known = OF_STRINGS if is_text else KNOWN.get(kind, frozenset())
        if (said.replace("-", "") if is_text else said) not in known:
            yield said
    for name in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"):
        yield from unrecognized_formats(schema.get(name))
    for part in (schema.get("properties") or {}).values():
        yield from unrecognized_formats(part)
