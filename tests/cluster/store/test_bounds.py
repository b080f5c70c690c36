"""Memory and disk have bounds, and what is kept within them is whole."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from labkit.cluster.embedded.store import Cause, Compacted, Key, Record, Store

CAUSE = Cause("kubelet")
LEASE = Key("leases", "kube-node-lease", "node-1")
POD = Key("pods", "default", "web")


def records_alive() -> int:
    gc.collect()
    return sum(isinstance(each, Record) for each in gc.get_objects())


def files_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_leases_without_end_leave_their_last_state_only(tmp_path: Path) -> None:
    before = records_alive()
    with Store(tmp_path, forgetful=["leases"]) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        store.create(LEASE, {"metadata": {}}, CAUSE)
        for turn in range(200_000):
            store.update(LEASE, {"metadata": {}, "spec": {"renewTime": turn}}, CAUSE)
        kept = list(store.changes("leases", since=store.revision - 4000))
        assert len(kept) == 4000
        del kept
        assert records_alive() - before <= 4096 + 2
        assert files_bytes(tmp_path) < 6 << 20  # nearly all of it the write-ahead log
        # Whoever looks at pods is not kept from its past by leases.
        assert store.compacted == 0
        assert next(store.changes()).record.key == POD
        with pytest.raises(Compacted):
            store.changes("leases", since=1)
        revision = store.revision
    assert files_bytes(tmp_path) < 100_000
    with Store(tmp_path, forgetful=["leases"]) as store:
        record = store.get(LEASE)
        assert record and record.object["spec"] == {"renewTime": 199_999}
        assert store.revision == record.revision == revision
        assert list(store.changes("leases", since=revision)) == []


def test_large_changes_do_not_stay_in_memory() -> None:
    with Store(recent_bytes=1_000_000) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        before = records_alive()
        for turn in range(100):
            store.update(POD, {"metadata": {}, "data": f"{turn}" + "x" * 100_000}, CAUSE)
        assert records_alive() - before <= 10
        assert len(list(store.changes())) == 101


def test_the_disk_keeps_what_fits_and_the_present(tmp_path: Path) -> None:
    limit = 1_000_000
    with Store(tmp_path, max_history_bytes=limit, recent_changes=10) as store:
        old = store.create(POD._replace(name="old"), {"metadata": {}, "old": True}, CAUSE)
        store.create(POD, {"metadata": {}}, CAUSE)
        for turn in range(5_000):
            store.update(POD, {"metadata": {}, "turn": turn, "data": "x" * 1000}, CAUSE)
        past = store.revision - store.compacted
        assert limit * 0.8 < past * 1250 < limit * 1.1
        assert (store.folder / "store.db").stat().st_size < limit * 2
        with pytest.raises(Compacted) as caught:
            store.changes(since=store.compacted - 1)
        assert caught.value.compacted == store.compacted == caught.value.revision + 1
        with pytest.raises(Compacted):
            store.at(store.compacted - 1)
        view = store.at(store.compacted)
        assert view.get(old.key) == old
        pod = view.get(POD)
        assert pod and pod.object["turn"] == store.compacted - 3
        turns = [change.record.object["turn"] for change in store.changes(since=store.compacted)]
        assert turns == list(range(store.compacted - 2, 5_000))
        compacted = store.compacted
    with Store(tmp_path, max_history_bytes=limit) as store:
        assert store.compacted == compacted
        assert store.get(old.key) == old


def test_watchers_in_memory_outlive_a_small_disk() -> None:
    with Store(max_history_bytes=0) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        for turn in range(50):
            store.update(POD, {"metadata": {}, "turn": turn}, CAUSE)
        assert [change.revision for change in store.changes()] == list(range(1, 52))
        store.compact(30)
        with pytest.raises(Compacted):
            store.changes(since=29)
        assert [change.revision for change in store.changes(since=30)] == list(range(31, 52))


def test_a_slow_reader_costs_no_memory_and_misses_nothing() -> None:
    with Store(recent_changes=10) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        store.update(POD, {"metadata": {}}, CAUSE)
        reader = store.changes()
        assert next(reader).revision == 1
        before = records_alive()
        for turn in range(1000):
            store.update(POD, {"metadata": {}, "turn": turn}, CAUSE)
        assert records_alive() - before <= 12
        assert [change.revision for change in reader] == [2]
        assert [change.revision for change in store.changes(since=2)] == list(range(3, 1003))


def test_a_slow_reader_is_told_when_it_comes_too_late() -> None:
    with Store(recent_changes=10) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        for turn in range(1000):
            store.update(POD, {"metadata": {}, "turn": turn}, CAUSE)
        reader = store.changes()
        seen = [next(reader).revision]
        store.compact(900)
        with pytest.raises(Compacted):
            seen.extend(change.revision for change in reader)
        assert seen == list(range(1, seen[-1] + 1))


def test_resources_may_become_forgetful_and_remember_again(tmp_path: Path) -> None:
    for turn, forgetful in enumerate([[], ["leases"], ["leases", "events"], []]):
        with Store(tmp_path, forgetful=forgetful) as store:
            if turn == 0:
                store.create(LEASE, {"metadata": {}}, CAUSE)
            start = store.revision
            assert store.compacted == (0 if turn == 0 else start)
            first = store.update(LEASE, {"metadata": {}, "turn": turn}, CAUSE)
            store.update(LEASE, {"metadata": {}, "turn": turn + 0.5}, CAUSE)
            assert store.at(first.revision).get(LEASE) == first
            assert [change.revision for change in store.changes(since=start)] == [
                start + 1,
                start + 2,
            ]
        with Store(tmp_path, forgetful=forgetful) as store:
            record = store.get(LEASE)
            assert record and record.object["turn"] == turn + 0.5
            seen = [change.revision for change in store.changes(since=start)]
            assert seen == ([] if forgetful else [start + 1, start + 2])


@pytest.mark.parametrize("forgetful", [[], ["leases"]])
def test_revisions_go_on_where_they_ended_though_the_last_write_is_gone(
    tmp_path: Path, forgetful: list[str]
) -> None:
    with Store(tmp_path, forgetful=forgetful) as store:
        store.create(LEASE, {"metadata": {}}, CAUSE)
        store.delete(LEASE, CAUSE)
        store.compact(0 if forgetful else 2)
    with Store(tmp_path, forgetful=forgetful) as store:
        assert (store.revision, store.list("leases")) == (2, [])
        assert store.create(POD, {"metadata": {}}, CAUSE).revision == 3
