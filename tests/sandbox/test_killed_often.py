"""Two hundred kills at random moments, of sessions, helpers and sandboxes of every kind.

After each the session goes on, with a new helper where that was killed; and when the session itself
is killed, nothing is left. The moments come from the seed in the test's name.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.core.session import sweep
from labkit.sandbox import running
from tests.sandbox.owners import helper_of, owner
from tests.support.snapshot import Snapshot
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")

SEEDS, KILLS = 10, 20
"""Sessions, and kills in each; the last is the session's own."""

MOST_WAIT_S = 0.06
"""Between two kills: as long as it takes to start a helper and some sandboxes."""

BUSY = """
import random, sys
from labkit.core.errors import LabkitError
from labkit.sandbox import Sandbox
random.seed(int(sys.argv[1]))
EIGHT = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time")
kinds = [
    {}, {"namespaces": EIGHT}, {"clocks": {"boottime": "+1d"}}, {"namespaces": ("user", "mnt")},
    {"capabilities": None}, {"seccomp": None},
]
if sys.argv[2] == "root":
    kinds += [{"id_map": {0: range(200000, 265536)}}, {"limits": {"pids.max": 20}}]
    kinds += [{"namespaces": ()}]
Sandbox().run(["true"])
print("ready", flush=True)
boxes = []
while True:
    try:
        box = Sandbox(**random.choice(kinds)).start(["sh", "-c", "sleep 600 & sleep 600"])
        boxes = [box, *boxes][:4]
        boxes[-1].exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
        if len(boxes) == 4:
            boxes[-1].kill()
    except LabkitError as error:
        assert any(word in str(error) for word in ("ended", "killed")), error
    print(".", flush=True)
"""
"""Starts sandboxes of all kinds for ever, whatever happens to them; a dot for each."""


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whoever_is_killed_nothing_is_left(
    seed: int, snapshot: Callable[[], Snapshot], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    before = snapshot()
    who = "root" if os.geteuid() == 0 else "user"
    argv = [sys.executable, "-c", BUSY, str(seed), who]
    killed: list[str] = []
    said = tmp_path / "errors"
    with said.open("wb") as errors, owner(argv, dict(os.environ), errors) as session:
        while len(killed) < KILLS - 1:
            time.sleep(chance.random() * MOST_WAIT_S)
            victim = chance.choice(["helper", "sandbox", "sandbox", "in a sandbox"])
            pid = _find(victim, session.pid, chance)
            if not pid:
                assert session.poll() is None, (seed, killed, said.read_text())
                continue  # none at this moment
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                killed.append(victim)
            assert session.poll() is None, (seed, killed, said.read_text())
        _goes_on(session, lambda: f"seed {seed}: {killed}: {said.read_text()}")
        session.kill()
        session.wait()
    # Where the helper was killed as well, a moment before, the next sweep clears up.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: not _after_a_sweep(snapshot, before), timeout_s=10)
    assert _after_a_sweep(snapshot, before) == [], f"seed {seed}: {killed}"
    assert {"helper", "sandbox"} <= set(killed)


def _find(victim: str, session: int, chance: random.Random) -> int:
    """PID of somebody of the session's; 0 when there is no such one now."""
    if victim == "helper":
        with contextlib.suppress(AssertionError):
            return helper_of(session)
        return 0
    firsts = [box.pid for box in running()]
    if not firsts:
        return 0
    first = chance.choice(firsts)
    if victim == "sandbox":
        return first
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return int(children[0]) if children else 0
    return 0


def _after_a_sweep(snapshot: Callable[[], Snapshot], before: Snapshot) -> list[str]:
    sweep()
    return snapshot().since(before)


def _goes_on(session: subprocess.Popen[str], what: Callable[[], str]) -> None:
    """The session has survived all of it: it still starts sandboxes."""
    assert session.stdout is not None
    fd = session.stdout.fileno()
    while select.select([fd], [], [], 0)[0] and os.read(fd, 65536):
        pass  # what it had written before
    ready, _, _ = select.select([fd], [], [], 30)
    assert ready and os.read(fd, 65536), what()
