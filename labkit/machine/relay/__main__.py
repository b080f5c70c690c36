"""``python -m labkit.machine.relay -f CONNECTION_FILE``: the relay before a microVM."""

from __future__ import annotations

import sys

from labkit.machine.relay.machine import Maker
from labkit.machine.relay.main import leave, main


def _maker() -> Maker:
    from labkit.machine.notebook import NotebookMaker

    return NotebookMaker()


if __name__ == "__main__":
    leave(main(sys.argv[1:], _maker))
