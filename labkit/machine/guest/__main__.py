"""``python3 -m labkit.machine.guest``: PID 1 of the machine, once its root is mounted."""

from __future__ import annotations

from labkit.machine.guest.agent import Agent

if __name__ == "__main__":
    Agent().serve()
