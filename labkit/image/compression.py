"""A layer's two forms: the tar that is unpacked, and the gzip of it that is stored.

Both have a digest: the blob's names it in the manifest, the tar's (``diff_id``) in the
configuration. Knows nothing about what is in the tar.

Sources: OCI Image Specification 1.1, "Image Configuration" (layer DiffID); RFC 1952 (gzip).
"""

from __future__ import annotations

import gzip
import hashlib
import tempfile
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from labkit.core.errors import BadInput
from labkit.image.blobs import check

GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

_READABLE = {
    GZIP_LAYER,
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
}

_MAGIC = b"\x1f\x8b"
_LEVEL = 6
_CHUNK = 1 << 20


def nameless_file(folder: Path) -> BinaryIO:
    """A temporary file that no name leads to: it is gone with the process, however that ends."""
    return cast(BinaryIO, tempfile.TemporaryFile(dir=folder))


def plain_tar(source: BinaryIO, folder: Path, limit: int) -> BinaryIO:
    """A copy of ``source`` without its gzip, if it has one.

    Args:
        source: a tar or a tar.gz; read from where it stands to its end.
        folder: where the copy may lie.
        limit: most bytes that the tar may have.

    Raises:
        BadInput: it is larger, or damaged.
    """
    packed = _copy(source, nameless_file(folder), limit)
    is_gzip = packed.read(2) == _MAGIC
    packed.seek(0)
    if not is_gzip:
        return packed
    with packed:
        return _expand(packed, nameless_file(folder), limit)


def compressed(tar: BinaryIO, folder: Path) -> BinaryIO:
    """The gzip of a tar: the same bytes for the same tar, as no time and no name are in it."""
    packed = nameless_file(folder)
    tar.seek(0)
    with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=packed, mtime=0) as out:
        while chunk := tar.read(_CHUNK):
            out.write(chunk)
    packed.seek(0)
    return packed


def checked_tar(
    blob: BinaryIO, digest: str, diff_id: str, media_type: str, *, folder: Path, limit: int
) -> BinaryIO:
    """The tar of a stored layer, after both of its digests were found to be right.

    Raises:
        SystemFault: the blob is damaged.
        BadInput: the tar is not what the configuration says, is too large, or is of a form that
            labkit does not read.
    """
    if media_type not in _READABLE:
        raise BadInput("the layer cannot be unpacked", why=f"it is of the form {media_type!r}")
    check(digest, digest_of(blob))
    blob.seek(0)
    tar = plain_tar(blob, folder, limit)
    found = digest_of(tar)
    if diff_id != f"sha256:{found}":
        tar.close()
        raise BadInput(
            "the layer cannot be unpacked",
            why=f"the configuration names it {diff_id}, and it is sha256:{found}",
        )
    return tar


def digest_of(file: BinaryIO) -> str:
    """SHA-256 of a whole file, in hexadecimal digits."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _expand(packed: BinaryIO, into: BinaryIO, limit: int) -> BinaryIO:
    try:
        with gzip.GzipFile(fileobj=packed) as content:
            return _copy(cast(BinaryIO, content), into, limit)
    except (OSError, EOFError, zlib.error) as error:
        into.close()
        if isinstance(error, OSError) and error.errno:
            raise  # a disk that is full says nothing about the layer
        raise BadInput(
            "the layer cannot be unpacked", why=f"its gzip is damaged: {error}"
        ) from error


def _copy(source: BinaryIO, into: BinaryIO, limit: int) -> BinaryIO:
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > limit:
            into.close()
            raise BadInput(
                "the layer cannot be unpacked", why=f"it has more than {limit} bytes unpacked"
            )
        into.write(chunk)
    into.flush()
    into.seek(0)
    return into
