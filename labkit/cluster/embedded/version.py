"""Which Kubernetes the embedded cluster is. Said here, nowhere else."""

from __future__ import annotations

MINOR = 36
VERSION = f"1.{MINOR}"
GIT_VERSION = f"v{VERSION}.0+labkit"
"""As `kubectl version` shows it: the words after the plus say that it is not Kubernetes' own."""
