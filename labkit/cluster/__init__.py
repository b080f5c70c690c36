"""A cluster: an existing one, or the embedded one. See docs/embedded-cluster.md."""

from __future__ import annotations

from labkit.cluster.cluster import Cluster, connect

__all__ = ["Cluster", "connect"]
