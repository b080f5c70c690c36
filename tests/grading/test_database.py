"""What was acknowledged is there: after SIGKILL, among processes, on a full or damaged disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from labkit.core.errors import Blocked
from labkit.grading import Check, Progress, passed
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
from labkit.grading.table import connect, create
from tests.grading.writers import acknowledged, go, ids, writer


def test_a_writer_killed_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    path, sure = tmp_path / "progress.sqlite", set[str]()
    for _ in range(10):
        process = writer(path)
        go(process)
        assert process.stdout
        seen = [process.stdout.readline().strip() for _ in range(random.randint(1, 30))]
        time.sleep(random.uniform(0, 0.005))  # anywhere within an event: each takes about 0.5 ms
        process.send_signal(signal.SIGKILL)
        sure |= {*seen, *acknowledged(process)}
        assert sure <= ids(path)
    assert len(ids(path)) <= len(sure) + 10  # at most one unacknowledged event each time


def test_a_killed_first_start_is_no_damage(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / str(number)
        process = writer(path)
        go(process)
        time.sleep(number * 0.005)
        process.send_signal(signal.SIGKILL)
        sure = acknowledged(process)
        assert sure <= ids(path)


def test_several_processes_write_at_once_from_the_very_first_event(tmp_path: Path) -> None:
    path = tmp_path / "progress.sqlite"
    writers = [writer(path, 25) for _ in range(4)]
    for process in writers:
        go(process)
    sure = set[str]().union(*(acknowledged(process) for process in writers))
    assert len(sure) == 100
    assert ids(path) == sure


def test_processes_that_start_together_agree_on_the_seed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from labkit.grading import Progress\n"
        "sys.stdin.readline(); print(Progress(Path(sys.argv[1])).seed)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "progress.sqlite")]
    both = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in both:
        go(process)
    assert len({process.communicate(timeout=30)[0] for process in both}) == 1


def test_threads_share_one_progress(progress: Progress, note: Check) -> None:
    def work() -> None:
        for _ in range(20):
            progress.record_verdict(note, passed())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert progress.state_of(note).attempts == 80


def test_a_forked_child_opens_the_file_for_itself(progress: Progress) -> None:
    progress.record_opened("before")
    child = os.fork()
    if child == 0:
        try:
            progress.record_opened("in-the-child")
            # SQLite forbids even to close what was opened before the fork.
            os._exit(len(progress._store._inherited))
        finally:
            os._exit(9)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    progress.record_opened("after")
    topics = [event.topic for event in progress.events(kind="opened")]
    assert topics == ["before", "in-the-child", "after"]


def test_an_acknowledged_event_is_on_the_disk(tmp_path: Path) -> None:
    # What a power cut leaves cannot be tried here; that SQLite is told to wait for the disk can.
    create(tmp_path / "p", ())
    connection = connect(tmp_path / "p")
    found = [
        connection.execute(f"PRAGMA {it}").fetchone()[0] for it in ("journal_mode", "synchronous")
    ]
    connection.close()
    assert found == ["wal", 2]  # 2 is FULL


def test_events_are_appended_never_changed_or_deleted(progress: Progress) -> None:
    import sqlite3

    progress.record_opened("t")
    connection = sqlite3.connect(progress.path)
    for statement in ("UPDATE events SET topic = 'u'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="event"):
            connection.execute(statement)
    connection.close()


def test_an_event_that_is_there_already_is_left_out(tmp_path: Path) -> None:
    store = EventStore(tmp_path / "progress.sqlite")
    one, two = new_event("opened", topic="one"), new_event("opened", topic="two")
    assert [store.append(one), store.append(one, two, two), store.append(two)] == [1, 1, 0]
    assert (store.read(), store.notice) == ([one, two], "")
    store.close()


def test_a_file_deleted_meanwhile_is_made_again(progress: Progress) -> None:
    progress.record_opened("one")
    for path in progress.path.parent.glob("progress.sqlite*"):
        path.unlink()
    progress.record_opened("two")
    assert [event.topic for event in progress.events(kind="opened")] == ["two"]
    assert progress.notice == ""


def test_a_log_without_its_file_is_not_applied_to_a_new_one(tmp_path: Path) -> None:
    old, new = EventStore(tmp_path / "old"), EventStore(tmp_path / "new")
    old.append(new_event("opened", topic="old"))
    shutil.copyfile(tmp_path / "old-wal", tmp_path / "new-wal")
    old.close()
    assert new.read() == []
    new.append(new_event("opened", topic="new"))
    new.close()
    assert [event.topic for event in new.read()] == ["new"]
    new.close()
    assert list(tmp_path.glob("new.corrupt-*-wal"))


def test_a_folder_that_cannot_be_written_is_blocked(tmp_path: Path) -> None:
    # As root, permissions are no obstacle: a place that no user can write is /proc.
    for path in (Path("/proc/labkit/progress.sqlite"), tmp_path):
        with pytest.raises(Blocked, match="cannot keep your progress") as caught:
            EventStore(path).append(new_event("opened"))
        assert "LABKIT_HOME" in str(caught.value)


def test_a_folder_without_write_permission_is_blocked(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path\n"
        "from labkit.grading.database import EventStore; from labkit.core.errors import Blocked\n"
        "from labkit.grading.events import new_event; import labkit.grading.salvage, sqlite3\n"
        "if os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "for path in sys.argv[1:]:\n"
        "    try: EventStore(Path(path)).append(new_event('opened'))\n"
        "    except Blocked as error: print('blocked')\n"
    )
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to others
        folder = Path(name)
        (folder / "made").mkdir()
        store = EventStore(folder / "made" / "progress.sqlite")
        store.append(new_event("opened"))
        store.close()
        for path in (folder / "made" / "progress.sqlite", folder / "made", folder):
            path.chmod(path.stat().st_mode & 0o555 | 0o055)
        argv = [sys.executable, "-c", code, str(folder / "new"), str(store.path)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        folder.chmod(0o755)
        (folder / "made").chmod(0o755)
        assert done.stdout == "blocked\nblocked\n", done.stderr
        assert ids(store.path)


FULL_DISK = """
import resource, sys
from pathlib import Path
from labkit.core.errors import SystemFault
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
store, count = EventStore(Path(sys.argv[1])), 0
store.append(new_event("opened"))
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
try:
    while count < 5000:
        store.append(new_event("opened", topic="t" * 60))
        count += 1
except SystemFault as error:
    print(count, error.errno, error)
print(len(store.read()) - 1)
"""


def full(argv: list[str]) -> tuple[str, str]:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    fault, _, kept = done.stdout.strip().rpartition("\n")
    return fault, kept


def test_a_write_that_fails_is_an_error_and_what_was_written_stays(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", FULL_DISK, str(tmp_path / "progress.sqlite"), "limited"]
    fault, kept = full(argv)
    assert "cannot record progress" in fault
    assert int(kept) == int(fault.split()[0]) > 0
    assert len(ids(tmp_path / "progress.sqlite")) == int(kept) + 1


@pytest.mark.requires("user-namespaces", "program:unshare")
def test_a_full_disk_is_named_and_what_was_written_stays(tmp_path: Path) -> None:
    script = f'mount -t tmpfs -o size=300k none "{tmp_path}" && exec "$@"'
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    fault, kept = full([*argv, sys.executable, "-c", FULL_DISK, str(tmp_path / "p.sqlite")])
    assert "No space left on device" in fault
    assert int(kept) == int(fault.split()[0]) > 0
