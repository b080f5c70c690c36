"""What a write does, and who is told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from labkit.cluster.embedded.store import Cause, Key, Store, freeze, thaw
from labkit.core.errors import BadInput

CAUSE = Cause("scheduler", 3)
POD = Key("pods", "default", "web")


def test_what_is_given_is_never_changed_nor_shared() -> None:
    source = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}
    with Store() as store:
        record = store.create(POD, source, CAUSE)
        assert "resourceVersion" not in source["metadata"]
        source["metadata"]["labels"]["app"] = "db"
        source["spec"]["containers"].clear()
        assert record.object["spec"] == {"containers": [{"name": "c"}]}
        assert [each.key for each in store.list("pods", labels={"app": "web"})] == [POD]


def test_what_is_kept_cannot_be_changed() -> None:
    with Store() as store:
        record = store.create(POD, {"metadata": {}, "spec": {"containers": [{}]}}, CAUSE)
        with pytest.raises(TypeError, match="shared"):
            record.object["spec"]["containers"][0]["image"] = "nginx"
        with pytest.raises(TypeError, match="shared"):
            record.object["spec"]["containers"].append({})
        copy = thaw(record.object)
        copy["spec"]["containers"].append({})
        assert store.get(POD) == record


def test_a_frozen_object_may_be_written_again() -> None:
    with Store() as store:
        record = store.create(POD, freeze({"metadata": {"name": "web"}}), CAUSE)
        again = store.update(POD, record.object, CAUSE, expected=record.revision)
        assert again.object == {"metadata": {"name": "web", "resourceVersion": "2"}}
        assert record.object["metadata"]["resourceVersion"] == "1"


def test_a_change_says_who_why_and_when_also_later(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with Store(tmp_path) as store:
        store.create(POD, {"metadata": {}}, CAUSE)
        store.delete(POD, Cause("kubectl"))
        changes = list(store.changes())
    after = datetime.now(UTC)
    assert [change.cause for change in changes] == [CAUSE, Cause("kubectl", None)]
    microsecond = timedelta(microseconds=1)
    assert before - microsecond <= changes[0].time <= changes[1].time <= after
    with Store(tmp_path) as store:
        assert list(store.changes()) == changes
        assert [change.time for change in store.changes()] == [change.time for change in changes]


def test_the_ended_object_is_told_as_it_was_last() -> None:
    with Store() as store:
        created = store.create(POD, {"metadata": {}, "status": {"phase": "Failed"}}, CAUSE)
        deleted = store.delete(POD, CAUSE)
        [_, change] = store.changes()
        assert (change.type, change.record, change.previous) == ("DELETED", deleted, created)
        assert deleted.object == {
            "metadata": {"resourceVersion": "2"},
            "status": {"phase": "Failed"},
        }


def test_lists_go_by_namespace_and_name() -> None:
    names = [("b", "a"), ("a", "b"), ("a-b", "a"), ("", "z"), ("a", "a"), ("a", "a-1")]
    with Store() as store:
        for namespace, name in names:
            store.create(Key("pods", namespace, name), {"metadata": {}}, CAUSE)
        listed = [(record.key.namespace, record.key.name) for record in store.list("pods")]
        assert listed == sorted(names)
        assert [record.key.name for record in store.list("pods", "a")] == ["a", "a-1", "b"]
        assert [record.key.name for record in store.list("pods", "")] == ["z"]


def test_each_write_wakes_after_it_can_be_read() -> None:
    with Store() as store:
        seen: list[int] = []
        unsubscribe = store.subscribe(lambda: seen.append(store.revision))
        store.create(POD, {"metadata": {}}, CAUSE)
        store.update(POD, {"metadata": {}}, CAUSE)
        unsubscribe()
        unsubscribe()
        store.delete(POD, CAUSE)
        assert seen == [1, 2]


def test_a_wake_that_raises_harms_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    with Store() as store, caplog.at_level(logging.ERROR):
        woken: list[str] = []

        def raises() -> None:
            raise RuntimeError("a reader's own fault")

        store.subscribe(lambda: woken.append("before"))
        store.subscribe(raises)
        store.subscribe(lambda: woken.append("after"))
        assert store.create(POD, {"metadata": {}}, CAUSE).revision == 1
        assert woken == ["before", "after"]
    assert "a reader's own fault" in caplog.text


def test_a_wake_may_write_and_end_others() -> None:
    with Store() as store:
        woken: list[int] = []

        def answer() -> None:
            end()
            if store.revision == 1:
                store.update(POD, {"metadata": {}, "answered": True}, Cause("controller", 1))

        store.subscribe(answer)
        end = store.subscribe(lambda: woken.append(store.revision))
        store.create(POD, {"metadata": {}}, CAUSE)
        assert woken == []
        assert [change.cause.because for change in store.changes()] == [3, 1]


def test_the_future_cannot_be_read() -> None:
    with Store() as store:
        with pytest.raises(BadInput, match="no revision 1 yet"):
            store.at(1)
        with pytest.raises(BadInput):
            store.compact(1)
        assert list(store.changes(since=5)) == []
