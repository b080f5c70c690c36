"""What a name may be. Each function gives what is wrong with a value, in the API server's words.

Knows nothing about where a name stands. Sources: apimachinery `pkg/util/validation/validation.go`,
`pkg/api/validate/content`, `pkg/api/validation/generic.go`. Lengths are in bytes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from functools import lru_cache

Check = Callable[[str], Sequence[str]]
"""The value → what is wrong with it; nothing wrong: empty."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_WITH_UNDERSCORES = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


def too_long(limit: int) -> str:
    """The words for a label, or a name with a domain, of more than `limit` bytes."""
    return f"must be no more than {limit} bytes"


def name_too_long(limit: int) -> str:
    """The words for a name of more than `limit` bytes, which older code calls characters."""
    return f"must be no more than {limit} characters"


def out_of_range(lowest: int, highest: int) -> str:
    """The words for a number that is not within."""
    return f"must be between {lowest} and {highest}, inclusive"


def mismatch(message: str, pattern: str, *examples: str) -> str:
    """The words for a value that does not match."""
    given = " or ".join(f"'{example}', " for example in examples)
    given = f"e.g. {given}" if examples else ""
    return f"{message} ({given}regex used for validation is '{pattern}')"


def _matching(
    message: str,
    pattern: str,
    *examples: str,
    limit: int | None = None,
    words: Callable[[int], str] = name_too_long,
) -> Check:
    matches = re.compile(pattern).fullmatch
    fault = mismatch(message, pattern, *examples)

    def check(value: str) -> Sequence[str]:
        is_long = limit is not None and len(value) > limit
        if not is_long and matches(value):
            return ()
        return [words(limit or 0)] * is_long + [fault] * (not matches(value))

    return check


dns1123_subdomain = _matching(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'-' or '.', and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
    limit=253,
)
dns1123_subdomain_with_underscores = _matching(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    "'_', '-' or '.', and must start and end with an alphanumeric character",
    rf"{_WITH_UNDERSCORES}(\.{_WITH_UNDERSCORES})*",
    "example.com",
    limit=253,
)
dns1035_label = _matching(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    "my-name",
    "abc-123",
    limit=63,
)
wildcard_dns1123_subdomain = _matching(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    "must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
    "character",
    rf"\*\.{_SUBDOMAIN}",
    "*.example.com",
    limit=253,
)
label_value = _matching(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    f"({_QUALIFIED})?",
    "MyValue",
    "my_value",
    "12345",
    limit=63,
    words=too_long,
)
percent = _matching(
    "a valid percent string must be a numeric string followed by an ending '%'",
    "[0-9]+%",
    "1%",
    "93%",
)
http_header_name = _matching(
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    "[-A-Za-z0-9]+",
    "X-Header-Name",
)
_config_key = _matching(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "[-._a-zA-Z0-9]+",
    "key.name",
    "KEY_NAME",
    "key-name",
    limit=253,
)
_dns1123_label = _matching(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
    limit=63,
)
_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_QUALIFIED_FAULT = mismatch(
    "must consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)


def dns1123_label(value: str) -> Sequence[str]:
    """A name of one part: of containers, volumes, ports of services."""
    if _is_label(value) or not _is_subdomain(value):
        return _dns1123_label(value)
    return [name_too_long(63)] * (len(value) > 63) + ["must not contain dots"]


@lru_cache(maxsize=4096)  # keys of labels are few, and seen at every write
def qualified_name(value: str) -> Sequence[str]:
    """A key of a label: a name, with a subdomain and a slash before it or without."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return (
            f"a valid label key {_QUALIFIED_FAULT} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        )
    wrong = []
    if slash and not prefix:
        wrong.append("prefix part must be non-empty")
    elif slash:
        wrong += [f"prefix part {fault}" for fault in dns1123_subdomain(prefix)]
    if not name:
        wrong.append("name part must be non-empty")
    elif len(name) > 63:
        wrong.append(f"name part {too_long(63)}")
    if not _is_qualified(name):
        wrong.append(f"name part {_QUALIFIED_FAULT}")
    return tuple(wrong)


def path_segment(value: str) -> Sequence[str]:
    """A name that can stand in a path of a URL: the rule of RBAC."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{part}'" for part in "/%" if part in value]


def config_key(value: str) -> Sequence[str]:
    """A key of a ConfigMap or a Secret: it may become the name of a file."""
    return [*_config_key(value), *_leaves_folder(value)]


def _leaves_folder(value: str) -> Sequence[str]:
    if value in (".", ".."):
        return [f"must not be '{value}'"]
    return ["must not start with '..'"] if value.startswith("..") else []


def env_var_name(value: str) -> Sequence[str]:
    """A name of an environment variable, by the relaxed rule that is the default since 1.32."""
    if value.isascii() and value.isprintable() and "=" not in value:
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters "
        "other than '='"
    ]


@lru_cache(maxsize=1024)
def port_name(value: str) -> Sequence[str]:
    """A name of a port of a container (IANA_SVC_NAME)."""
    wrong: list[str] = []
    if len(value) > 15:
        wrong.append(name_too_long(15))
    if not re.fullmatch("[-a-z0-9]+", value):
        wrong.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        wrong.append("must contain at least one letter (a-z)")
    if "--" in value:
        wrong.append("must not contain consecutive hyphens")
    if value[:1] == "-" or value[-1:] == "-":
        wrong.append("must not begin or end with a hyphen")
    return tuple(wrong)


def ip_address(value: str) -> Sequence[str]:
    """An IPv4 or IPv6 address."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def cidr(value: str) -> Sequence[str]:
    """A range of addresses."""
    try:
        ipaddress.ip_network(value, strict=False)
        return [] if "/" in value else [_BAD_CIDR]
    except ValueError:
        return [_BAD_CIDR]


_BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def as_prefix(value: str) -> str:
    """A `generateName` as its rule sees it: a dash at the end is no fault, more will follow."""
    return value[:-2] + "a" if len(value) > 1 and value.endswith("-") else value
