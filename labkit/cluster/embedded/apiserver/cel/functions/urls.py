"""url: the parts of a URL. Source: Kubernetes' `apiserver/pkg/cel/library/urls.go`."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from labkit.cluster.embedded.apiserver.cel.functions import Function

URL = ("URL",)
SAFE = "/:@!$&'()*+,;=%-._~"


def read(text: str) -> str:
    """Absolute, or a path: what Go's `ParseRequestURI` takes.

    Raises:
        ValueError: it is neither.
    """
    problem = f'URL parse error during conversion from string: parse "{text}": '
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        raise ValueError(problem + "net/url: invalid control character in URL")
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        raise ValueError(problem + "invalid URI for request") from None
    if not text or (not found.scheme and not text.startswith("/")):
        raise ValueError(problem + "invalid URI for request")
    return text


def _is_one(text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def _host(text: str) -> str:
    return urlsplit(text).netloc.rpartition("@")[2]


def _hostname(text: str) -> str:
    host = _host(text)
    return host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]


def _port(text: str) -> str:
    port = urlsplit(text).port
    return "" if port is None else str(port)


def _query(text: str) -> dict[str, Any]:
    return parse_qs(urlsplit(text).query, keep_blank_values=True)


FUNCTIONS = (
    Function("url", ("string",), "URL", read, is_member=False),
    Function("isURL", ("string",), "bool", _is_one, is_member=False),
    Function("getScheme", URL, "string", lambda text: urlsplit(text).scheme),
    Function("getHost", URL, "string", _host),
    Function("getHostname", URL, "string", _hostname),
    Function("getPort", URL, "string", _port),
    Function("getEscapedPath", URL, "string", lambda text: quote(urlsplit(text).path, SAFE)),
    Function("getQuery", URL, "dyn", _query),
)
