"""What an expression may use that gives a JSON patch. Source: Kubernetes'
`apiserver/pkg/cel/library/jsonpatch.go`.
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.cel.functions import Function


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


FUNCTIONS = (Function("jsonpatch.escapeKey", ("string",), "string", _escaped, is_member=False),)
