"""Whoever is killed, whenever: nothing is left within two seconds, or after the next sweep."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.core.errors import SystemFault
from labkit.core.session import Leftover, current_session, sweep
from labkit.sandbox import Sandbox, running
from labkit.sandbox.client import client
from tests.sandbox.owners import OWNER, helper_of, is_alive, nothing_left, owner
from tests.support.as_user import OrdinaryUser, python_for_everyone
from tests.support.session_ids import SessionIds
from tests.support.snapshot import Snapshot, take_snapshot
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")


@pytest.mark.parametrize("round_", range(5))
def test_the_owner_is_killed_at_random_moments(
    round_: int, snapshot: Callable[[], Snapshot]
) -> None:
    moments = random.Random(round_)
    before = snapshot()
    for turn in range(6):
        argv = [sys.executable, "-c", OWNER, str(10 * round_ + turn)]
        argv += ["limits"] if os.geteuid() == 0 else []
        with owner(argv, dict(os.environ)) as process:
            time.sleep(moments.random() * 0.15)
            assert snapshot().since(before)
            process.kill()
            process.wait()
        nothing_left(snapshot, before)


@pytest.mark.requires("root", "program:setpriv")
def test_the_owner_is_killed_at_random_moments_as_an_ordinary_user(user: OrdinaryUser) -> None:
    moments = random.Random(99)
    user.python("from labkit.image import base_image; base_image()")
    ids = SessionIds()
    sessions = user.folder / "labkit" / "run" / "sessions"
    sessions.mkdir(parents=True, exist_ok=True)
    for folder in (sessions, sessions.parent):
        os.chown(folder, user.uid, user.uid)
    ids.add(sessions)
    shot = lambda: take_snapshot(user.folder / "labkit", ids.seen())  # noqa: E731
    before = shot()
    for turn in range(8):
        argv = user.command([python_for_everyone(), "-c", OWNER, str(turn)])
        with owner(argv, dict(user.env)) as process:
            time.sleep(moments.random() * 0.15)
            assert shot().since(before)
            process.kill()
            process.wait()
        nothing_left(shot, before)
    ids.close()


def test_the_helper_is_killed_and_said_once(snapshot: Callable[[], Snapshot]) -> None:
    boxes = [Sandbox().start() for _ in range(3)]
    with contextlib.suppress(SystemFault):
        boxes[0].exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
    pids = [box.pid for box in boxes]
    os.kill(client().pid, signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert [box.wait(2) for box in boxes] == [-9, -9, -9]
    with pytest.raises(SystemFault, match="it has been killed, and every sandbox") as caught:
        Sandbox().run(["true"])
    assert "A new helper is ready" in str(caught.value)
    assert Sandbox().run(["echo", "again"]).stdout == "again\n"
    assert not running()
    with pytest.raises(SystemFault, match="ended with exit code -9"):
        boxes[0].exec(["true"])
    assert boxes[0].start().exec(["echo", "x"]).stdout == "x\n"


def test_a_helper_that_is_killed_during_a_request_is_said() -> None:
    helper = client()
    helper.places()
    os.kill(helper.pid, signal.SIGSTOP)
    with subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -KILL {helper.pid}"]):
        with pytest.raises(SystemFault, match="it has been killed"):
            Sandbox().run(["true"])
        assert Sandbox().run(["echo", "again"]).stdout == "again\n"


@pytest.mark.parametrize("first", ["owner", "helper"])
def test_both_are_killed_and_the_next_sweep_clears_up(
    first: str, snapshot: Callable[[], Snapshot], labkit_home: Path
) -> None:
    current_session()
    before = snapshot()
    for turn in range(3):
        argv = [sys.executable, "-c", OWNER, str(turn), *["limits"][: os.geteuid() == 0]]
        with owner(argv, dict(os.environ)) as process:
            helper = helper_of(process.pid)
            time.sleep(0.03 * turn)
            # Stopped, neither sees the other's end.
            for pid in (process.pid, helper):
                os.kill(pid, signal.SIGSTOP)
            for pid in (process.pid, helper)[:: 1 if first == "owner" else -1]:
                os.kill(pid, signal.SIGKILL)
            process.wait()
        wait_until(lambda helper=helper: not is_alive(helper) and _only(snapshot().since(before)))
        removed: list[Leftover] = []
        # Not the first sweep in any case: a process that is just ending still holds the lock.
        wait_until(lambda r=removed: r.extend(sweep()) or not snapshot().since(before))
        if os.geteuid() == 0:
            assert {leftover.kind for leftover in removed} >= {"cgroup"}


def _only(lines: list[str]) -> bool:
    return all(line.startswith(("cgroups:", "files:")) for line in lines)


@pytest.mark.requires("root")
def test_a_command_that_drops_its_user_id_is_ended_with_the_session_too(
    snapshot: Callable[[], Snapshot],
) -> None:
    """Changing credentials clears the parent-death signal: prctl(2)."""
    before = snapshot()
    script = "from labkit.sandbox import Sandbox; import time; "
    script += "b = Sandbox().start(['start-stop-daemon', '-S', '-c', 'nobody', '-x', '/bin/sleep', "
    script += (
        "'--', '600']); time.sleep(0.3); print('ready'); print(b.pid, flush=True); time.sleep(600)"
    )
    with owner([sys.executable, "-c", script], dict(os.environ)) as process:
        assert process.stdout is not None
        survivor = int(process.stdout.readline())
        helper = helper_of(process.pid)
        for pid in (process.pid, helper):
            os.kill(pid, signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
        process.wait()
    wait_until(lambda: not is_alive(helper))
    assert "(sleep)" in Path(f"/proc/{survivor}/stat").read_text()  # the case is a real one
    wait_until(lambda: "sandbox" in [row.kind for row in sweep()])
    nothing_left(snapshot, before)
    wait_until(lambda: not is_alive(survivor))


def test_an_owner_that_ends_before_its_helper_is_up_leaves_nothing(
    snapshot: Callable[[], Snapshot],
) -> None:
    before = snapshot()
    code = "import os; from labkit.sandbox.client import client; client(); os.kill(os.getpid(), 9)"
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (-9, "")
        nothing_left(snapshot, before)
