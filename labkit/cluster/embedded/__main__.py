"""The process of a control plane: ``python -m labkit.cluster.embedded FOLDER …``.

Started by `control.py`. Says on a pipe when it is ready, ends on SIGTERM. It holds a lock on its
folder for as long as it lives, so whoever looks knows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import fcntl
import gc
import json
import logging
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvloop

from labkit.cluster.embedded.keymaking import keys_of, make_beside
from labkit.core.errors import LabkitError, SystemFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from labkit.cluster.embedded.controlplane import ControlPlane
    from labkit.cluster.embedded.keymaking import Keys


COLLECT_AFTER = (20_000, 20, 20)
"""New objects until the garbage collector looks: a write makes a thousand, and hardly a cycle."""


def main(argv: list[str] | None = None) -> int:
    """Serves until it is told to stop.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="of its keys, its state and its lock")
    parser.add_argument("--data", type=Path, help="where objects are kept")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ready", type=int, default=-1, help="a descriptor that is told")
    options = parser.parse_args(argv)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(0o077)
    gc.disable()  # until it serves: a start makes next to nothing that goes, and much that stays
    with (options.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        data = options.data or options.folder
        serving = _serve(data, make_beside(keys_of(data)), options.port, options.ready)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serving)
        except LabkitError as error:
            about = {"what": error.what, "why": error.why, "hint": error.hint}
            _say(options.ready, {"error": about})  # first: the log may lie on a disk that is full
            print(error, file=sys.stderr)  # noqa: T201 - this is the log
            return 2
    return 0


def _say(ready: int, what: dict[str, Any]) -> None:
    """To whoever started this, if anybody still listens."""
    if ready >= 0:
        with contextlib.suppress(OSError), os.fdopen(ready, "w") as pipe:
            json.dump(what, pipe)


async def _serve(folder: Path, wait_for_keys: Callable[[], Keys], port: int, ready: int) -> None:
    kind = _import_control_plane()
    keys = wait_for_keys()
    plane = kind(folder, keys.pki)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        await plane.start(port)
    except OSError as error:
        raise _cannot_serve(port, error) from error
    told = {
        "url": plane.url,
        "ca": keys.pki.ca_pem.decode(),
        "certificate": keys.certificate,
        "key": keys.key,
    }
    gc.freeze()  # what is there now stays; the collector need not look at it again
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    _say(ready, told)
    asyncio.get_running_loop().call_soon(import_module, "cryptography.x509")  # clients come soon
    try:
        await stop.wait()
    finally:
        await plane.stop()


def _cannot_serve(port: int, error: OSError) -> SystemFault:
    free = "leave --port away: then it is one that is free"
    hints = {
        errno.EADDRINUSE: f"Another program has it (`ss -ltnp` names it): give another, or {free}",
        errno.EACCES: f"Ports below 1024 are for root: give another, or {free}",
    }
    number = error.errno or 0
    hint = hints.get(number, f"Give another, or {free}")
    return SystemFault(f"listen on 127.0.0.1:{port}", errno=number, hint=hint)


def _import_control_plane() -> type[ControlPlane]:
    """Imports what serves. aiohttp reads all certificates of the system when it is imported, and a
    server needs none of them: without them a start takes an eighth less.
    """
    os.environ["SSL_CERT_FILE"], before = os.devnull, os.environ.get("SSL_CERT_FILE")
    try:
        from labkit.cluster.embedded.controlplane import ControlPlane
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
    return ControlPlane


if __name__ == "__main__":
    sys.exit(main())
