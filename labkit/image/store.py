"""The images of this machine: one folder in OCI layout, and their layers unpacked beside it.

::

    oci-layout, index.json, blobs/sha256/…    as the specification says: other tools read it
    layers/…, merged/…                        unpacked layers: see ``layers``
    tmp/, lock                                what is being written, and who writes

Whoever writes holds ``lock``; what is in ``tmp`` when the lock is taken was left by a killed
writer, and is removed. Readers need no lock: everything appears under its name when it is complete.
Knows nothing about sandboxes and networks.

Source: OCI Image Specification 1.1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import BinaryIO, cast

from labkit.core.errors import BadInput, Blocked, NotFound, SystemFault
from labkit.core.paths import data_dir
from labkit.image.blobs import Blobs
from labkit.image.image import Image, Json
from labkit.image.index import Index
from labkit.image.layers import Layers, chain_ids
from labkit.image.limits import Limits
from labkit.image.lock import exclusive
from labkit.image.reference import full, short
from labkit.image.trees import remove_tree
