"""Waits until the sessions of a home have ended, and takes away what they left.

Run as a program with that home in ``LABKIT_HOME``: ``python -m labkit.course.settle``. It is a
process of its own because the home of whoever starts it is another one.
"""

from __future__ import annotations

import sys
import time

DEADLINE_S = 10.0
"""For the helper of a kernel that was killed: it ends by itself, within a second as a rule."""


def settle(deadline_s: float = DEADLINE_S) -> bool:
    """Sweeps until no session is left.

    Returns:
        Whether none is left; False when one still lives after ``deadline_s`` seconds.
    """
    from labkit.core.session import session_folders, sweep

    until = time.monotonic() + deadline_s
    while True:
        sweep()
        if not list(session_folders()):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(0 if settle() else 1)
