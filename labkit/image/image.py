"""What an image is once it lies in a store, unpacked: a plain value.

Knows nothing about how it got there.
Source: OCI Image Specification 1.1, "Image Configuration" and "Image Manifest".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Image:
    """An image and the folders of its layers.

    Attributes:
        reference: its name with its tag, such as ``hello:latest``.
        digest: of its manifest, ``sha256:…``: what names this very content for good.
        config: the OCI image configuration, as the store holds it.
        layers: folders of the unpacked layers, **topmost first**, at least one: ready to be the
            ``lowerdir`` of an overlay. Fewer than the image has where some had to be merged.
        manifest: the OCI image manifest, as the store holds it.
    """

    reference: str
    digest: str
    config: Mapping[str, Any] = field(compare=False, repr=False)
    layers: tuple[Path, ...] = field(compare=False, repr=False)
    manifest: Mapping[str, Any] = field(compare=False, repr=False)

    @property
    def command(self) -> tuple[str, ...]:
        """What runs when nothing else is asked for: entry point, then arguments. May be empty."""
        return (*(self._run.get("Entrypoint") or ()), *(self._run.get("Cmd") or ()))

    @property
    def env(self) -> dict[str, str]:
        """The environment of that command."""
        return dict(line.partition("=")[::2] for line in self._run.get("Env") or ())

    @property
    def working_dir(self) -> str:
        """The folder that the command starts in; ``/`` when the image names none."""
        return self._run.get("WorkingDir") or "/"

    @property
    def size_bytes(self) -> int:
        """Bytes of its blobs: configuration and compressed layers. What a pull would move."""
        blobs = (self.manifest["config"], *self.manifest["layers"])
        return sum(blob["size"] for blob in blobs)

    @property
    def history(self) -> tuple[Mapping[str, Any], ...]:
        """How it was made, oldest step first: OCI history entries with ``created_by``.

        A step that changed only the configuration has ``empty_layer: true``.
        """
        return tuple(self.config.get("history") or ())

    @property
    def _run(self) -> Mapping[str, Any]:
        return self.config.get("config") or {}
