"""Which namespaces there are, who shares them, and going into one."""

from __future__ import annotations

from labkit.sandbox.namespaces.census import namespace_map, shared
from labkit.sandbox.namespaces.entering import enter

__all__ = ["enter", "namespace_map", "shared"]
