"""Field names as an expression writes them.

An expression can name what is an identifier, so `-`, `.`, `/` and `__` are spelt out, and so are
the words that CEL keeps for itself. Source: Kubernetes' `apiserver/pkg/cel/escaping.go`.
"""

from __future__ import annotations

import re

RESERVED = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
        "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void",
        "while",
    }
)  # fmt: skip
SPELT = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
POSSIBLE = re.compile(r"[A-Za-z_./-][A-Za-z0-9_./-]*")
TO_SPELL = re.compile(r"__|[-./]")


def escaped(name: str) -> str | None:
    """The identifier for a field; None for one that no expression can name."""
    if name in RESERVED:
        return f"__{name}__"
    if not POSSIBLE.fullmatch(name):
        return None
    return TO_SPELL.sub(lambda found: SPELT[found[0]], name)
