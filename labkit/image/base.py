"""The base image: a small Linux userland made from this machine's own static busybox.

No network, no registry: every course step that needs an image starts here. Made at first use, and
made again when the machine's busybox or the recipe below is another than before.

Sources: Filesystem Hierarchy Standard 3.0; passwd(5), group(5), hosts(5), os-release(5).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import BinaryIO

from labkit.core.errors import BadInput, SystemFault
from labkit.image.busybox import applets, find_busybox, need_busybox
from labkit.image.config import Change
from labkit.image.image import Image
from labkit.image.plan import Parts
from labkit.image.reference import BASE
from labkit.image.store import ImageStore, default_store
from labkit.image.tar_writer import File, Folder, Link, Node

_FOLDERS = {
    "": 0o755,
    "bin": 0o755,
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "mnt": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "usr": 0o755,
    "usr/local": 0o755,
    "usr/local/bin": 0o755,
    "var": 0o755,
    "var/tmp": 0o1777,
}

_LINKS = {"sbin": "bin", "usr/bin": "../bin", "usr/sbin": "../bin", "var/run": "../run"}
"""All programs are in one folder, and found under every name that scripts call them by."""

_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1\tlocalhost\n::1\tlocalhost\n",
    "etc/os-release": 'NAME="labkit base"\nPRETTY_NAME="labkit base"\nID=labkit\n',
}

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_STAMP = "base.json"
"""File of the store: which busybox the base image was made from, by what stat(2) says of it."""


def base_image(store: ImageStore | None = None) -> Image:
    """The image ``base``, made when it is not there or was made from another busybox.

    Args:
        store: where it lies; the store in labkit's data folder when not given.

    Raises:
        Blocked: this machine has no static busybox; says which command brings it.
    """
    store = store or default_store()
    digest = store.layout.index.names().get(BASE)
    if digest and _is_of_now(_read_stamp(store.folder), digest):
        try:
            return store.layout.image(BASE, digest)
        except (SystemFault, BadInput):
            pass  # damaged: it is made again
    busybox = find_busybox()
    if digest and busybox is None:
        return store.layout.image(BASE, digest)  # nothing newer to make it from
    return _make(store, busybox or need_busybox())


def _make(store: ImageStore, busybox: Path) -> Image:
    stamp = _stamp(str(busybox))
    with store.layout.faults():
        store.layout.make_folders()
        tar = _layer(busybox, store.folder)
    # No command: a sandbox on it waits until it is told what to run.
    change = Change(
        "labkit: the base image, from this machine's busybox",
        env={"PATH": _PATH},
        working_dir="/",
    )
    with tar:
        image = store.layout.commit(BASE, None, tar, change)
    with store.layout.writing():
        temporary = store.layout.temporary / secrets.token_hex(8)
        temporary.write_text(json.dumps({**stamp, "digest": image.digest}))
        temporary.rename(store.folder / _STAMP)
    return image


def _layer(busybox: Path, folder: Path) -> BinaryIO:
    from labkit.image.compression import nameless_file
    from labkit.image.tar_writer import write_tar

    nodes: dict[Parts, Node] = {_parts(path): Folder(mode) for path, mode in _FOLDERS.items()}
    nodes |= {_parts(path): Link(target) for path, target in _LINKS.items()}
    nodes |= {_parts(path): File(text.encode()) for path, text in _FILES.items()}
    nodes |= {("bin", name): Link("busybox") for name in applets(busybox)}
    nodes["bin", "busybox"] = File(busybox, 0o755)
    tar = nameless_file(folder)
    write_tar(nodes, (), tar)
    return tar


def _stamp(busybox: str) -> dict[str, object]:
    found = os.stat(busybox)  # noqa: PTH116 - on the way of every sandbox's start
    return {
        "busybox": busybox,
        "inode": found.st_ino,
        "mtime_ns": found.st_mtime_ns,
        "size": found.st_size,
        "recipe": _recipe(),
    }


@cache
def _recipe() -> str:
    return hashlib.sha256(repr((_FOLDERS, _LINKS, _FILES, _PATH)).encode()).hexdigest()


def _read_stamp(folder: Path) -> dict[str, object]:
    try:
        stamp = json.loads((folder / _STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _is_of_now(stamp: dict[str, object], digest: str) -> bool:
    """Whether the image was made by today's recipe of a busybox that is still what it was."""
    try:
        return stamp == {**_stamp(str(stamp["busybox"])), "digest": digest}
    except (KeyError, OSError):
        return False


def _parts(path: str) -> Parts:
    return tuple(path.split("/")) if path else ()
