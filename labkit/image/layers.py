"""The layers of images, unpacked once each, as folders that an overlay can be made of.

A folder is named by its layer's **chain id**, the digest of the layer and all below it, because
what a layer unpacks to may depend on those. There are two kinds:

- ``layers/CHAIN``: what one layer adds.
- ``merged/CHAIN``: a layer and all below it, in one folder. Made where the layer takes files away,
  since the mark that overlayfs wants for "gone" (a device 0/0, an attribute ``trusted.overlay.*``)
  needs rights that an ordinary user has on some kernels and file systems only; and where an image
  has more layers than one mount can name.

A folder under its name is complete: it is made under another and renamed. (Not so after a power
cut within seconds of that: its files are not waited for until they are on the disk. Removing
``layers`` and ``merged`` mends it, as both are made again from the blobs.)
Whoever mounts a folder holds a shared flock(2) on it; then it is not removed.

Sources: OCI Image Specification 1.1, "Image Configuration" (layer ChainID); overlayfs.rst of the
kernel's documentation; mount(2) (options fill at most one page).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from labkit.core.errors import SystemFault
from labkit.image.limits import Limits
from labkit.image.plan import plan_layer
from labkit.image.trees import remove_tree
from labkit.image.unpack import Tree

MAX_FOLDERS = 16
"""Lower layers of one mount. Sixteen paths of 150 bytes leave room in mount(2)'s 4096."""

OpenTar = Callable[[int], BinaryIO]
"""Gives the checked tar of an image's layer, 0 for the lowest."""


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """The chain id of each layer, lowest first."""
    chain: list[str] = []
    for diff_id in diff_ids:
        both = f"{chain[-1]} {diff_id}".encode() if chain else b""
        chain.append(f"sha256:{hashlib.sha256(both).hexdigest()}" if chain else diff_id)
    return chain


class Layers:
    """The folders ``layers`` and ``merged`` of a store. Whoever makes or removes holds its lock.

    Args:
        folder: the store's folder.
        temporary: on the same file system, for what is not complete yet.
        limits: what a layer may bring.
    """

    def __init__(self, folder: Path, temporary: Path, limits: Limits) -> None:
        self.single, self.merged = folder / "layers", folder / "merged"
        self.temporary, self.limits = temporary, limits

    def find(self, chain: Sequence[str]) -> tuple[Path, ...] | None:
        """The folders of an image, topmost first; None when one is not there yet."""
        folders, missing = self._have(chain)
        return None if missing else folders

    def make(self, chain: Sequence[str], open_tar: OpenTar) -> tuple[Path, ...]:
        """The folders of an image, topmost first, unpacked where they are not there yet.

        Raises:
            BadInput: a layer is unsafe; nothing of it is left.
            SystemFault: the disk is full, or a blob is damaged.
        """
        folders, missing = self._have(chain)
        for depth in missing:
            with open_tar(depth) as tar:
                plan = plan_layer(tar, self.limits)
                if folders and (plan.hides or len(folders) >= MAX_FOLDERS):
                    folders = (self._merge(chain, depth, open_tar),)
                else:
                    folder = _named(self.single, chain[depth])
                    with self._new(folder) as unfinished:
                        tree = Tree(unfinished, folders)
                        tree.add(plan, tar)
                        tree.close()
                    folders = (folder, *folders)
        return folders

    def prune(self, keep: Collection[str]) -> int:
        """Removes the folders of chains not in ``keep``, but not those that somebody holds.

        Returns:
            Bytes freed.
        """
        names = {_name(chain) for chain in keep}
        folders = [*self.single.iterdir(), *self.merged.iterdir()]
        return sum(self._discard(folder) for folder in folders if folder.name not in names)

    def _have(self, chain: Sequence[str]) -> tuple[tuple[Path, ...], range]:
        """The folders there are, and the depths that are missing above them."""
        start = 0
        folders: tuple[Path, ...] = ()
        for depth in reversed(range(len(chain))):
            if (folder := _named(self.merged, chain[depth])).is_dir():
                start, folders = depth + 1, (folder,)
                break
        for depth in range(start, len(chain)):
            folder = _named(self.single, chain[depth])
            if not folder.is_dir():
                return folders, range(depth, len(chain))
            folders = (folder, *folders)
        return folders, range(0)

    def _merge(self, chain: Sequence[str], top: int, open_tar: OpenTar) -> Path:
        folder = _named(self.merged, chain[top])
        with self._new(folder) as unfinished:
            tree = Tree(unfinished)
            for depth in range(top + 1):
                with open_tar(depth) as tar:
                    tree.add(plan_layer(tar, self.limits), tar)
            tree.close()
        return folder

    @contextmanager
    def _new(self, folder: Path) -> Iterator[Path]:
        """A folder under a temporary name: renamed at the end, or gone after an error."""
        unfinished = self.temporary / secrets.token_hex(8)
        unfinished.mkdir(mode=0o700)
        try:
            yield unfinished
            unfinished.rename(folder)
        except OSError as error:
            raise SystemFault(
                "unpack the layer",
                errno=error.errno or 0,
                why=f"{error.strerror or error} ({error.filename or folder})",
            ) from error
        finally:
            remove_tree(unfinished)

    def _discard(self, folder: Path) -> int:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            going = self.temporary / secrets.token_hex(8)
            folder.rename(going)
        except BlockingIOError:
            return 0
        finally:
            os.close(fd)
        return remove_tree(going)


def _named(folder: Path, chain_id: str) -> Path:
    return folder / _name(chain_id)


def _name(chain_id: str) -> str:
    return chain_id.removeprefix("sha256:")
