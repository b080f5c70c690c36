"""The channels that leave the machine. Knows nothing more, so that everyone can import it."""

from __future__ import annotations

CHANNELS = {"shell": 1, "control": 2, "stdin": 3, "iopub": 4}
"""Port to the number at the end of the kernel's socket. The heartbeat is the relay's."""
