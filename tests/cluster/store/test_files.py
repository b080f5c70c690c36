"""The folder and the file: who may read them, whose they are, what is said when they are bad."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.cluster.embedded.store import Cause, Key, Store
from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault

CAUSE = Cause("test", 7)
POD = Key("pods", "default", "web")


def write_some(folder: Path) -> None:
    with Store(folder) as store:
        for number in range(200):
            source = {"metadata": {"name": f"web-{number}"}, "padding": "é" * 300}
            store.create(POD._replace(name=f"web-{number}"), source, CAUSE)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "store"
    umask = os.umask(0)
    try:
        with Store(folder) as store:
            store.create(POD, {"metadata": {}}, CAUSE)
            assert mode(folder) == 0o700
            files = {path.name: mode(path) for path in folder.iterdir()}
    finally:
        os.umask(umask)
    assert set(files) == {"store.lock", "store.db", "store.db-wal", "store.db-shm"}
    assert set(files.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    write_some(tmp_path)
    (tmp_path / "store.db").chmod(0o644)
    Store(tmp_path).close()
    assert mode(tmp_path / "store.db") == 0o600


def test_a_temporary_store_is_gone_when_it_is_closed() -> None:
    with Store() as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        assert (store.folder / "store.db").exists()
    assert not store.folder.exists()


def test_closing_twice_does_no_harm(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = store.create(POD, {"metadata": {}}, CAUSE)
    store.close()
    store.close()
    assert store.get(POD) == record
    with pytest.raises(BadInput, match="closed"):
        store.update(POD, {"metadata": {}}, CAUSE)
    with pytest.raises(BadInput, match="closed"):
        store.delete(POD, CAUSE)
    with pytest.raises(BadInput, match="closed"):
        store.compact(1)
    assert (store.revision, store.get(POD)) == (1, record)
    assert [path.name for path in tmp_path.iterdir() if "wal" in path.name] == []


def test_a_folder_is_one_stores_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(Blocked, match=r"in use[^→]*→ Stop that one first"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_a_folder_is_one_processs_at_a_time(tmp_path: Path) -> None:
    code = "import sys; from labkit.cluster.embedded.store import Store; Store(sys.argv[1])"
    with Store(tmp_path):
        command = [sys.executable, "-c", code, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Blocked: the store in" in done.stderr


def test_it_can_be_made_in_one_thread_and_used_in_another(tmp_path: Path) -> None:
    made: list[Store] = []
    thread = threading.Thread(target=lambda: made.append(Store(tmp_path)))
    thread.start()
    thread.join()
    with made[0] as store:
        assert store.create(POD, {"metadata": {}}, CAUSE).revision == 1


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("mine")
    with pytest.raises(Blocked, match="Give it a folder"):
        Store(place)
    assert place.read_text() == "mine"


def no_database(path: Path) -> None:
    path.write_text("These are my notes. " * 100)


def other_program(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def newer_labkit(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def half_of_it(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def zeros_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:-4096] = bytes(len(data) - 8192)
    path.write_bytes(data)


def no_state(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM state")
    connection.close()


def no_table(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE changes")
    connection.close()


def no_json(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE changes SET data = '{' WHERE revision = 100")
    connection.close()


def no_text(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        statement = "UPDATE changes SET name = CAST(x'ff' AS TEXT) WHERE revision = 100"
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (no_database, SystemFault, "damaged"),
        (other_program, Blocked, "another program"),
        (newer_labkit, Blocked, "newer labkit"),
        (half_of_it, SystemFault, "damaged"),
        (zeros_inside, SystemFault, "damaged"),
        (no_state, SystemFault, "damaged"),
        (no_table, SystemFault, "damaged"),
        (no_json, SystemFault, "damaged"),
        (no_text, SystemFault, "damaged"),
    ],
)
def test_a_bad_file_is_told_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], error: type[LabkitError], words: str
) -> None:
    write_some(tmp_path)
    spoil(tmp_path / "store.db")
    before = contents(tmp_path)["store.db"]
    for _ in range(2):  # and the folder is free again
        with pytest.raises(error, match=words) as caught:
            Store(tmp_path)
        assert str(tmp_path) in str(caught.value)
        assert caught.value.hint
    assert contents(tmp_path)["store.db"] == before


def test_a_write_that_fails_changes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        record = store.create(POD, {"metadata": {}}, CAUSE)
        meddler = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        meddler.execute(
            "CREATE TRIGGER no BEFORE INSERT ON changes BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        with pytest.raises(SystemFault):
            store.update(POD, {"metadata": {}, "spec": {}}, CAUSE)
        assert (store.revision, store.get(POD), len(list(store.changes()))) == (1, record, 1)
        meddler.execute("DROP TRIGGER no")
        meddler.close()
        assert store.update(POD, {"metadata": {}}, CAUSE).revision == 2


@pytest.mark.parametrize("source", [{"metadata": {}, "x": {1, 2}}, {"metadata": {}, "x": 2**70}])
def test_what_is_no_json_changes_nothing(source: dict[str, object]) -> None:
    with Store() as store:
        with pytest.raises(TypeError):
            store.create(POD, source, CAUSE)
        assert (store.revision, store.get(POD)) == (0, None)


@pytest.mark.requires("program:sqlite3")
def test_the_file_says_the_same_to_others(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for phase in ("Pending", "Running"):
            source = {"metadata": {"name": "web"}, "status": {"phase": phase}}
            write = store.create if phase == "Pending" else store.update
            write(POD, source, CAUSE)
        store.delete(POD, Cause("kubelet"))
        query = (
            "SELECT revision, type, resource, namespace, name, previous, component, because,"
            " json_extract(data, '$.metadata.resourceVersion'),"
            " json_extract(data, '$.status.phase') FROM changes; PRAGMA integrity_check"
        )
        command = ["sqlite3", "-readonly", str(tmp_path / "store.db"), query]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "1|ADDED|pods|default|web||test|7|1|Pending",
        "2|MODIFIED|pods|default|web|1|test|7|2|Running",
        "3|DELETED|pods|default|web|2|kubelet||3|Running",
        "ok",
    ]


def test_a_copied_folder_is_the_same_store(tmp_path: Path) -> None:
    with Store(tmp_path / "one") as store:
        record = store.create(POD, {"metadata": {}}, CAUSE)
        [change] = store.changes()
        shutil.copytree(store.folder, tmp_path / "two")
        with Store(tmp_path / "two") as other:
            assert other.get(POD) == record
            assert list(other.changes()) == [change]
