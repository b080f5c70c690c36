"""The process of a control plane: ``python -m labkit.cluster.embedded FOLDER …``.

Started by `control.py`. Says on a pipe when it is ready, ends on SIGTERM. It holds a lock on its
folder for as long as it lives, so whoever looks knows.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import gc
import json
import logging
import os
import signal
import sys
from pathlib import Path

from labkit.cluster.embedded.controlplane import ControlPlane
from labkit.core.errors import LabkitError


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
    with (options.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            asyncio.run(_serve(options.folder, options.data, options.port, options.ready))
        except (LabkitError, OSError) as error:
            print(error, file=sys.stderr)  # noqa: T201 - this is the log
            return 2
    return 0


async def _serve(folder: Path, data: Path | None, port: int, ready: int) -> None:
    plane = ControlPlane(data or folder)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await plane.start(port)
    admin = plane.pki.client("kubernetes-admin", ["system:masters"])
    told = {
        "url": plane.url,
        "ca": plane.pki.ca_pem.decode(),
        "certificate": admin.certificate_pem.decode(),
        "key": admin.key_pem.decode(),
    }
    gc.collect()
    gc.freeze()  # what is there now stays; the collector need not look at it again
    if ready >= 0:
        with os.fdopen(ready, "w") as pipe:
            json.dump(told, pipe)
    try:
        await stop.wait()
    finally:
        await plane.stop()


if __name__ == "__main__":
    sys.exit(main())
