"""A cluster: an existing one, or the embedded one. See docs/embedded-cluster.md.

Names are resolved when first used: an embedded cluster's process needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.cluster.cluster import Cluster, connect

__all__ = ["Cluster", "connect"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from labkit.cluster import cluster

    return getattr(cluster, name)
