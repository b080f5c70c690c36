"""A cluster's keys and its administrator's certificate, made beside the start.

`cryptography` takes as long to import as half of all that a control plane is made of. So a process
is forked off that makes the keys on another core, while this one imports the rest; here they are
read when somebody first needs one. Where that process does not come to its end, they are made here,
and what is wrong with them is said here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authentication.pki import Pki

ADMINISTRATOR, GROUPS = "kubernetes-admin", ("system:masters",)


def keys_of(folder: Path) -> Path:
    """The folder of the keys within that of a control plane."""
    return folder / "pki"


class Keys(NamedTuple):
    """What a start needs."""

    pki: Pki
    certificate: str
    """The administrator's, in PEM."""
    key: str
    """Its private key, in PEM."""


def make(folder: Path) -> Keys:
    """Makes what is missing in a folder, here.

    Args:
        folder: of the keys.

    Raises:
        Blocked: the authority is damaged or has expired, or others may read a key.
        SystemFault: the folder cannot be read or written.
    """
    from labkit.cluster.embedded.apiserver.authentication.pki import open_pki

    pki = open_pki(folder)
    pair = pki.client(ADMINISTRATOR, GROUPS)
    return Keys(pki, pair.certificate_pem.decode(), pair.key_pem.decode())


def make_beside(folder: Path) -> Callable[[], Keys]:
    """Begins to make them in a process of its own. For a process of one thread.

    Args:
        folder: of the keys.

    Returns:
        What waits for them; raises as `make` does.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _make_and_end(folder, writing)
    os.close(writing)

    def wait() -> Keys:
        from labkit.cluster.embedded.apiserver.authentication.pki import Pki

        with os.fdopen(reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(pid, 0)
        return Keys(Pki(folder), *json.loads(told)) if told else make(folder)

    return wait


def _make_and_end(folder: Path, writing: int) -> None:
    """What the process does; it never returns. It says nothing when something is wrong."""
    try:
        _, *pair = make(folder)
        os.write(writing, json.dumps(pair).encode())  # less than a pipe holds
    finally:
        os._exit(0)
