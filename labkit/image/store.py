"""The images of this machine: the public face of one folder in OCI layout.

::

    oci-layout, index.json, blobs/sha256/…    as the specification says: other tools read it
    layers/…, merged/…                        unpacked layers: see ``layers``
    tmp/, lock                                what is being written, and who writes: see ``layout``

Knows nothing about sandboxes and networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from labkit.core.errors import BadInput, NotFound
from labkit.core.paths import data_dir
from labkit.image.image import Image
from labkit.image.layout import Layout
from labkit.image.limits import Limits
from labkit.image.reference import BASE, full, short

if TYPE_CHECKING:
    from labkit.image.content import Source


class ImageStore:
    """A store of images.

    Args:
        folder: where it lies; made at the first write. ``images`` in labkit's data folder when
            not given.
        limits: what a layer may bring.
    """

    def __init__(self, folder: Path | None = None, *, limits: Limits | None = None) -> None:
        self.folder = (folder or data_dir() / "images").absolute()
        self.layout = Layout(self.folder, limits or Limits())

    def __repr__(self) -> str:
        return f"ImageStore({str(self.folder)!r})"

    def references(self) -> list[str]:
        """The names of the images, as people write them, sorted."""
        return sorted(map(short, self.layout.index.names()))

    def list(self) -> list[Image]:
        """The images, by name. Unpacks what is not unpacked yet.

        Raises:
            SystemFault: one of them is damaged; says which.
        """
        return [self.get(reference) for reference in self.references()]

    def get(self, reference: str) -> Image:
        """The image of that name; ``name`` means ``name:latest``. ``base`` is made when missing.

        Raises:
            BadInput: it is not a name for an image.
            NotFound: no image has it; says near ones.
            SystemFault: the image is damaged.
            Blocked: it is ``base``, and this machine has nothing to make it from.
        """
        name = full(reference)
        if name == BASE:
            from labkit.image.base import base_image

            return base_image(self)
        return self.layout.image(name, self._digest(name))

    def build(
        self,
        reference: str,
        *,
        base: str | Image | None = BASE,
        files: Mapping[str, Source] | None = None,
        remove: Sequence[str] = (),
        command: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        working_dir: str | None = None,
    ) -> Image:
        """Makes an image: one layer on top of another image's.

        No layer is added when only the configuration changes.

        Args:
            reference: its name; taken from the image that had it.
            base: the image below; None for none.
            files: path in the image → text, bytes, or the Path of a file or folder of this
                machine. A Path brings its mode; text and bytes get 0755 when they begin with
                ``#!``, else 0644. All belong to root.
            remove: paths of the image below that are gone in this one.
            command: what runs by default; replaces the entry point, too.
            env: variables that are added or replaced.
            working_dir: the folder that the command starts in; made when missing.

        Raises:
            BadInput: something asked for cannot be meant; nothing is changed.
            NotFound: there is no such base, or nothing at a path to be removed.
        """
        from labkit.image.build import Build

        name = _own_name(reference)
        build = Build(files or {}, remove, command, env or {}, working_dir)
        change = build.change()
        change.check()
        parent = self._parent(base)
        with self.layout.faults():
            self.layout.make_folders()
            tar = build.layer(parent, self.folder)
        with tar or nullcontext():
            return self.layout.commit(name, parent, tar, change)

    def add_layer(
        self, reference: str, tar: str | Path | BinaryIO, *, base: str | Image | None = BASE
    ) -> Image:
        """Makes an image: a tar, or tar.gz, as one layer on top of another image's.

        Args:
            reference: its name; taken from the image that had it.
            tar: the layer, or the path of its file; whiteouts in it take files away.
            base: the image below; None for none.

        Raises:
            BadInput: it is not a tar, or has an unsafe entry; says which. Nothing is changed.
            NotFound: there is no such base.
        """
        from labkit.image.config import Change

        name = _own_name(reference)
        parent = self._parent(base)
        if isinstance(tar, (str, Path)):
            if not Path(tar).is_file():
                raise BadInput(f"there is no file {str(tar)!r} on this machine")
            with Path(tar).open("rb") as file:
                plain = self._plain(file)
        else:
            plain = self._plain(tar)
        with plain:
            return self.layout.commit(name, parent, plain, Change("labkit add-layer"))

    def tag(self, image: Image | str, reference: str) -> Image:
        """Gives an image one more name; taken from the image that had it.

        Raises:
            BadInput: it is not a name for an image.
            NotFound: the image is not in this store.
        """
        name = _own_name(reference)
        found = self.get(image) if isinstance(image, str) else image
        with self.layout.writing():
            self.layout.index.put(name, self.layout.documents.descriptor(found.digest))
        return self.layout.image(name, found.digest)

    def remove(self, reference: str) -> None:
        """Takes a name away. The content stays until :meth:`collect_garbage`.

        Raises:
            NotFound: no image has that name.
        """
        name = full(reference)
        with self.layout.writing():
            self._digest(name)
            self.layout.index.drop(name)

    def collect_garbage(self) -> int:
        """Removes blobs and unpacked layers that belong to no named image.

        Layers that somebody has mounted stay: see ``labkit.image.layers``.

        Returns:
            Bytes freed.

        Raises:
            SystemFault: a manifest is damaged, so nobody can say what belongs to it. Nothing is
                removed.
        """
        return self.layout.collect_garbage()

    def _digest(self, name: str) -> str:
        names = self.layout.index.names()
        if name in names:
            return names[name]
        hint = "ImageStore().references() lists those there are, .build(…) makes more"
        raise NotFound("image", short(name), map(short, names), hint=hint)

    def _parent(self, base: str | Image | None) -> Image | None:
        """The image below, found to be in this store."""
        if base is None:
            return None
        if isinstance(base, Image):
            return self.layout.image(base.reference, base.digest)
        return self.get(base)

    def _plain(self, tar: BinaryIO) -> BinaryIO:
        from labkit.image.compression import plain_tar

        with self.layout.faults():
            self.layout.make_folders()
            return plain_tar(tar, self.folder, self.layout.limits.layer_bytes)


def default_store() -> ImageStore:
    """The store in labkit's data folder: the same object each time, so that it remembers."""
    return _store(data_dir() / "images")


@cache
def _store(folder: Path) -> ImageStore:
    return ImageStore(folder)


def _own_name(reference: str) -> str:
    """The full name for an image of the user's own."""
    name = full(reference)
    if name == BASE:
        raise BadInput(
            "'base' is the name of the image that labkit makes",
            why="others are built on it",
            hint='Give yours a name of its own, such as "base:mine"',
        )
    return name
