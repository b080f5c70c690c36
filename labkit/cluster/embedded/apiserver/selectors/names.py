"""What may be the key and the value of a label.

The messages are those of k8s.io/apimachinery (``IsQualifiedName``, ``IsValidLabelValue``): clients
show them, and people search for them.
"""

from __future__ import annotations

import re

NAME_BYTES = 63
PREFIX_BYTES = 253

_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_NAME})?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"

_ALPHANUMERIC = (
    "consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character"
)
_NAME_SHAPE = (
    f"must {_ALPHANUMERIC} (e.g. 'MyName',  or 'my.name',  or '123-abc',"
    f" regex used for validation is '{_NAME}')"
)
_VALUE_SHAPE = (
    f"a valid label must be an empty string or {_ALPHANUMERIC} (e.g. 'MyValue',  or 'my_value',"
    f"  or '12345', regex used for validation is '{_VALUE}')"
)
_SUBDOMAIN_SHAPE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'example.com',"
    f" regex used for validation is '{_SUBDOMAIN}')"
)
_TOO_MANY_PARTS = (
    f"a valid label key {_NAME_SHAPE} with an optional DNS subdomain prefix and '/'"
    " (e.g. 'example.com/MyName')"
)


def faults_of_key(key: str) -> list[str]:
    """What is wrong with the key of a label: ``name``, or ``prefix/name``. Empty if nothing."""
    prefix, *rest = key.split("/")
    if not rest:
        return _faults_of_name(prefix)
    if len(rest) > 1:
        return [_TOO_MANY_PARTS]
    return _faults_of_prefix(prefix) + _faults_of_name(rest[0])


def faults_of_value(value: str) -> list[str]:
    """What is wrong with the value of a label. Empty if nothing."""
    faults = [_too_long(NAME_BYTES)] if len(value.encode()) > NAME_BYTES else []
    return faults if re.fullmatch(_VALUE, value) else [*faults, _VALUE_SHAPE]


def _faults_of_prefix(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    faults = [_too_long(PREFIX_BYTES)] if len(prefix.encode()) > PREFIX_BYTES else []
    if not re.fullmatch(_SUBDOMAIN, prefix):
        faults.append(_SUBDOMAIN_SHAPE)
    return [f"prefix part {fault}" for fault in faults]


def _faults_of_name(name: str) -> list[str]:
    faults = []
    if not name:
        faults.append("name part must be non-empty")
    elif len(name.encode()) > NAME_BYTES:
        faults.append(f"name part {_too_long(NAME_BYTES)}")
    return faults if re.fullmatch(_NAME, name) else [*faults, f"name part {_NAME_SHAPE}"]


def _too_long(most: int) -> str:
    return f"must be no more than {most} bytes"
