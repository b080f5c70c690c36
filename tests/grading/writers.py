"""Processes that write events, for the tests of the database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from labkit.grading.database import EventStore

WRITER = """
import sys
from pathlib import Path
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
store = EventStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    event = new_event("opened", topic="t" * 60)
    store.append(event)
    print(event.id, flush=True)
"""
"""Writes events and prints the id of each that is acknowledged."""


def writer(path: Path, count: int = 10**9) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def acknowledged(process: subprocess.Popen[str]) -> set[str]:
    assert process.stdin
    assert process.stdout
    with process.stdin, process.stdout:
        # Not communicate(): it passes over what readline() has read ahead.
        output = process.stdout.read()
        process.wait(timeout=60)
    return {line for line in output.splitlines() if len(line) == 16}  # not a torn last one


def ids(path: Path) -> set[str]:
    store = EventStore(path)
    try:
        assert store.read() is not None
        assert store.notice == ""
        return {event.id for event in store.read()}
    finally:
        store.close()
