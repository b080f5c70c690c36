"""Whatever is done to a store, in whatever order, it says what a dict and a list would say."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from labkit.cluster.embedded.store import (
    AlreadyExists,
    Cause,
    Change,
    Compacted,
    Conflict,
    Key,
    NotFound,
    Store,
)
from tests.cluster.store.model import Model, Object, Written, plain, scan, told

FORGETFUL = "leases.coordination.k8s.io"
RESOURCES = ("pods", "deployments.apps", FORGETFUL)
NAMESPACES = ("", "a", "a-b", "b")

KEYS = (
    *(Key("pods", namespace, "x") for namespace in NAMESPACES),
    Key("pods", "a", "w"),
    Key("deployments.apps", "a", "x"),
    Key(FORGETFUL, "a", "x"),
    Key(FORGETFUL, "b", "x"),
)

keys = st.sampled_from(KEYS)
causes = st.builds(
    Cause, st.sampled_from(["kubectl", "scheduler"]), st.none() | st.integers(0, 2**40)
)
labels = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["web", "db"]))
owners = st.lists(st.sampled_from(["uid-1", "uid-2"]), max_size=2)
nodes = st.sampled_from(["node-1", "node-2"])


@st.composite
def objects(draw: st.DrawFn) -> Object:
    metadata: Object = {"resourceVersion": draw(st.sampled_from(["", "1", "999"]))}
    if found := draw(labels):
        metadata["labels"] = found
    if uids := draw(owners):
        metadata["ownerReferences"] = [{"uid": uid} for uid in uids]
    source: Object = {"metadata": metadata, "data": draw(st.text(max_size=20))}
    if node := draw(st.none() | nodes):
        source["spec"] = {"nodeName": node}
    return source


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "resource": draw(st.sampled_from(RESOURCES)),
        "namespace": draw(st.none() | st.sampled_from(NAMESPACES)),
        "labels": draw(st.none() | labels),
        "owner": draw(st.none() | st.sampled_from(["uid-1", "uid-2"])),
        "node": draw(st.none() | nodes),
    }


QUESTIONS: tuple[dict[str, Any], ...] = (
    *({"resource": resource} for resource in RESOURCES),
    {"resource": "pods", "namespace": "a"},
    {"resource": "pods", "labels": {"app": "web"}},
    {"resource": "pods", "labels": {"app": "web", "tier": "web"}},
    {"resource": "pods", "namespace": "a", "labels": {"tier": "db"}, "owner": "uid-1"},
    {"resource": "pods", "owner": "uid-2", "node": "node-1"},
    {"resource": "pods", "node": "node-2"},
)


class AnyStore(RuleBasedStateMachine):
    """A store with very little room, beside a model that keeps everything."""

    readers = Bundle("readers")
    iterators = Bundle("iterators")

    @initialize(
        recent=st.integers(1, 8),
        recent_bytes=st.sampled_from([1, 500, 10**6]),
        history=st.sampled_from([0, 3_000, 10**9]),
    )
    def start(self, recent: int, recent_bytes: int, history: int) -> None:
        self.place = Path(tempfile.mkdtemp())
        self.options: dict[str, Any] = {
            "forgetful": [FORGETFUL],
            "recent_changes": recent,
            "recent_bytes": recent_bytes,
            "max_history_bytes": history,
        }
        self.model = Model()
        self.explicit = 0  # the latest revision that it was told to compact to
        self.restarts = 0
        self.open(self.place / "store0")

    def open(self, folder: Path) -> None:
        self.store = Store(folder, **self.options)
        self.woken = self.model.revision
        self.store.subscribe(self.wake)
        self.seen_compacted = self.store.compacted

    def wake(self) -> None:
        self.woken += 1

    @rule(
        writes=st.lists(st.tuples(keys, objects(), causes, st.booleans()), min_size=1, max_size=8)
    )
    def write(self, writes: list[tuple[Key, Object, Cause, bool]]) -> None:
        for key, source, cause, is_end in writes:
            before = repr(source)
            if key not in self.model.objects:
                record = self.store.create(key, source, cause)
                self.expect_written("ADDED", key, source, cause, record)
            elif is_end:
                last = self.model.objects[key]
                record = self.store.delete(key, cause, self.revision_of(key))
                self.expect_written("DELETED", key, last, cause, record)
            else:
                record = self.store.update(key, source, cause, self.revision_of(key))
                self.expect_written("MODIFIED", key, source, cause, record)
            assert repr(source) == before

    @rule(key=keys, off=st.sampled_from([-1, 1, 100]))
    def refuse(self, key: Key, off: int) -> None:
        cause = Cause("nobody")
        if key not in self.model.objects:
            with pytest.raises(NotFound):
                self.store.update(key, {}, cause)
            with pytest.raises(NotFound) as missing:
                self.store.delete(key, cause)
            assert (missing.value.key, missing.value.revision) == (key, self.model.revision)
            return
        revision = self.revision_of(key)
        with pytest.raises(AlreadyExists) as there:
            self.store.create(key, {}, cause)
        assert (there.value.key, there.value.revision) == (key, revision)
        with pytest.raises(Conflict):
            self.store.update(key, {}, cause, revision + off)
        with pytest.raises(Conflict) as caught:
            self.store.delete(key, cause, revision + off)
        said = (caught.value.key, caught.value.expected, caught.value.actual)
        assert said == (key, revision + off, revision)

    @rule(question=questions())
    def list(self, question: dict[str, Any]) -> None:
        assert plain(self.store.list(**question)) == scan(self.model.objects, **question)

    @rule(data=st.data())
    def look_at_what_is_gone(self, data: st.DataObject) -> None:
        if self.store.compacted:
            revision = data.draw(st.integers(0, self.store.compacted - 1))
            for refused in (self.store.at, partial(self.store.changes, None, None)):
                with pytest.raises(Compacted) as caught:
                    refused(revision)
                said = (caught.value.revision, caught.value.compacted)
                assert said == (revision, self.store.compacted)

    @rule(data=st.data(), question=questions())
    def look_back(self, data: st.DataObject, question: dict[str, Any]) -> None:
        revision = data.draw(st.integers(self.store.compacted, self.model.revision))
        self.expect_past(revision, (question,))

    @rule(target=readers, data=st.data())
    def new_reader(self, data: st.DataObject) -> tuple[str | None, str | None, int]:
        resource = data.draw(st.none() | st.sampled_from(RESOURCES))
        namespace = data.draw(st.none() | st.sampled_from(NAMESPACES))
        return resource, namespace, data.draw(st.integers(0, self.model.revision))

    @rule(reader=readers)
    def read_on(self, reader: tuple[str | None, str | None, int]) -> None:
        resource, namespace, since = reader
        try:
            changes = [told(each) for each in self.store.changes(resource, namespace, since)]
        except Compacted as refused:
            assert since < refused.compacted
            assert resource == FORGETFUL or since < self.store.compacted
            return
        assert since >= self.store.compacted
        self.expect_read(changes, resource, namespace, since, self.model.revision)

    @rule(target=iterators, reader=readers, data=st.data())
    def leave_an_iterator_open(
        self, reader: tuple[str | None, str | None, int], data: st.DataObject
    ) -> tuple[Any, ...]:
        resource, namespace, since = reader
        until = data.draw(st.none() | st.integers(0, self.model.revision + 2))
        try:
            changes = self.store.changes(resource, namespace, since, until)
        except Compacted:
            changes = iter(())
            resource = "nothing"
        until = self.model.revision if until is None else min(until, self.model.revision)
        return changes, resource, namespace, since, until, self.restarts, []

    @rule(iterator=iterators, steps=st.integers(1, 3))
    def step(self, iterator: tuple[Any, ...], steps: int) -> None:
        changes: Iterator[Change]
        changes, resource, namespace, since, until, restarts, seen = iterator
        if restarts != self.restarts or resource == "nothing":
            return
        try:
            for change in islice(changes, steps):
                seen.append(told(change))
        except Compacted:
            assert resource == FORGETFUL or since < self.store.compacted
        last = seen[-1].revision if seen else since
        self.expect_read(seen, resource, namespace, since, min(last, until))

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(0, self.model.revision))
        self.store.compact(revision)
        self.explicit = max(self.explicit, revision)

    @rule()
    def restart(self) -> None:
        folder = self.store.folder
        self.store.close()
        self.restarts += 1
        self.open(folder)

    @rule()
    def crash(self) -> None:
        """The files as they are, without a close: what a SIGKILL leaves."""
        self.restarts += 1
        folder = self.place / f"store{self.restarts}"
        shutil.copytree(self.store.folder, folder)
        self.store.close()
        self.open(folder)

    @invariant()
    def the_present_is_the_model(self) -> None:
        assert self.store.revision == self.woken == self.model.revision
        found = [scan(self.model.objects, resource, owner="uid-1") for resource in RESOURCES]
        assert plain(self.store.dependents("uid-1")) == sorted(chain.from_iterable(found))
        for question in QUESTIONS:
            assert plain(self.store.list(**question)) == scan(self.model.objects, **question)

    @invariant()
    def the_past_is_the_models(self) -> None:
        first, last = self.store.compacted, self.model.revision
        for revision in {first, (first + last) // 2, max(first, last - 1)}:
            self.expect_past(revision, QUESTIONS)
        changes = [told(each) for each in self.store.changes(since=first)]
        self.expect_read(changes, None, None, first, last)

    @invariant()
    def only_what_must_go_goes(self) -> None:
        compacted = self.store.compacted
        assert max(self.explicit, self.seen_compacted) <= compacted <= self.model.revision
        if self.options["max_history_bytes"] == 10**9:
            assert compacted == self.explicit
        self.seen_compacted = compacted

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.place)

    def revision_of(self, key: Key) -> int:
        return int(self.model.objects[key]["metadata"]["resourceVersion"])

    def expect_past(self, revision: int, questions: tuple[dict[str, Any], ...]) -> None:
        """All that can be asked of a revision; of what is forgetful, perhaps nothing."""
        then, view = self.model.at(revision), self.store.at(revision)
        for question in questions:
            try:
                assert plain(view.list(**question)) == scan(then, **question)
            except Compacted:
                assert question["resource"] == FORGETFUL
        for key in KEYS:
            try:
                record = view.get(key)
            except Compacted:
                assert key.resource == FORGETFUL
            else:
                assert (plain([record])[0][1] if record else None) == then.get(key)

    def expect_written(
        self, kind: str, key: Key, source: Object, cause: Cause, record: Any
    ) -> None:
        written = self.model.write(kind, key, source, cause)
        assert plain([record]) == [(key, written.object)]
        assert record.revision == written.revision == self.store.revision
        assert [told(each) for each in self.store.changes(since=written.revision - 1)] == [written]

    def expect_read(
        self,
        changes: list[Written],
        resource: str | None,
        namespace: str | None,
        since: int,
        until: int,
    ) -> None:
        """Everything between two revisions; of what is forgetful, the newest part of it."""
        wanted = [
            each
            for each in self.model.written[since:until]
            if resource in (None, each.key.resource) and namespace in (None, each.key.namespace)
        ]
        if resource is None:
            leases = [each for each in changes if each.key.resource == FORGETFUL]
            kept = [each for each in wanted if each.key.resource == FORGETFUL]
            assert leases == kept[len(kept) - len(leases) :]
            first = leases[0].revision if leases else until + 1
            wanted = [
                each for each in wanted if each.key.resource != FORGETFUL or each.revision >= first
            ]
        assert changes == wanted


TestAnyStore = AnyStore.TestCase
TestAnyStore.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
