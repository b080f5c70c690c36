"""Sums that are kept say what a count of everything says, after whatever was written."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.admission import tally
from labkit.cluster.embedded.apiserver.admission.tally import Ledger
from labkit.cluster.embedded.apiserver.admission.usage import usage
from labkit.cluster.embedded.store import Cause, Key, Store
from tests.support.wait import wait_until

NAMES = ("pods", "requests.cpu", "requests.memory", "limits.memory", "count/pods")
OTHERS = ("configmaps", "count/secrets")
WRITTEN = ("0", "1", "100m", "1Gi", "1536Mi", "2G", "1e3", "2048")
LONG_AGO, SOON = "2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z"
BY_TEST = Cause("test", None)

pods = st.builds(
    lambda cpu, memory, limit, phase, ends, deadline: {
        "metadata": {"deletionTimestamp": ends} if ends else {},
        "spec": {
            "containers": [{"resources": {
                "requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}}],
            **({"activeDeadlineSeconds": 5} if deadline else {}),
        },
        "status": {"phase": phase},
    },
    st.sampled_from(WRITTEN), st.sampled_from(WRITTEN), st.sampled_from(WRITTEN),
    st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]),
    st.sampled_from(["", "", "", LONG_AGO, SOON]), st.booleans(),
)  # fmt: skip
writes = st.tuples(st.sampled_from("abcde"), st.sampled_from(["mine", "other"]), pods | st.none())


def quota(*scopes: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "mine"}, "spec": {"scopes": list(scopes)}}


QUOTAS = (quota(), quota("Terminating"), quota("NotTerminating", "NotBestEffort"))


def write(store: Store, name: str, namespace: str, pod: dict[str, Any] | None) -> None:
    key = Key("pods", namespace, name)
    is_there = store.get(key) is not None
    if pod is None:
        if is_there:
            store.delete(key, BY_TEST)
        return
    value = {**pod, "metadata": {**pod["metadata"], "name": name, "namespace": namespace}}
    (store.update if is_there else store.create)(key, value, BY_TEST)


def said(ledger: Ledger, store: Store) -> list[dict[str, str]]:
    found = (ledger.used(store, one, (*NAMES, *OTHERS)) for one in QUOTAS)
    return [{name: str(amount) for name, amount in one.items()} for one in found]


@given(steps=st.lists(st.lists(writes, max_size=4), max_size=12), most_behind=st.integers(0, 5))
def test_it_is_what_a_count_of_everything_says(steps: list[list[Any]], most_behind: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally, "MOST_BEHIND", most_behind)
        store, kept = Store(), Ledger()
        try:
            for number, burst in enumerate(steps):
                for one in burst:
                    write(store, *one)
                if number % 3 == 2:
                    store.compact(store.revision)
                assert said(kept, store) == said(Ledger(), store)
        finally:
            store.close()


def test_what_was_counted_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is that of the changes, however many there are already."""
    looked = itertools.count()
    monkeypatch.setattr(tally, "usage", lambda *args: (next(looked), usage(*args))[1])
    store, ledger = Store(), Ledger()
    pod = {"metadata": {}, "spec": {"containers": [{"resources": {"requests": {"cpu": "1m"}}}]}}
    try:
        for number in range(200):
            write(store, f"p{number}", "mine", pod)
            used = ledger.used(store, quota(), ["pods", "requests.cpu"])
            assert (str(used["pods"]), used["requests.cpu"].milli) == (str(number + 1), number + 1)
    finally:
        store.close()
    assert next(looked) <= 201


def test_a_pod_on_its_way_out_is_counted_until_its_time_has_come() -> None:
    """Nothing is written then: it is the clock that frees what it used."""
    ends = datetime.now(UTC) + timedelta(seconds=0.5)
    about = {"deletionTimestamp": ends.isoformat(), "deletionGracePeriodSeconds": 0}
    store, ledger = Store(), Ledger()
    try:
        write(store, "p", "mine", {"metadata": about, "spec": {"containers": []}})
        assert str(ledger.used(store, quota(), ["pods"])["pods"]) == "1"
        wait_until(lambda: str(ledger.used(store, quota(), ["pods"])["pods"]) == "0", timeout_s=20)
    finally:
        store.close()


@pytest.mark.parametrize(
    ("first", "second", "sum"), [("2048", "1Gi", "1073743872"), ("1Gi", "2048", "1048578Ki")]
)
def test_a_sum_is_written_as_the_first_amount_is(first: str, second: str, sum: str) -> None:
    store, ledger = Store(), Ledger()
    try:
        for name, memory in (("b", second), ("a", first)):
            containers = [{"resources": {"requests": {"memory": memory}}}]
            write(store, name, "mine", {"metadata": {}, "spec": {"containers": containers}})
            used = ledger.used(store, quota(), ["requests.memory"])["requests.memory"]
        assert str(used) == sum
    finally:
        store.close()
