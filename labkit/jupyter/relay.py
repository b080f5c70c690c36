"""``python -m labkit.jupyter.relay -f CONNECTION_FILE``: a kernel in a microVM, for the course.

The machine is thrown away and the learner's progress never: this process keeps it, in the learner's
own file. Source: ``labkit.machine.relay``.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

from labkit.machine.relay.main import leave, main

if TYPE_CHECKING:
    from labkit.machine.relay.machine import Maker, Progress


def make_maker() -> Maker:
    """Where the machine comes from; imports what takes time."""
    from labkit.core.paths import data_dir
    from labkit.machine.notebook import NotebookMaker

    class ProgressMaker(NotebookMaker):
        """Has a place for the progress first: a machine without one could not keep any."""

        def prepare(self, progress: Progress) -> None:
            """See there. Raises :class:`Blocked` where no progress can be kept."""
            data_dir()
            super().prepare(progress)

    return ProgressMaker(keep_events)


def keep_events(port: socket.socket) -> None:
    """Answers for the learner's progress until the machine has ended."""
    from labkit.core.paths import data_dir
    from labkit.grading.database import EventStore
    from labkit.grading.service import serve_events

    serve_events(port, EventStore(data_dir() / "progress.sqlite"))


if __name__ == "__main__":
    leave(main(sys.argv[1:], make_maker))
