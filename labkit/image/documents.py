"""Manifests and configurations, read from their blobs and found to be of OCI's form.

What is read here may come from anybody: a digest in it becomes a file name only after it was seen
to be one. Knows nothing about names and unpacked folders.

Source: OCI Image Specification 1.1, "Image Manifest", "Image Index", "Image Configuration".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from labkit.core.errors import SystemFault
from labkit.image.blobs import Blobs, is_digest
from labkit.image.image import Json

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Described(NamedTuple):
    """The two documents that an image is described by."""

    manifest: Json
    config: Json

    @property
    def diff_ids(self) -> list[str]:
        """Digests of the layers' tars, lowest first."""
        found: list[str] = self.config["rootfs"]["diff_ids"]
        return found


class Reachable(NamedTuple):
    """What some manifests need."""

    blobs: set[str]
    layers: list[list[str]]
    """The ``diff_ids`` of each image."""


class Documents:
    """Reads the documents in a folder of blobs."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs

    def image(self, digest: str) -> Described:
        """Manifest and configuration of an image.

        Raises:
            SystemFault: one of them is missing, damaged, or not what OCI says; or the image has no
                layer.
        """
        try:
            manifest = json.loads(self.blobs.read(digest))
            described = [manifest["config"], *manifest["layers"]]
            parts = Described(manifest, json.loads(self.blobs.read(manifest["config"]["digest"])))
            is_right = (
                all(is_digest(item["digest"]) for item in described)
                and all(isinstance(item["size"], int) for item in described)
                and all(isinstance(item["mediaType"], str) for item in described)
                and all(map(is_digest, parts.diff_ids))
                and len(parts.diff_ids) == len(manifest["layers"]) > 0
                and isinstance(parts.config.get("config") or {}, dict)
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            is_right = False
        if not is_right:
            raise SystemFault(
                f"read the manifest {digest}", why="it does not describe an image of Linux layers"
            )
        return parts

    def descriptor(self, digest: str) -> Json:
        """The descriptor of an image's manifest.

        Raises:
            SystemFault: as for :meth:`image`.
        """
        media_type = self.image(digest).manifest.get("mediaType", MANIFEST)
        size = self.blobs.path(digest).stat().st_size
        return {"mediaType": media_type, "digest": digest, "size": size}

    def reachable(self, roots: Iterable[str]) -> Reachable:
        """Every blob, and the layers of every image, that the manifests in ``roots`` need.

        Raises:
            SystemFault: one of them is missing or damaged.
        """
        found = Reachable(set(), [])
        todo = [*roots]
        while todo:
            digest = todo.pop()
            if digest not in found.blobs:
                found.blobs.add(digest)
                todo += self._follow(digest, found)
        return found

    def _follow(self, digest: str, found: Reachable) -> list[str]:
        """Notes what one manifest or index names; returns the manifests among that."""
        try:
            document = json.loads(self.blobs.read(digest))
            content = [*document.get("layers", ()), *document.get("blobs", ())]
            found.blobs.update(item["digest"] for item in content)
            if config := document.get("config"):
                found.blobs.add(config["digest"])
                rootfs = json.loads(self.blobs.read(config["digest"])).get("rootfs") or {}
                found.layers.append([*rootfs.get("diff_ids", ())])
            return [item["digest"] for item in document.get("manifests", ())]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SystemFault(
                f"read the manifest {digest}", why="it is not of OCI's form"
            ) from error
