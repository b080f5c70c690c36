"""The journal: whole lines or none, read back whatever happened to the file."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core import journal

ENTRIES = st.lists(
    st.dictionaries(st.text(min_size=1).filter(lambda key: key != "kind"), st.text()), max_size=5
)


@given(entries=ENTRIES, cut=st.integers(0, 400))
def test_what_was_written_before_a_crash_is_read(
    tmp_path_factory: pytest.TempPathFactory, entries: list[dict[str, str]], cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    fd = journal.open_journal(str(folder))
    for entry in entries:
        journal.append(fd, "sandbox", **{f"k{key}": value for key, value in entry.items()})
    os.close(fd)
    path = folder / journal.NAME
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    read = journal.read_journal(str(folder))
    complete = path.read_bytes().count(b"\n")
    assert len(read) in (complete, complete + 1)  # the last may have lost its newline alone
    written = [json.loads(line) for line in whole.splitlines()]
    assert read == written[: len(read)]


@given(junk=st.binary(max_size=200))
def test_any_bytes_are_read_as_entries_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    (folder / journal.NAME).write_bytes(junk + b'\n{"kind": "cgroup"}\n')
    read = journal.read_journal(str(folder))
    assert read[-1] == {"kind": "cgroup"}
    assert all(isinstance(entry["kind"], str) for entry in read)


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert journal.read_journal(str(tmp_path)) == []


def test_a_disk_that_is_full_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = journal.open_journal(str(tmp_path))
    journal.append(fd, "cgroup", path="/a")
    real = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: real(fd, data[:7]))
        with pytest.raises(OSError, match="No space left") as caught:
            journal.append(fd, "cgroup", path="/b")
        assert caught.value.errno == errno.ENOSPC
    journal.append(fd, "cgroup", path="/c")
    os.close(fd)
    assert [entry["path"] for entry in journal.read_journal(str(tmp_path))] == ["/a", "/c"]


def test_a_journal_is_replaced_at_once(tmp_path: Path) -> None:
    fd = journal.open_journal(str(tmp_path))
    journal.append(fd, "cgroup", path="/a")
    os.close(fd)
    journal.replace(str(tmp_path), [{"kind": "sandbox", "name": "x"}])
    assert journal.read_journal(str(tmp_path)) == [{"kind": "sandbox", "name": "x"}]
    assert [path.name for path in tmp_path.iterdir()] == [journal.NAME]
