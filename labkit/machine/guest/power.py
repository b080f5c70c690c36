"""The machine as a whole: its clock, its randomness, its end.

Sources: reboot(2), clock_settime(2), random(4), console(4).
"""

from __future__ import annotations

import ctypes
import os
import termios
import time
from typing import NoReturn

_POWER_OFF = 0x4321FEDC

RESET = "labkit: reset as asked"
"""Said on the console before the end: the host tells by it that this was meant."""


def set_clock(now_ns: int) -> None:
    """Sets the time of day, in nanoseconds since 1970."""
    time.clock_settime_ns(time.CLOCK_REALTIME, now_ns)


def stir(seed: bytes) -> None:
    """Mixes bytes of the host's into the kernel's random state."""
    fd = os.open("/dev/urandom", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, seed)
    finally:
        os.close(fd)


def power_off() -> NoReturn:
    """Ends the machine. QEMU ends with it."""
    ctypes.CDLL(None).reboot(_POWER_OFF)
    os._exit(1)  # PID 1: the kernel panics, and QEMU ends as well


def reset() -> NoReturn:
    """Ends the machine on purpose, from a notebook in it: its host brings a fresh one."""
    fd = os.open("/dev/console", os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
    os.write(fd, f"\n{RESET}\n".encode())
    termios.tcdrain(fd)
    power_off()
