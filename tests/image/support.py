"""Tars made by hand, and folders as plain values that can be compared.

Tars are made by Python's ``tarfile``: labkit reads them with code of its own.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO


def entry(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """One entry: a file, unless ``type`` says otherwise. ``fields`` are those of TarInfo."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def folder(name: str, mode: int = 0o755) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.DIRTYPE, mode=mode)


def symlink(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.SYMTYPE, linkname=target)


def hard_link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return entry(name, type=tarfile.LNKTYPE, linkname=target)


def tar_of(
    *entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT, mode: str = "w"
) -> BinaryIO:
    """A tar of these entries, in this order, at its start."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def tree(root: Path, *, owners: bool = False) -> dict[str, tuple[object, ...]]:
    """A folder as a value: path → kind, mode, content or target, time, and owner if asked for."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        owner = (status.st_uid, status.st_gid) if owners else ()
        what = (_content(path, status), stat.S_IFMT(status.st_mode), _mode(status), *owner)
        found["/" + str(path.relative_to(root))] = (*what, int(status.st_mtime))
    return found


def names(root: Path) -> set[str]:
    """Every path below a folder, hidden bookkeeping and all."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def overlay(layers: Sequence[Path], place: Path) -> Path:
    """A copy of what the kernel's overlay of these folders shows; no mount is left.

    As an ordinary user it is mounted in a user namespace, as a rootless sandbox mounts it.
    """
    for part in ("upper", "work", "mounted", "shown"):
        (place / part).mkdir(parents=True)
    lower = ":".join(map(str, layers))
    options = f"lowerdir={lower},upperdir={place}/upper,workdir={place}/work"
    is_root = os.geteuid() == 0
    options += "" if is_root else ",userxattr"
    script = 'mount -t overlay overlay -o "$1" "$2/mounted" && cp -a "$2/mounted/." "$2/shown"'
    how = ["--mount"] if is_root else ["--user", "--map-root-user", "--mount"]
    command = ["unshare", *how, "sh", "-c", script, "sh", options, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "shown"


def _mode(status: os.stat_result) -> int:
    return 0 if stat.S_ISLNK(status.st_mode) else stat.S_IMODE(status.st_mode)


def _content(path: Path, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return f"→ {path.readlink()}"
    if stat.S_ISREG(status.st_mode):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""
