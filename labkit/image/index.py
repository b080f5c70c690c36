"""The names of a store's images: ``index.json`` of its OCI layout.

A name is the annotation ``org.opencontainers.image.ref.name`` of a manifest's descriptor, without
``:latest``, so that ``skopeo inspect oci:FOLDER:base`` finds it. Descriptors that labkit did not
write are kept as they are.
Knows nothing about what the images hold.

Source: OCI Image Specification 1.1, "Image Layout" and "Annotations".
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from labkit.core.errors import BadInput, SystemFault
from labkit.image.image import Json
from labkit.image.reference import full, short

NAME = "org.opencontainers.image.ref.name"
INDEX = "application/vnd.oci.image.index.v1+json"


class Index:
    """``index.json``. Whoever changes it holds the store's lock.

    Args:
        file: where it lies; nothing there means no names.
        temporary: a folder on the same file system, for what is not complete yet.
    """

    def __init__(self, file: Path, temporary: Path) -> None:
        self.file, self.temporary = file, temporary
        self._seen: tuple[int, int, int] | None = None
        self._names: dict[str, str] = {}

    def names(self) -> dict[str, str]:
        """Full reference → digest of the manifest. Read again only when the file has changed.

        Raises:
            SystemFault: the file is not an OCI index.
        """
        try:
            found = os.stat(self.file)  # noqa: PTH116 - on the way of every sandbox's start
        except FileNotFoundError:
            return {}
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if seen != self._seen:
            self._names = {
                reference: descriptor["digest"]
                for descriptor in self.descriptors()
                if (reference := _reference(descriptor))
            }
            self._seen = seen
        return self._names

    def descriptors(self) -> list[Json]:
        """Every descriptor, named or not, as the file has it now."""
        found: list[Json] = self._document()["manifests"]
        return found

    def put(self, reference: str, descriptor: Json) -> None:
        """Gives a full reference to a manifest, and takes it from the one that had it."""
        named = {**descriptor, "annotations": {NAME: short(reference)}}
        others = [found for found in self.descriptors() if _reference(found) != reference]
        self._write([*others, named])

    def drop(self, reference: str) -> None:
        """Takes a full reference away."""
        self._write([found for found in self.descriptors() if _reference(found) != reference])

    def _document(self) -> Json:
        try:
            document = json.loads(self.file.read_bytes())
            if all(isinstance(item["digest"], str) for item in document["manifests"]):
                return dict(document)
        except FileNotFoundError:
            return {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}
        except (ValueError, KeyError, TypeError):
            pass
        raise SystemFault(
            f"read {self.file}",
            why="it is not the index of an OCI layout",
            hint=f"Move it away: mv {self.file} {self.file}.damaged. Then build the images again",
        )

    def _write(self, descriptors: list[Json]) -> None:
        document = {**self._document(), "manifests": descriptors}
        temporary = self.temporary / secrets.token_hex(8)
        with temporary.open("xb") as file:
            file.write(json.dumps(document, indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.file)


def _reference(descriptor: Json) -> str:
    """A descriptor's full reference; nothing for one with no name, or with one we cannot say."""
    name = (descriptor.get("annotations") or {}).get(NAME)
    try:
        return full(name) if name else ""
    except BadInput:
        return ""
