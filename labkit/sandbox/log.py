"""Where a sandbox's PID 1 writes: a file in the session's folder. Knows nothing about sandboxes."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from labkit.core.errors import SystemFault


def new_log(folder: Path, name: str) -> tuple[Path, int]:
    """A file of nobody else's, and an open descriptor of it that appends."""
    log = folder / f"{name}.{secrets.token_hex(3)}.log"
    try:
        return log, os.open(log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise SystemFault(f"write {log}", errno=error.errno or 0) from error
