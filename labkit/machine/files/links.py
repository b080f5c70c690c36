"""Links that a guest makes: they stay beneath the export, for programs of the host follow them.

A link may go up as far as the export's own folder, and down from there; ``..`` only at its
beginning. By induction a path through such links never leaves: each starts in the folder where it
really lies. So a link that comes to lie higher is judged anew, and one in a folder moved up, too.

This guards the host's programs (an editor that opens what a guest called ``notes.ipynb``), not this
server, which follows no link at all. Not held: two guests with one folder, one of which makes a
link in the very moment in which the other moves its folder up.

Sources: symlink(7), path_resolution(7).
"""

from __future__ import annotations

import errno
import os
import stat

from labkit.machine.files.beneath import Names, Root, error_of, folder_of, found

_MOST_NAMES = 20_000
"""In a folder that is moved up: looking through these takes a fifth of a second."""


def leads_out(depth: int, target: bytes) -> bool:
    """Whether a link might lead out of the export.

    Args:
        depth: how many folders of the export it lies in, the export itself not counted.
        target: what the link says.
    """
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    up = next((at for at, part in enumerate(parts) if part != b".."), len(parts))
    return target[:1] in (b"/", b"") or b"\0" in target or b".." in parts[up:] or up > depth


def make_link(root: Root, names: Names, target: bytes) -> None:
    """Makes a symbolic link that stays in the export.

    Raises:
        OSError: it would lead out (EACCES).
    """
    if leads_out(len(names) - 1, target):
        raise error_of(errno.EACCES)
    with folder_of(root, names) as (folder, name):
        os.symlink(target, name, dir_fd=folder)


def check_move(root: Root, old: Names, new: Names) -> None:
    """Whether what is called ``old`` may be called ``new``: no link in it leads out then.

    Raises:
        OSError: one would, or there is too much to look through (EXDEV: a guest then copies).
    """
    if len(new) >= len(old):
        return
    with found(root, old) as fd:
        mode = os.fstat(fd).st_mode
        if stat.S_ISLNK(mode) and leads_out(len(new) - 1, os.readlink(b"", dir_fd=fd)):
            raise error_of(errno.EXDEV)
        if stat.S_ISDIR(mode):
            _check_folder(fd, len(new))


def _check_folder(top: int, depth: int) -> None:
    count = 0
    # A folder that cannot be read now may be made readable later.
    for path, folders, files, fd in os.fwalk(b".", dir_fd=top, onerror=_give_up):
        count += len(folders) + len(files)
        if count > _MOST_NAMES:
            raise error_of(errno.EXDEV)
        here = depth + path.count(b"/")
        for name in (*folders, *files):
            is_link = stat.S_ISLNK(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode)
            if is_link and leads_out(here, os.readlink(name, dir_fd=fd)):
                raise error_of(errno.EXDEV)


def _give_up(error: OSError) -> None:
    raise error
