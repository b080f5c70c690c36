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
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.errors import Blocked
from labkit.grading import Check, Event, Progress, passed
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
from labkit.grading.table import connect, create

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


DROP = ("DROP TRIGGER events_never_change", "DROP TRIGGER events_never_go")

# -- damage ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[bytes, list[Event]]]:
    """A file of several pages, and the events in it."""
    path = tmp_path_factory.mktemp("sound") / "progress.sqlite"
    store = EventStore(path)
    form = {"choices": ["yes", "no"], "answer": "yes"}
    for number in range(60):
        data = form | {"question": f"{number} " * 40}
        at = f"2026-11-22T21:19:{number:02}.000Z"
        store.append(Event(f"{number:016x}", at, "prediction", "t", f"p{number}", data))
    events = store.read()
    store.close()
    yield path.read_bytes(), events


def opened(content: bytes) -> tuple[list[Event], str, list[bytes]]:
    """The events that a damaged file gives, the notice, and what was kept aside."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "progress.sqlite"
        path.write_bytes(content)
        store = EventStore(path)
        events = store.read()
        store.append(new_event("opened"))  # it can be written again
        store.close()
        assert [event.id for event in store.read()][:-1] == [event.id for event in events]
        store.close()
        left = {found.name for found in Path(folder).iterdir()} - {path.name}
        aside = [(Path(folder) / name).read_bytes() for name in left if ".corrupt-" in name]
        assert len(aside) == len(left), left
        return events, store.notice, aside


def check_damaged(content: bytes, sound: tuple[bytes, list[Event]]) -> list[Event]:
    events, notice, aside = opened(content)
    everything = sound[1]
    assert [event for event in everything if event in events] == events  # none altered, in order
    if notice:
        assert aside == [content]  # kept as it was found
        assert f"{len(events)} events" in notice
    else:
        assert events == everything
        assert aside == []
    return events


@settings(max_examples=120, deadline=None, database=None)
@given(data=st.data())
def test_damage_at_random_offsets_is_noticed_or_harmless(
    sound: tuple[bytes, list[Event]], data: st.DataObject
) -> None:
    content = bytearray(sound[0])
    # Half of the damage in the header and the schema, where it does most.
    last = data.draw(st.sampled_from([700, len(content) - 1]))
    offset = data.draw(st.integers(0, last))
    garbage = data.draw(st.binary(min_size=1, max_size=64))
    content[offset : offset + len(garbage)] = garbage
    check_damaged(bytes(content[: len(sound[0])]), sound)


@settings(max_examples=30, deadline=None, database=None)
@given(st.integers(0, 2**20))
def test_a_file_cut_short_is_noticed(sound: tuple[bytes, list[Event]], size: int) -> None:
    content = sound[0][: size % len(sound[0])]
    events, notice, aside = opened(content)
    assert notice
    assert aside == [content]
    assert all(event in sound[1] for event in events)


def test_what_lies_before_and_behind_a_damaged_page_is_saved(
    sound: tuple[bytes, list[Event]],
) -> None:
    content, events = sound
    middle = content.index(b"30 30 30") // 4096 * 4096
    damaged = content[:middle] + bytes(4096) + content[middle + 4096 :]
    saved = check_damaged(damaged, sound)
    assert events[0] in saved
    assert events[-1] in saved
    assert len(saved) > 30


def test_everything_is_saved_when_only_the_first_page_is_lost(
    sound: tuple[bytes, list[Event]],
) -> None:
    content, events = sound
    for junk in (bytes(4096), b"\xff" * 4096, random.randbytes(4096)):
        assert check_damaged(junk + content[4096:], sound) == events


def test_events_out_of_order_or_missing_are_not_believed(
    tmp_path: Path, sound: tuple[bytes, list[Event]]
) -> None:
    import sqlite3

    content, events = sound
    swap = "UPDATE events SET id = CASE id WHEN 20 THEN -1 WHEN 21 THEN 20 END WHERE id IN (20, 21)"
    back = "UPDATE events SET id = 21 WHERE id = -1"
    for statements, lost in (([swap, back], 2), (["DELETE FROM events WHERE id = 20"], 1)):
        path = tmp_path / f"lost-{lost}"
        path.write_bytes(content)
        connection = sqlite3.connect(path)
        for statement in ("PRAGMA journal_mode = DELETE", *DROP, *statements, "COMMIT"):
            connection.execute(statement)
        connection.close()
        assert len(check_damaged(path.read_bytes(), sound)) == len(events) - lost


def test_a_damaged_index_is_noticed_and_everything_saved(
    sound: tuple[bytes, list[Event]],
) -> None:
    content, events = sound
    pages = [content[at : at + 4096] for at in range(0, len(content), 4096)]
    [index] = [n for n, page in enumerate(pages) if b"0" * 14 in page and b"question" not in page]
    pages[index] = pages[index].replace(b"0" * 14 + b"1e", b"0" * 14 + b"ff")
    assert check_damaged(b"".join(pages), sound) == events
    assert b"".join(pages) in opened(b"".join(pages))[2]


def test_a_schema_that_is_not_even_text_is_mended(sound: tuple[bytes, list[Event]]) -> None:
    content, events = sound
    name = b"triggerevents_never_goevents"
    assert name in content
    damaged = content.replace(name, b"trigger" + b"\xab" * 15 + b"events")
    assert check_damaged(damaged, sound) == events


def test_a_header_that_forbids_writing_is_mended(sound: tuple[bytes, list[Event]]) -> None:
    content, events = sound
    assert content[18:20] == b"\x02\x02"  # write version, read version: 2 is WAL
    assert check_damaged(content[:18] + b"\x07" + content[19:], sound) == events


def test_a_file_that_never_was_ours_is_kept_aside(sound: tuple[bytes, list[Event]]) -> None:
    assert check_damaged(b"dear diary\n" * 1000, sound) == []


def test_a_changed_value_is_not_believed(sound: tuple[bytes, list[Event]]) -> None:
    content, events = sound
    altered = content.replace(b'"answer": "yes"', b'"answer": "nay"', 1)
    assert altered != content
    assert len(check_damaged(altered, sound)) == len(events) - 1


def test_damage_while_it_is_open_is_mended_on_the_way(
    tmp_path: Path, sound: tuple[bytes, list[Event]]
) -> None:
    path = tmp_path / "progress.sqlite"
    path.write_bytes(sound[0])
    store = EventStore(path)
    assert store.read() == sound[1]
    with path.open("r+b") as file:
        file.write(sound[0][:4096] + bytes(len(sound[0]) - 4096))
    store.append(new_event("opened", topic="after"))
    assert [event.topic for event in store.read(kind="opened")] == ["after"]
    assert store.notice or store.read()[:-1] == sound[1]  # or SQLite had it all in its cache
    store.close()


def test_two_who_find_the_damage_at_once_go_on_in_one_file(
    tmp_path: Path, sound: tuple[bytes, list[Event]]
) -> None:
    path = tmp_path / "progress.sqlite"
    path.write_bytes(bytes(4096) + sound[0][4096:])
    writers = [writer(path, 5) for _ in range(3)]
    for process in writers:
        go(process)
    sure = set[str]().union(*(acknowledged(process) for process in writers))
    assert ids(path) == sure | {event.id for event in sound[1]}
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 1


@pytest.mark.parametrize("step", range(1, 7))
def test_mending_killed_half_way_is_finished_by_the_next_start(
    tmp_path: Path, sound: tuple[bytes, list[Event]], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    path, original, count = tmp_path / "progress.sqlite", Path.rename, 0

    def rename(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == step:
            raise KeyboardInterrupt
        return original(self, target)

    damaged = bytes(4096) + sound[0][4096:]
    path.write_bytes(damaged)
    monkeypatch.setattr(Path, "rename", rename)
    store = EventStore(path)
    with pytest.raises(KeyboardInterrupt):
        store.read()
    monkeypatch.undo()
    again = EventStore(path)
    assert again.read() == sound[1]
    again.close()
    assert not list(tmp_path.glob("*.tmp*")) + list(tmp_path.glob("*.mended*"))
    assert damaged in [found.read_bytes() for found in tmp_path.glob("*.corrupt-*")]
    store.close()


def test_a_learner_reads_that_the_file_was_damaged(progress: Progress, note: Check) -> None:
    progress.record_verdict(note, passed())
    progress.close()
    seed = progress.seed
    progress.close()
    content = progress.path.read_bytes()
    progress.path.write_bytes(bytes(100) + content[100:])
    assert "was damaged. It is kept as" in progress.notice
    assert "2 events" in progress.notice
    assert progress.seed == seed
    assert progress.state_of(note).status == "passed"
