"""The folder of a store: who writes, what is complete, and how an image is put in and read.

Whoever writes holds ``lock``. What is in ``tmp`` when the lock is taken was left by a killed
writer, and is removed. Readers need no lock: everything appears under its name when it is complete.
Knows nothing about what people may ask for: see ``store``.

Source: OCI Image Specification 1.1, "Image Layout".
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from labkit.core.errors import BadInput, SystemFault
from labkit.image.blobs import Blobs
from labkit.image.documents import MANIFEST, Documents
from labkit.image.image import Image
from labkit.image.index import Index
from labkit.image.layers import Layers, OpenTar, chain_ids
from labkit.image.limits import Limits
from labkit.image.lock import exclusive
from labkit.image.reference import short
from labkit.image.trees import remove_tree

if TYPE_CHECKING:
    from labkit.image.config import Change

LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
"""Content of ``oci-layout``; the number that version 1.1 of the specification still asks for."""


class Layout:
    """The parts of a store's folder.

    Args:
        folder: where it lies; made at the first write.
        limits: what a layer may bring.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.temporary = folder / "tmp"
        self.blobs = Blobs(folder / "blobs" / "sha256", self.temporary)
        self.documents = Documents(self.blobs)
        self.index = Index(folder / "index.json", self.temporary)
        self.layers = Layers(folder, self.temporary, limits)
        self._images: dict[str, Image] = {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the store's lock, over a folder in good order. Not reentrant.

        Raises:
            TimedOut: another process holds it.
            SystemFault: the folder cannot be written, or the disk is full.
        """
        with self.faults():
            self.make_folders()
            with exclusive(self.folder / "lock"):
                for leftover in self.temporary.iterdir():
                    remove_tree(leftover)
                yield

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Turns what the operating system refuses into a SystemFault."""
        try:
            yield
        except OSError as error:
            raise SystemFault(
                f"write the image store in {self.folder}",
                errno=error.errno or 0,
                why=str(error),
            ) from error

    def make_folders(self) -> None:
        """Makes what is missing of the layout. Unpacked layers are closed to other users."""
        for folder in (self.blobs.folder, self.temporary, self.layers.single, self.layers.merged):
            if not folder.is_dir():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        marker = self.folder / "oci-layout"
        if not marker.is_file() or marker.stat().st_size == 0:
            marker.write_bytes(LAYOUT)  # the same bytes, whoever else writes them now

    def image(self, name: str, digest: str) -> Image:
        """An image by its manifest's digest, under a name; unpacked when it is not yet.

        Raises:
            SystemFault: it is damaged; says which image, and where.
            BadInput: one of its layers is unsafe.
        """
        image = self._images.get(digest)
        if image is None or not all(layer.is_dir() for layer in image.layers):
            try:
                image = self._images[digest] = self._read(name, digest)
            except SystemFault as error:
                raise SystemFault(
                    f"use the image {short(name)!r}",
                    why=f"{error.what}: {error.why}",
                    errno=error.errno,
                    hint=f"store.remove({short(name)!r}), then build it again",
                ) from error
        return image if image.reference == name else replace(image, reference=name)

    def commit(
        self, reference: str, parent: Image | None, tar: BinaryIO | None, change: Change
    ) -> Image:
        """Makes an image of its parts, and names it.

        Args:
            reference: its full name.
            parent: the image below.
            tar: the layer, uncompressed; None when only the configuration changes.
            change: of the configuration.

        Raises:
            BadInput: the layer is unsafe. Nothing is changed.
        """
        from labkit.image.compression import GZIP_LAYER, compressed, digest_of
        from labkit.image.config import CONFIG, encoded, new_config, new_manifest

        if tar and tar.seek(0, os.SEEK_END) > self.limits.layer_bytes:
            raise BadInput("the layer is too large", why=f"{self.limits.layer_bytes} bytes at most")
        config = new_config(parent, change, f"sha256:{digest_of(tar)}" if tar else None)
        layers = [*parent.manifest["layers"]] if parent else []
        open_tar = self._opener(layers, config, tar)
        with self.writing(), ExitStack() as stack:
            folders = self.layers.make(chain_ids(config["rootfs"]["diff_ids"]), open_tar)
            if tar:
                packed = stack.enter_context(compressed(tar, self.folder))
                layers.append(self.blobs.add(packed, GZIP_LAYER))
            manifest = new_manifest(self.blobs.add(encoded(config), CONFIG), layers)
            descriptor = self.blobs.add(encoded(manifest), MANIFEST)
            self.index.put(reference, descriptor)
        image = Image(reference, descriptor["digest"], config, folders, manifest)
        self._images[image.digest] = image
        return image

    def collect_garbage(self) -> int:
        """Removes what belongs to no named image; returns the bytes freed."""
        with self.writing():
            needed = self.documents.reachable(d["digest"] for d in self.index.descriptors())
            chains = {chain for diff_ids in needed.layers for chain in chain_ids(diff_ids)}
            self._images.clear()
            return self.blobs.prune(needed.blobs) + self.layers.prune(chains)

    def _read(self, name: str, digest: str) -> Image:
        parts = self.documents.image(digest)
        chain = chain_ids(parts.diff_ids)
        folders = self.layers.find(chain)
        if folders is None:
            with self.writing():
                open_tar = self._opener(parts.manifest["layers"], parts.config, None)
                folders = self.layers.make(chain, open_tar)
        return Image(name, digest, parts.config, folders, parts.manifest)

    def _opener(
        self, layers: Sequence[Mapping[str, Any]], config: Mapping[str, Any], top: BinaryIO | None
    ) -> OpenTar:
        """Opens the tar of a layer: a stored one, or the one at hand that lies on top of them."""
        from labkit.image.compression import checked_tar

        stored, diff_ids = [*layers], config["rootfs"]["diff_ids"]

        def open_tar(depth: int) -> BinaryIO:
            if top and depth == len(stored):
                return open(os.dup(top.fileno()), "rb")  # noqa: PTH123 - Path opens no descriptor
            layer = stored[depth]
            with self.blobs.open(layer["digest"]) as blob:
                return checked_tar(
                    blob,
                    layer["digest"],
                    diff_ids[depth],
                    layer["mediaType"],
                    folder=self.folder,
                    limit=self.limits.layer_bytes,
                )

        return open_tar
