"""Unpacks Debian packages into a folder, without running anything that is in them.

``/bin``, ``/sbin`` and ``/lib*`` are links into ``/usr`` (merged /usr), whatever the package says.
What only people who install packages read (manuals, licences' copies aside) is left out.

Knows nothing about what the packages are for. Sources: deb(5), dpkg-deb(1), file-hierarchy(7);
Debian Policy 4.6 chapter 9 and the technical committee's decision on merged /usr (#978636).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import IO

from labkit.core.errors import SystemFault
from labkit.machine.layers.programs import failure

MERGED = ("bin", "sbin", "lib", "lib64", "lib32", "libx32")
"""The folders that are links into /usr."""

_UNREAD = (
    *("usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian"),
    *("usr/share/bug", "usr/share/doc-base", "usr/share/help", "usr/share/bash-completion"),
    *("usr/share/zsh", "usr/share/polkit-1", "usr/share/initramfs-tools", "usr/share/gcc"),
    *("usr/lib/systemd", "usr/lib/udev", "var/cache/ldconfig"),
)


def is_wanted(path: str) -> bool:
    """Whether a file goes into a machine; ``path`` as in :func:`merged`."""
    if path.startswith("usr/share/doc/"):
        return path.endswith("/copyright")  # the licence goes wherever the program goes
    return not any(path == unread or path.startswith(f"{unread}/") for unread in _UNREAD)


def merged(name: str) -> str:
    """A member's name as a path below the root, in the merged /usr; empty for the root itself.

    Raises:
        SystemFault: it leads out of the root.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise SystemFault("unpack a Debian package", why=f"it has a file named {name!r}")
    if parts and parts[0] in MERGED and len(parts) > 1:
        parts.insert(0, "usr")
    return "/".join(parts)


def unpack(packages: Iterable[Path], root: Path, wanted: Callable[[str], bool] = is_wanted) -> None:
    """Puts what is ``wanted`` of the packages below ``root``, which is made when missing.

    Raises:
        Blocked: the disk is full.
        SystemFault: a package is damaged, or would write outside ``root``.
    """
    root.mkdir(exist_ok=True)
    root.chmod(0o755)
    for name in MERGED[:4]:
        make_folder(root, f"usr/{name}")
        link = root / name
        if not link.is_symlink():
            link.symlink_to(f"usr/{name}")
    writer = _Writer(root, wanted)
    for package in packages:
        _unpack_one(package, writer)


def make_folder(root: Path, path: str) -> None:
    """A folder below ``root`` and those above it, open to everybody where they are new."""
    here = root
    for part in PurePosixPath(path).parts:
        here /= part
        if not here.exists():
            here.mkdir()
            here.chmod(0o755)


def open_up(folder: Path) -> None:
    """Everybody may read what is below, whatever the umask of whoever made it."""
    for parent, _, names in os.walk(folder):
        here = Path(parent)
        here.chmod(here.stat().st_mode | 0o755)
        for path in map(here.joinpath, names):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o755 if mode & 0o100 else 0o644))


def _unpack_one(package: Path, writer: _Writer) -> None:
    argv = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        try:
            writer.read(child.stdout)
            child.stdout.read()  # the padding at the end: or dpkg-deb sees a broken pipe
        except tarfile.TarError as error:
            raise SystemFault(f"unpack {package.name}", why=f"it is damaged: {error}") from error
        finally:
            child.stdout.close()
            said = child.stderr.read()
            code = child.wait()
    if code:
        raise failure(f"unpack {package.name}", code, said, writer.root)


class _Writer:
    """Writes members below a root."""

    def __init__(self, root: Path, wanted: Callable[[str], bool]) -> None:
        self.root = root
        self._wanted = wanted
        self._real_root = root.resolve()
        self._known = {""}

    def read(self, stream: IO[bytes]) -> None:
        """Writes all members of the tar that are wanted."""
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                path = merged(member.name)
                if path and path not in MERGED and self._wanted(path):
                    self._write(tar, member, path)

    def _write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        target = self._beneath(path)
        if member.isdir():
            target.mkdir(exist_ok=True)
            target.chmod(member.mode | 0o700)
            return
        target.unlink(missing_ok=True)
        if member.issym():
            target.symlink_to(member.linkname)
        elif member.islnk():
            source = self._beneath(merged(member.linkname))
            if source.is_symlink() or source.exists():
                target.hardlink_to(source)
        elif member.isfile():
            content = tar.extractfile(member)
            assert content is not None
            with target.open("wb") as out:
                shutil.copyfileobj(content, out, 1 << 20)
            target.chmod(member.mode | 0o600)

    def _beneath(self, path: str) -> Path:
        """The place for a member, in a folder that no link leads out of the root."""
        parent = path.rpartition("/")[0]
        if parent not in self._known:
            make_folder(self.root, parent)
            if not (self.root / parent).resolve().is_relative_to(self._real_root):
                raise SystemFault("unpack a Debian package", why=f"/{parent} leads out of its root")
            self._known.add(parent)
        return self.root / path
