"""The relay of a computer that goes to sleep when it is told to: ``-f CONNECTION_FILE``.

When the file ``$LABKIT_TEST_SLEEP`` is there, the machine's processor stands still for some
seconds, as it does with its host's, and the host's clock has gone on. Everything else is as in
earnest. (The real clock is not ours to set: it is everybody's.)
"""

from __future__ import annotations

import os
import sys
import threading
import time
from functools import partial
from pathlib import Path

from labkit.machine.notebook import NotebookMachine, NotebookMaker
from labkit.machine.qemu.qmp import Qmp
from labkit.machine.relay import clock, relay
from labkit.machine.relay.main import leave, main

SLEEP_S = 4.0


class Computer:
    """How long this computer has slept."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def time_of_day_s(self) -> float:
        return time.time() - time.monotonic() + self.slept_s

    def sleep(self, qmp: Qmp, told: Path) -> None:
        while not told.exists():
            time.sleep(0.05)
        qmp.ask("stop")
        time.sleep(SLEEP_S)
        qmp.ask("cont")
        self.slept_s += SLEEP_S
        told.unlink()


class Maker(NotebookMaker):
    def __init__(self, computer: Computer) -> None:
        super().__init__()
        self._computer = computer

    def start(self) -> NotebookMachine:
        machine = super().start()
        told = Path(os.environ["LABKIT_TEST_SLEEP"])
        args = (machine._vm.qemu.qmp, told)
        threading.Thread(target=self._computer.sleep, args=args, daemon=True).start()
        return machine


if __name__ == "__main__":
    computer = Computer()
    relay.Clock = partial(clock.Clock, computer.time_of_day_s)  # type: ignore[misc, assignment]
    leave(main(sys.argv[1:], lambda: Maker(computer)))
