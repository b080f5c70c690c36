"""Paths of files in volumes and profiles: below where they are put, never up.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..rules import Faults


def no_backsteps(value: Any, path: str, faults: Faults) -> None:
    """A path without `..`."""
    if ".." in (value or "").split("/"):
        faults.append(f.invalid(path, value, "must not contain '..'"))


def descending_path(value: Any, path: str, faults: Faults) -> None:
    """A path that stays below."""
    if (value or "").startswith("/"):
        faults.append(f.invalid(path, value, "must be a relative path"))
    no_backsteps(value, path, faults)


def local_path(value: Any, path: str, faults: Faults) -> None:
    """A path that stays below, and whose first part does not begin with two dots."""
    descending_path(value, path, faults)
    if (value or "").startswith("..") and not value.startswith("../"):
        faults.append(f.invalid(path, value, "must not start with '..'"))


def absolute_path(value: Any, path: str, faults: Faults) -> None:
    """A path from the root on."""
    if not (value or "").startswith("/"):
        faults.append(f.invalid(path, value or "", "must be an absolute path"))
