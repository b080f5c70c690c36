"""Two hundred sandboxes later, everything is as it was."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.core import journal
from labkit.core.session import current_session
from labkit.sandbox import Sandbox, running, xray
from labkit.sandbox.client import client
from tests.sandbox.both.tools import names_in, namespaces_of_lsns
from tests.support.snapshot import Snapshot
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")

COUNT = 200


def census() -> dict[str, object]:
    helper = client().pid
    links = subprocess.run(["ip", "-json", "link"], capture_output=True, text=True, check=True)
    return {
        "links": sorted(link["ifname"] for link in json.loads(links.stdout)),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "namespaces": [namespaces_of_lsns(pid) for pid in (os.getpid(), helper)],
        "open files": len(names_in("/proc/self/fd")),
        "open files of the helper": len(names_in(f"/proc/{helper}/fd")),
        "children of the helper": Path(f"/proc/{helper}/task/{helper}/children").read_text(),
        "files": sorted(names_in(current_session().folder)),
    }


def memory_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


@pytest.mark.requires("program:lsns", "program:ip")
@pytest.mark.timeout(300)
def test_two_hundred_sandboxes_leave_nothing(snapshot: Callable[[], Snapshot]) -> None:
    limits = {"memory.max": "64M", "pids.max": 20} if os.geteuid() == 0 else {}
    for _ in range(20):  # what is opened once, and caches, are there
        Sandbox(limits=limits).run(["true"])
    before, ours = census(), snapshot()
    memory = memory_kib(client().pid)
    for number in range(COUNT):
        with Sandbox(limits=limits) as box:
            assert box.exec(["echo", str(number)]).stdout == f"{number}\n"
    del box
    assert census() == before
    assert not snapshot().since(ours)
    assert memory_kib(client().pid) - memory < 1024
    assert (current_session().folder / "journal.jsonl").stat().st_size < 100_000


def test_fifty_at_once_are_told_apart_and_all_end(snapshot: Callable[[], Snapshot]) -> None:
    current_session()
    client()
    before = snapshot()
    boxes = [Sandbox(name=f"n{number}").start() for number in range(50)]
    assert [row.name for row in running()] == [box.name for box in boxes]
    assert {xray(box).inside.hostname for box in boxes[::10]} == {f"n{n}" for n in range(0, 50, 10)}
    assert len({box.pid for box in boxes}) == 50
    current_session().close()
    wait_until(lambda: not snapshot().since(before))


def test_the_journal_of_a_long_session_forgets_what_has_gone() -> None:
    """While one sandbox runs all the time, and the others come and go."""
    folder = current_session().folder
    with Sandbox(name="stays") as box:
        for _ in range(150):
            Sandbox(env={"A": "b"}).run(["true"])
        path = folder / "journal.jsonl"
        grown = path.stat().st_size
        padding = journal.open_journal(str(folder))
        for _ in range(300):
            journal.append(padding, "sandbox", name="x" * 300, pid=4194304, start_ticks=1)
        os.close(padding)
        assert path.stat().st_size > 64 * 1024
        Sandbox().run(["true"])
        assert path.stat().st_size < grown
        assert [row.name for row in running()] == ["stays"]
        assert box.exec(["true"]).exit_code == 0
