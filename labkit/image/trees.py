"""Removing a folder and what is below it, without ever following a link.

Knows nothing about images.
"""

from __future__ import annotations

import stat
from pathlib import Path


def remove_tree(path: Path) -> int:
    """Removes a file, a link, or a folder with everything below it. Nothing there is no error.

    A folder that its owner may not write (such as a 0555 ``/proc``) is opened up first.

    Returns:
        Bytes of the files that are gone: a file with a further name elsewhere is not.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    if not stat.S_ISDIR(found.st_mode):
        path.unlink()
        return found.st_size if found.st_nlink == 1 else 0
    if found.st_mode & 0o700 != 0o700:
        path.chmod(0o700)
    freed = sum(remove_tree(child) for child in list(path.iterdir()))
    path.rmdir()
    return freed
