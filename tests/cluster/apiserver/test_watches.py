"""Watches: whoever follows one knows what there is, whatever happens and however slow it reads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.apiserver.watch import hub as hubs
from labkit.cluster.embedded.apiserver.watch.start import Watch
from labkit.cluster.embedded.store import Cause, Key
from tests.cluster.apiserver.plane import ADMIN, Plane, config_map, with_plane

HERE = "/api/v1/namespaces/default/configmaps"


class Reader:
    """Reads a watch, or does not for a while, and keeps what it learns."""

    def __init__(self) -> None:
        self.taken, self.full, self.is_over = b"", 0, False
        self.known: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        assert data, "an empty chunk is the end of the answer"
        self.taken += data

    def waiting(self) -> int:
        return self.full

    def close(self) -> None:
        self.is_over = True

    def read(self) -> list[dict[str, Any]]:
        """The events since the last time, held against the rules of a watch."""
        lines, self.taken = self.taken.splitlines(), b""
        new = [json.loads(line) for line in lines]
        for event in new:
            self._take(event)
        self.events += new
        return new

    def _take(self, event: dict[str, Any]) -> None:
        kind, value = event["type"], event["object"]
        if kind in ("BOOKMARK", "ERROR"):
            return
        name = value["metadata"]["name"]
        assert (kind == "ADDED") == (name not in self.known), f"{kind} of {name}"
        if kind == "DELETED":
            del self.known[name]
        else:
            assert self._revision(value) > self._revision(self.known.get(name))
            self.known[name] = value

    @staticmethod
    def _revision(value: dict[str, Any] | None) -> int:
        return int(value["metadata"]["resourceVersion"]) if value else 0


def secret(name: str) -> dict[str, Any]:
    """Something else than what is watched."""
    return {"metadata": {"name": name}}


def watch(plane: Plane, path: str = HERE, **query: str) -> Reader:
    """Begins a watch."""
    asked = requests.parse("GET", path, {"watch": "1", **query}, {})
    asked.user = ADMIN
    resource = plane.api.registry.find(asked.group, asked.version, asked.resource)
    assert resource is not None
    reader = Reader()
    Watch(plane.api, asked, resource).begin(reader)
    return reader


async def settle() -> None:
    """Lets what is planned happen."""
    for _ in range(5):
        await asyncio.sleep(0.002)


def test_what_is_there_comes_first_and_then_what_happens(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("one"))
        reader = watch(plane, fieldSelector="metadata.name!=kube-root-ca.crt")
        assert [event["type"] for event in reader.read()] == ["ADDED"]
        await plane.call("POST", HERE, config_map("two"))
        await plane.call("DELETE", f"{HERE}/one")
        await settle()
        assert [event["type"] for event in reader.read()] == ["ADDED", "DELETED"]
        assert set(reader.known) == {"two"}

    with_plane(tmp_path, run)


def test_a_list_that_streams_ends_with_a_bookmark(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane, sendInitialEvents="true", allowWatchBookmarks="true",
                       resourceVersionMatch="NotOlderThan")  # fmt: skip
        *first, last = reader.read()
        assert {event["type"] for event in first} == {"ADDED"}
        assert last["type"] == "BOOKMARK"
        assert last["object"]["kind"] == "ConfigMap"
        about = last["object"]["metadata"]
        assert about["annotations"] == {"k8s.io/initial-events-end": "true"}
        assert int(about["resourceVersion"]) == plane.store.revision

    with_plane(tmp_path, run)


def test_an_object_that_no_longer_matches_is_deleted_for_this_watcher(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", HERE, config_map("c", labels={"a": "1"}))
        reader = watch(plane, labelSelector="a=1")
        made["metadata"]["labels"] = {"a": "2"}
        await plane.call("PUT", f"{HERE}/c", made)
        await plane.call("DELETE", f"{HERE}/c")
        await settle()
        reader.read()
        assert [event["type"] for event in reader.events] == ["ADDED", "DELETED"]

    with_plane(tmp_path, run)


def test_much_that_does_not_match_does_not_end_a_watch_of_the_past(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("before", labels={"a": "1"}))
        for number in range(250):
            await plane.call("POST", HERE, config_map(f"other-{number}"))
        await plane.call("POST", HERE, config_map("after", labels={"a": "1"}))
        reader = watch(plane, labelSelector="a=1", resourceVersion="1")
        await plane.until(lambda: plane.api.hub.has_told_all)
        names = [event["object"]["metadata"]["name"] for event in reader.read()]
        assert names == ["before", "after"]

    with_plane(tmp_path, run)


def test_who_does_not_read_is_left_behind_and_told_all_when_it_reads(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane, fieldSelector="metadata.name!=kube-root-ca.crt")
        reader.full = hubs.MUCH + 1
        for number in range(250):
            await plane.call("POST", HERE, config_map(f"c{number}"))
        await settle()
        assert reader.taken == b""
        reader.full = 0
        await plane.until(lambda: reader.taken.count(b"\n") == 250)
        reader.read()
        assert len(reader.known) == 250

    with_plane(tmp_path, run)


def test_history_that_is_gone_ends_a_watch_with_410(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        old = plane.store.revision
        for number in range(3):
            await plane.call("POST", HERE, config_map(f"c{number}"))
        plane.store.compact(plane.store.revision)
        reader = watch(plane, resourceVersion=str(old))
        (event,) = reader.read()
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
        assert event["object"]["reason"] == "Expired"
        assert reader.is_over

    with_plane(tmp_path, run)


def test_a_watch_of_a_revision_that_has_not_been_says_nothing_until_then(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane, resourceVersion=str(plane.store.revision + 2))
        for name in "abc":
            await plane.call("POST", HERE, config_map(name))
        await plane.until(lambda: bool(reader.taken))
        assert [one["object"]["metadata"]["name"] for one in reader.read()] == ["c"]

    with_plane(tmp_path, run)


def test_with_what_is_there_first_such_a_watch_is_an_error(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        wanted = plane.store.revision + 10
        more = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        reader = watch(plane, resourceVersion=str(wanted), **more)
        (error,) = reader.read()
        assert (error["type"], error["object"]["code"], reader.is_over) == ("ERROR", 504, True)
        assert error["object"]["message"] == (
            f"Timeout: Too large resource version: {wanted}, current: {plane.store.revision}"
        )

    with_plane(tmp_path, run)


def test_many_are_told_by_turns_and_others_have_theirs_between(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        readers = [watch(plane) for _ in range(3 * hubs.AT_ONCE)]
        await plane.call("POST", HERE, config_map("a"))
        seen = {0}
        while max(seen) < len(readers):
            await asyncio.sleep(0)
            seen.add(sum(bool(one.taken) for one in readers))
        assert seen == {0, hubs.AT_ONCE, 2 * hubs.AT_ONCE, 3 * hubs.AT_ONCE}

    with_plane(tmp_path, run, is_bare=True)


def test_who_comes_late_in_a_round_is_told_what_happens_meanwhile(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        early, *_, late = (watch(plane) for _ in range(2 * hubs.AT_ONCE))
        await plane.call("POST", HERE, config_map("a"))
        while not early.taken:
            await asyncio.sleep(0)
        await plane.call("POST", HERE, config_map("b"))
        assert (len(early.read()), len(late.read())) == (1, 0)
        await plane.until(lambda: bool(late.taken))
        assert len(late.read()) == 2
        await plane.until(lambda: plane.api.hub.has_told_all)
        assert len(early.read()) == 1

    with_plane(tmp_path, run, is_bare=True)


def test_a_bookmark_waits_until_what_it_vouches_for_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "AT_ONCE", 1)
    monkeypatch.setattr(hubs, "REST", 1e4)  # the second one is due for a good while
    monkeypatch.setattr(hubs, "LOOK_EVERY_S", 0.005)
    monkeypatch.setattr(hubs, "BOOKMARK_EVERY_S", 0.0)

    async def run(plane: Plane) -> None:
        first, second = (watch(plane, allowWatchBookmarks="1", resourceVersion="1") for _ in "ab")
        await plane.until(lambda: b"BOOKMARK" in second.taken)
        await plane.call("POST", HERE, config_map("a"))
        await plane.until(lambda: b"ADDED" in first.taken)
        first.taken = second.taken = b""
        await plane.until(lambda: first.taken.count(b"BOOKMARK") > 2)
        assert second.taken == b""

    with_plane(tmp_path, run, is_bare=True)


def test_who_watches_what_is_quiet_is_not_too_late_when_the_past_is_compacted(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane)
        for name in "ab":
            await plane.call("POST", HERE.replace("configmaps", "secrets"), secret(name))
        await plane.until(lambda: plane.api.hub.has_told_all)
        plane.store.compact(plane.store.revision)
        await plane.call("POST", HERE, config_map("a"))
        await plane.until(lambda: bool(reader.taken))
        assert [one["type"] for one in reader.read()] == ["ADDED"]

    with_plane(tmp_path, run, is_bare=True)


def test_who_was_not_told_of_what_is_compacted_is_told_that_it_is_too_late(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane)
        plane.store.create(Key("configmaps", "default", "a"), config_map("a"), Cause("somebody"))
        plane.store.create(Key("configmaps", "default", "b"), config_map("b"), Cause("somebody"))
        plane.store.compact(plane.store.revision)  # in the same moment: nobody was told yet
        await plane.until(lambda: reader.is_over)
        (event,) = reader.read()
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)

    with_plane(tmp_path, run, is_bare=True)


def test_a_watch_ends_when_its_time_is_over(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane, timeoutSeconds="1")
        await plane.until(lambda: reader.is_over)
        assert len(plane.api.hub) == 0

    with_plane(tmp_path, run)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), st.sampled_from("ab"), st.sampled_from("12")),
        st.tuples(st.just("label"), st.sampled_from("ab"), st.sampled_from("123")),
        st.tuples(st.just("delete"), st.sampled_from("ab"), st.just("")),
        st.tuples(st.just("watch"), st.sampled_from(["", "tier=1", "tier in (1,2)", "tier!=1"]),
                  st.integers(0, 30)),
        st.tuples(st.just("full"), st.integers(0, 5), st.booleans()),
        st.tuples(st.just("settle"), st.just(""), st.just("")),
    ),
    min_size=15,
    max_size=50,
)  # fmt: skip


@settings(max_examples=100)
@given(steps=STEPS)
def test_whatever_happens_every_watcher_knows_what_there_is(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("plane")
    with pytest.MonkeyPatch.context() as few:  # so that many a turn comes in the middle of a round
        few.setattr(hubs, "AT_ONCE", 2)
        few.setattr(hubs, "PIECE", 3)
        with_plane(folder, lambda plane: _play(plane, steps), is_bare=True)


async def _play(plane: Plane, steps: list[tuple[str, Any, Any]]) -> None:
    begun = plane.store.revision
    readers: list[tuple[Reader, str]] = []
    for what, name, value in steps:
        if what == "watch":
            readers.append((_begin(plane, name, begun + value), name))
        elif what == "full" and readers:
            readers[name % len(readers)][0].full = hubs.MUCH + 1 if value else 0
        elif what == "settle":
            await settle()
        else:
            await _write(plane, what, name, value)
    for reader, _ in readers:
        reader.full = 0
    await plane.until(lambda: plane.api.hub.has_told_all)
    await settle()
    for reader, selector in readers:
        reader.read()
        there = await plane.call("GET", HERE, query={"labelSelector": selector})
        says = {"kind": "ConfigMap", "apiVersion": "v1"}  # what is in a list does not
        assert reader.known == {one["metadata"]["name"]: says | one for one in there["items"]}


def _begin(plane: Plane, selector: str, since: int) -> Reader:
    """A watch from a revision: its reader knows what was there then, as after a list."""
    since = min(since, plane.store.revision)
    reader = watch(plane, labelSelector=selector, resourceVersion=str(since))
    asked = requests.parse("GET", HERE, {"labelSelector": selector}, {})
    resource = plane.api.registry.find("", "v1", "configmaps")
    assert resource is not None
    from labkit.cluster.embedded.apiserver.handlers.read import selection

    chosen = selection(asked, resource)
    for record in plane.store.at(since).list("configmaps", "default"):
        if chosen.matches(record.object):
            reader.known[record.key.name] = json.loads(record.data)
    return reader


async def _write(plane: Plane, what: str, name: str, value: str) -> None:
    try:
        if what == "create":
            await plane.call("POST", HERE, config_map(name, labels={"tier": value}))
        elif what == "label":
            body = {"metadata": {"labels": {"tier": value}}}
            kind = "application/merge-patch+json"
            await plane.call("PATCH", f"{HERE}/{name}", body, content_type=kind)
        else:
            await plane.call("DELETE", f"{HERE}/{name}")
    except ApiError as error:
        assert error.code in (404, 409)
