"""A damaged database is noticed, kept aside, and what can be read of it goes on."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.grading import Check, Event, Progress, passed
from labkit.grading.database import EventStore
from labkit.grading.events import new_event
from tests.grading.writers import acknowledged, go, ids, writer

DROP = ("DROP TRIGGER events_never_change", "DROP TRIGGER events_never_go")


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
