"""Reading and writing the course's files: whole or not at all, and the same bytes each time.

Knows nothing about notebooks. Source: rename(2) (a file is replaced in one step).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from labkit.core.errors import BadInput, Blocked

FILE_MODE = 0o644
"""What an editor would give a new file; a temporary file starts with 0600."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in one step: a reader sees the old content or the new, never a part.

    Args:
        path: the file; its folder is made when missing.
        content: all of it.

    Raises:
        BadInput: a file stands where a folder is needed, or a folder where the file should be.
        Blocked: this user may not write there, or the disk is full.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(number, "wb") as file:
            file.write(content)
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else FILE_MODE)
        temporary.replace(path)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        _forget(temporary)
        raise BadInput(
            f"cannot write {path}", why=error.strerror or str(error), hint="Choose another folder"
        ) from error
    except OSError as error:
        _forget(temporary)
        raise Blocked(
            f"cannot write {path}",
            why=error.strerror or str(error),
            hint="Choose a folder that you can write",
        ) from error


def digest(content: bytes) -> str:
    """SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _forget(temporary: Path | None) -> None:
    if temporary:
        with contextlib.suppress(OSError):
            temporary.unlink()
