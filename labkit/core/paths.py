"""Where labkit keeps things on this machine.

Two places, both of the user's own:

- **data**: images and progress. ``$LABKIT_HOME``, else ``$XDG_DATA_HOME/labkit``, else
  ``~/.local/share/labkit``.
- **runtime**: journals, logs and mount points of live sessions. ``$LABKIT_HOME/run``, else
  ``$XDG_RUNTIME_DIR/labkit``, else ``/tmp/labkit-UID``.

Source: XDG Base Directory Specification 0.8.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from labkit.core.errors import Blocked


def data_dir() -> Path:
    """The folder of what outlives a session. Made on first use, mode 0700.

    Raises:
        Blocked: the folder cannot be made or written.
    """
    if home := os.environ.get("LABKIT_HOME"):
        return _private(Path(home))
    base = os.environ.get("XDG_DATA_HOME")
    return _private((Path(base) if base else Path.home() / ".local/share") / "labkit")


def runtime_dir() -> Path:
    """The folder of live sessions. Made on first use, mode 0700.

    Raises:
        Blocked: the folder cannot be made or written, or it is somebody else's.
    """
    if home := os.environ.get("LABKIT_HOME"):
        return _private(Path(home) / "run")
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and os.access(base, os.W_OK):
        return _private(Path(base) / "labkit")
    return _private(Path(tempfile.gettempdir()) / f"labkit-{os.getuid()}")


def machines_dir() -> Path:
    """Where the layers and snapshots of microVMs lie: ``$LABKIT_MACHINES``, or in the data folder.

    They are the same for every home, and large. Need not be there yet.

    Raises:
        Blocked: the data folder cannot be made or written.
    """
    if folder := os.environ.get("LABKIT_MACHINES"):
        return Path(folder).absolute()
    return data_dir() / "machine"


def _private(folder: Path) -> Path:
    folder = folder.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise _unusable(folder, error.strerror or str(error)) from error
    if not stat.S_ISDIR(found.st_mode):
        raise _unusable(folder, "it is not a folder")
    if found.st_uid != os.getuid():
        raise _unusable(folder, f"it belongs to user {found.st_uid}, and you are {os.getuid()}")
    if not os.access(folder, os.W_OK):
        raise _unusable(folder, "it is read-only for you")
    return folder


def _unusable(folder: Path, why: str) -> Blocked:
    return Blocked(
        f"labkit cannot use the folder {folder}",
        why=why,
        hint="Set LABKIT_HOME to a folder that you can write",
    )
