"""log, exec, attach, port-forward: bytes to and from a node.

Nodes come with the kubelet. A node that is known to the API and cannot be reached answers as a real
one does that is down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.request import Request


@dataclass(frozen=True, slots=True)
class Stream:
    """A request that goes to a node."""

    request: Request
    node: str
