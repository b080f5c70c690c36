"""The relay as a process: ``-f CONNECTION_FILE``, as every Jupyter kernel is started.

Knows nothing about which machine it is: its caller does.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path

import zmq

from labkit.core.errors import LabkitError
from labkit.machine.relay.connection import read_connection
from labkit.machine.relay.machine import Maker
from labkit.machine.relay.relay import AGAIN, Relay
from labkit.machine.relay.sockets import Front


def main(argv: Sequence[str], make_maker: Callable[[], Maker]) -> int:
    """Is a kernel, to Jupyter, until its machine has ended.

    Args:
        argv: the command line's words.
        make_maker: called when Jupyter can connect already, so it may import what takes time.

    Returns:
        0 after a shutdown, 1 when the machine ended by itself or there is none, 128 and its number
        after a signal.
    """
    parser = ArgumentParser("labkit-relay", description=__doc__)
    parser.add_argument("-f", type=Path, required=True, dest="file", metavar="CONNECTION_FILE")
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
    try:
        connection = read_connection(parser.parse_args(argv).file)
        front = Front(context, connection.addresses)
    except LabkitError as error:
        sys.stderr.write(f"[labkit] {error}\n")
        return 1
    maker, code = make_maker(), AGAIN
    while code == AGAIN:  # clients stay connected: only what is behind is new
        code = Relay(connection, front, maker).run()
    front.close()
    context.term()  # waits for the last words to be taken
    return code


def leave(code: int) -> None:
    """Ends the process now: a thread that still prepares something is not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
