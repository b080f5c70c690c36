"""Regular expressions of schemas, in the dialect of Kubernetes: RE2, whose time is linear.

The engine is loaded when the first pattern is asked for. Messages are those of Go's regexp/syntax,
which words what RE2 says in C++ in its own way.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

GO_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}
"""Where the two differ: what C++ says, and what Go says."""


class Pattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> Any:
        """A match anywhere, or None."""


class BadPattern(ValueError):
    """No regular expression; the text is what a real server says of it."""


@lru_cache(maxsize=256)
def go_pattern(pattern: str) -> Pattern:
    """A pattern of a schema, compiled.

    Raises:
        BadPattern: it is no regular expression.
    """
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Pattern = re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0]
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadPattern(_as_go_says_it(text)) from None
    return compiled


def _as_go_says_it(said: str) -> str:
    """`missing ): (` as ``error parsing regexp: missing closing ): `(` ``."""
    if said.startswith("trailing \\"):
        return "error parsing regexp: trailing backslash at end of expression: ``"
    what, _, where = said.partition(": ")
    return f"error parsing regexp: {GO_WORDS.get(what, what)}: `{where}`"
