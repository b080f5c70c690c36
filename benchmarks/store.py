"""What the embedded cluster's store takes for a write, a read and a list: pods of 1.3 KB.

The processor's time, that of the kernel for it as well: nothing waits for the disk.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.report import Row, Table, at_most
from labkit.cluster.embedded.store import Cause, Key, Store

PODS, APPS = 300, 10
OBJECTS, WRITES = 10_000, 20_000
CAUSE = Cause("benchmark")

WRITE_US, GET_US, LIST_US, READ_BACK_US, RESTORE_S = 100, 1, 50, 20, 1.0


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Each call on a store of 300 pods; a store of 10,000 that is found again."""
    rounds = 2 if is_quick else 10
    yield Table(f"The store, with {PODS} pods in it: medians of {rounds} rounds", _calls(rounds))
    scale = 10 if is_quick else 1
    yield Table("The store, grown", (_restored(OBJECTS // scale), *_kept(WRITES // scale)))


def _calls(rounds: int) -> tuple[Row, ...]:
    keys = [Key("pods", "default", f"pod-{number}") for number in range(PODS)]
    pods = {key: _pod(key.name, number % APPS) for number, key in enumerate(keys)}
    with Store() as store:
        calls: dict[str, Callable[[Key], object]] = {
            "create": lambda key: store.create(key, pods[key], CAUSE),
            "get": store.get,
            "update": lambda key: store.update(key, pods[key], CAUSE),
            "update, and look at the object": lambda key: (
                store.update(key, pods[key], CAUSE).object
            ),
            "read the last change": lambda _: list(store.changes(since=store.revision - 1)),
            "list 300": lambda _: store.list("pods", "default"),
            "list 30 of 300 by label": lambda _: store.list("pods", labels={"app": "app-3"}),
            "delete": lambda key: store.delete(key, CAUSE),
        }
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                taken[name].append(_each_us(call, keys))
    targets = {"get": GET_US, "list 300": LIST_US, "list 30 of 300 by label": LIST_US}
    return tuple(
        _microseconds(name, statistics.median(each), targets.get(name, WRITE_US))
        for name, each in taken.items()
    )


def _restored(objects: int) -> Row:
    """As many pods, each written twice, in a folder that is opened again."""
    with tempfile.TemporaryDirectory() as folder:
        with Store(folder) as store:
            for number in range(objects):
                key = Key("pods", f"namespace-{number % 7}", f"pod-{number}")
                store.create(key, _pod(key.name, number % APPS), CAUSE)
                store.update(key, _pod(key.name, number % APPS), CAUSE)
        started = time.process_time()
        with Store(folder):
            taken = time.process_time() - started
    return at_most(f"found again: {objects:,} objects, {2 * objects:,} changes", taken, RESTORE_S)


def _kept(writes: int) -> Iterator[Row]:
    """One object, written over and over with little room on disk; read back from there."""
    limit = writes * 500  # about a third of it
    with Store(max_history_bytes=limit, recent_changes=100) as store:
        key = Key("pods", "default", "pod")
        pod = _pod("pod", 0)
        store.create(key, pod, CAUSE)

        def update(key: Key) -> object:
            return store.update(key, pod, CAUSE)

        slowest = max(_each_us(update, [key]) for _ in range(writes))
        yield at_most("the slowest write, old ones compacted away", slowest / 1e6, 0.02)
        since = store.compacted
        started = time.process_time()
        read = sum(1 for _ in store.changes(since=since))
        each = (time.process_time() - started) / read * 1e6
        yield _microseconds(f"a change read back, of {read:,}", each, READ_BACK_US)
        size = (store.folder / "store.db").stat().st_size
        note = f"of a past of {limit / 1e6:g} MB at most; {writes:,} writes"
        yield Row("the file", f"{size / 1e6:.1f} MB", note)


def _each_us(call: Callable[[Key], object], keys: list[Key]) -> float:
    started = time.process_time()
    for key in keys:
        call(key)
    return (time.process_time() - started) / len(keys) * 1e6


def _microseconds(what: str, value: float, target: float) -> Row:
    return Row(what, f"{value:.1f} µs", "", f"≤ {target:g} µs", value <= target)


def _pod(name: str, app: int) -> dict[str, Any]:
    """A pod as a ReplicaSet's is once it runs."""
    condition = {"status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": f"uid-{app}"}
    fields = {"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "uid": "2f8b4b1e-0000-4000-8000-444444444444",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": f"app-{app}", "pod-template-hash": "5d4f8c"},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}],
            "managedFields": [
                {"manager": "kubelet", "operation": "Update", "fieldsV1": fields},
                {"manager": "controller", "operation": "Update", "fieldsV1": fields},
            ],
        },
        "spec": {
            "containers": [
                {
                    "name": "web",
                    "image": "registry.example/web:1",
                    "env": [{"name": "MODE", "value": "lab"}],
                    "ports": [{"containerPort": 8080, "protocol": "TCP"}],
                    "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                }
            ],
            "nodeName": f"node-{app % 3}",
            "volumes": [{"name": "data", "emptyDir": {}}],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.0.0.7",
            "conditions": [
                {"type": kind, **condition}
                for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
            ],
            "containerStatuses": [{"name": "web", "ready": True, "restartCount": 0}],
        },
    }
