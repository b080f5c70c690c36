"""Blobs by their digest: what is read is what was written, or an error says so.

A blob is written under a temporary name and renamed, so that under its digest it is complete or
absent. Whoever writes holds the store's lock.
Knows nothing about what the blobs are.

Source: OCI Image Specification 1.1, "Content Descriptors" and "Image Layout".
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from labkit.core.errors import SystemFault
from labkit.image.image import Json
from labkit.image.trees import remove_tree

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

_CHUNK = 1 << 20

MAX_DOCUMENT = 4 << 20
"""Bytes of a manifest or a configuration: the limit that registries keep for manifests."""


class Blobs:
    """The folder ``blobs/sha256``.

    Args:
        folder: where the blobs lie.
        temporary: on the same file system, for what is not complete yet.
    """

    def __init__(self, folder: Path, temporary: Path) -> None:
        self.folder, self.temporary = folder, temporary

    def path(self, digest: str) -> Path:
        """Where the blob lies.

        Raises:
            SystemFault: the digest is not ``sha256:`` and 64 hexadecimal digits.
        """
        if not is_digest(digest):
            raise SystemFault(
                f"read the blob {digest[:80]!r}", why="its digest is not of the form sha256:…"
            )
        return self.folder / digest.removeprefix("sha256:")

    def read(self, digest: str) -> bytes:
        """A whole small blob: a manifest or a configuration.

        Raises:
            SystemFault: it is missing, damaged, or too large to be a document.
        """
        with self.open(digest) as blob:
            content = blob.read(MAX_DOCUMENT + 1)
        if len(content) > MAX_DOCUMENT:
            raise SystemFault(f"read the blob {digest}", errno=errno.EFBIG)
        check(digest, hashlib.sha256(content).hexdigest())
        return content

    def open(self, digest: str) -> BinaryIO:
        """The blob as a file. Whoever reads it compares the digest: see :func:`check`.

        Raises:
            SystemFault: it is missing or may not be read.
        """
        try:
            return self.path(digest).open("rb")
        except OSError as error:
            raise SystemFault(f"read the blob {digest}", errno=error.errno or 0) from error

    def prune(self, keep: Collection[str]) -> int:
        """Removes every blob whose digest is not in ``keep``.

        Returns:
            Bytes freed.
        """
        names = {digest.removeprefix("sha256:") for digest in keep}
        return sum(remove_tree(blob) for blob in self.folder.iterdir() if blob.name not in names)

    def add(self, content: bytes | BinaryIO, media_type: str) -> Json:
        """Writes a blob, over a damaged one of the same digest too.

        Args:
            content: the bytes, or a file that is copied from its start.
            media_type: what the descriptor will say it is.

        Returns:
            Its OCI descriptor.
        """
        temporary = self.temporary / secrets.token_hex(8)
        digest, size = hashlib.sha256(), 0
        with temporary.open("xb") as blob:
            for chunk in _chunks(content):
                digest.update(chunk)
                size += len(chunk)
                blob.write(chunk)
            blob.flush()
            os.fsync(blob.fileno())  # or a power cut could leave the name without the content
        temporary.rename(self.folder / digest.hexdigest())
        return {"mediaType": media_type, "digest": f"sha256:{digest.hexdigest()}", "size": size}


def is_digest(text: object) -> bool:
    """Whether it is ``sha256:`` and 64 hexadecimal digits: safe as the name of a file, too."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def check(digest: str, found_hex: str) -> None:
    """Compares a digest with that of the bytes that were read.

    Raises:
        SystemFault: they differ.
    """
    if digest != f"sha256:{found_hex}":
        raise SystemFault(
            f"read the blob {digest}",
            why=f"it is damaged: its content has the digest sha256:{found_hex}",
        )


def _chunks(content: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    content.seek(0)
    while chunk := content.read(_CHUNK):
        yield chunk
