"""A file that holds a secret: written whole or not at all, and never readable by others on the way.

Knows nothing about what is in it. Sources: open(2) (a mode given at creation holds from the first
moment), rename(2) (a file is replaced in one step).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

PRIVATE = 0o600


def write_private(path: Path, content: bytes, *, like: os.stat_result | None = None) -> None:
    """Writes a file in one step: whoever reads it sees the old content or the new, never a part.

    Args:
        path: the file; its folder is there already.
        content: all of it.
        like: the file that it takes the place of, whose mode and owner it gets. Without, only this
            user may read it.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, PRIVATE), "wb") as file:
            file.write(content)
            file.flush()
            if like:
                _make_like(file.fileno(), like)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def is_private(found: os.stat_result) -> bool:
    """Whether a file is this user's, and nobody else may read or write it."""
    return found.st_uid == os.getuid() and not found.st_mode & 0o077


def _make_like(descriptor: int, like: os.stat_result) -> None:
    if (like.st_uid, like.st_gid) != (os.getuid(), os.getgid()):
        with contextlib.suppress(PermissionError):  # root keeps a file its owner's; others cannot
            os.fchown(descriptor, like.st_uid, like.st_gid)
    os.fchmod(descriptor, like.st_mode & 0o777)
