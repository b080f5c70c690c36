"""OCI images: a store, layers, and a base image made on this machine.

    store = ImageStore()
    base = base_image(store)
    hello = store.build("hello", files={"/etc/motd": "hi\\n"}, command=["cat", "/etc/motd"])
    hello.layers            # folders, topmost first, for an overlay's lowerdir

Knows nothing about sandboxes and networks. Names are resolved when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.image.base import base_image
    from labkit.image.image import Image
    from labkit.image.limits import Limits
    from labkit.image.store import ImageStore, default_store

__all__ = ["Image", "ImageStore", "Limits", "base_image", "default_store"]

_HOMES = {
    "Image": "image",
    "ImageStore": "store",
    "Limits": "limits",
    "base_image": "base",
    "default_store": "store",
}
"""Public name → the module of this package that defines it."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"labkit.image.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'labkit.image' has no attribute {name!r}")
