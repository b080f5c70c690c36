"""The notebook's kernel: ipykernel, ready to its first message, and then it waits to be told whose.

``python3 -m labkit.machine.guest.kernel FOLDER [MODULE …]``: binds its sockets in FOLDER, imports
what notebooks will (the course's modules when none are named), says on standard output what it is
(the content of a ``kernel_info_reply``), and reads one JSON object from standard input: ``key``,
``signature_scheme``, ``session``, ``seed``, ``cwd``, ``env``. What it does before is in the
snapshot, so nothing secret or random may come of it. (The hash seed of ``str`` is the snapshot's:
Python cannot change it while it runs.)

Sources: ipykernel's ``IPKernelApp``; zmq_setsockopt(3) (ZMQ_HANDSHAKE_IVL, ZMQ_SNDHWM).
"""

from __future__ import annotations

import json
import os
import pkgutil
import random
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import zmq
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from labkit.machine.guest.channels import CHANNELS

_PRELOADED = (
    *("labkit.core", "labkit.image", "labkit.sandbox", "labkit.host", "labkit.host.probes"),
    *("labkit.grading", "labkit.views", "labkit.course", "labkit.jupyter", "sqlite3"),
)
_WARM_UP = "from labkit.sandbox import Sandbox; Sandbox().run(['true'])"
"""Makes the base image, and brings into memory what a first sandbox reads from the disks."""


class Kernel(IPKernelApp):
    """An ipykernel whose other end may come as late as it likes, and read as slowly."""

    def _try_bind_socket(self, socket: Any, port: int) -> int:
        socket.setsockopt(zmq.HANDSHAKE_IVL, 0)
        socket.sndhwm = 0  # the way out of a machine is slow, and an output must not be dropped
        bound: int = cast("Any", super())._try_bind_socket(socket, port)
        return bound


def main(folder: str, modules: Sequence[str] = ()) -> None:
    """Gets ready, waits, becomes the kernel of a session.

    Args:
        folder: for the sockets: ``channel-NUMBER``.
        modules: what to import before it is told whose it is; the course's when empty.
    """
    app: Any = Kernel.instance(
        transport="ipc",
        ip=f"{folder}/channel",
        connection_file=f"{folder}/connection.json",
        **{f"{name}_port": number for name, number in CHANNELS.items()},
        hb_port=len(CHANNELS) + 1,
        config=Config(Completer={"use_jedi": False}),  # emulated, its answer takes half a minute
    )
    tell, hear = _own_streams()
    app.initialize([])
    _rehearse(app)
    for name in modules:
        import_module(name)
    if not modules:
        _preload()
    with tell, hear:
        tell.write(json.dumps({"status": "ok", **app.kernel.kernel_info}).encode() + b"\n")
        tell.flush()
        told = hear.readline()
    if told:  # else whoever would have told has gone
        begin(app, json.loads(told))
        app.start()


def begin(app: Any, told: dict[str, Any]) -> None:
    """Makes the kernel that of one session.

    Args:
        app: an initialised kernel application.
        told: see this module's first lines.
    """
    os.environ.update(told["env"])
    os.chdir(told["cwd"])
    sys.path[0] = ""  # as Jupyter has it: modules beside the notebook
    app.session.signature_scheme = told.get("signature_scheme", "hmac-sha256")
    app.session.key = told["key"].encode()
    app.session.session = told["session"]
    random.seed(told["seed"])
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(int(told["seed"], 16) & 0xFFFFFFFF)
    app.shell.history_manager.new_session()


def _own_streams() -> tuple[Any, Any]:
    """Standard input and output for ourselves; for everybody else they become nothing."""
    tell, hear = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return tell, hear


def _rehearse(app: Any) -> None:
    """Does once what notebooks do, for whatever is done first takes long in an emulated machine:
    patterns are compiled, formatters made, modules imported. Nobody hears it, and nothing of it
    stays: a notebook's first cell is number 1.
    """
    names = dict(app.shell.user_ns)
    for cell in ("0", "0/0"):
        app.shell.run_cell(cell, store_history=False)
    app.kernel.do_complete("prin", 4)
    app.kernel.do_inspect("print", 5)
    app.shell.user_ns.clear()
    app.shell.user_ns.update(names)
    app.shell.displayhook.flush()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _preload() -> None:
    """What the notebooks of the course use: emulated, its import would take them seconds."""
    for package in _PRELOADED:
        found = import_module(package)
        for module in pkgutil.iter_modules(getattr(found, "__path__", ()), f"{package}."):
            if not module.ispkg:
                import_module(module.name)
    # In a process of its own: it has a session, and a session is no part of a snapshot.
    subprocess.run([sys.executable, "-c", _WARM_UP], check=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
