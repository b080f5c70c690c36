"""What the embedded cluster's API costs: the start, single requests, lists, watches, memory.

Asked over HTTPS on one connection, as a client would, with everything on: RBAC, defaults,
validation, managed fields, causes. A real cluster can be measured in the same run: PEER_KUBECONFIG
names its file, or PEER_PROGRAMS the folder with its programs (`python -m tests.cluster.real build`
makes one), and then its start is measured, too. A figure is reached, too, where it is as small a
part of the peer's as its target is of the figures below.
What a real API server 1.36 with etcd 3.6 took on a machine like this (two cores) stands beside it.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.https import Connection
from benchmarks.report import Row, Table, at_most, duration

REAL_S = {
    "start": 3.0, "create": 2.7e-3, "get": 1.0e-3, "patch": 3.1e-3, "delete": 4.9e-3,
    "list of 300": 10.6e-3, "by label": 2.0e-3, "write to event": 2.8e-3,
}  # fmt: skip
"""Measured once, with kube-apiserver 1.36 and etcd 3.6 on two cores."""
REAL_MIB = 365
TARGET_S = {
    "start": 0.5, "create": 1.2e-3, "get": 0.5e-3, "patch": 1.2e-3, "delete": 1.2e-3,
    "list of 300": 4e-3, "by label": 1e-3, "write to event": 1e-3,
}  # fmt: skip
TARGET_MIB = 80
PODS = 300
WATCHERS, WRITES_A_SECOND, P99_S = 1000, 100, 0.100
NAMESPACE = "labkit-benchmark"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
PATCH = {"metadata": {"labels": {"version": "2"}}}
ROOT = f"/api/v1/namespaces/{NAMESPACE}"


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Starts a cluster in a folder of its own, and asks it."""
    rounds = 40 if is_quick else 400
    times = 3 if is_quick else 9
    with _peer(times // 3) as (peer, its_starts), _embedded(times) as (kubeconfig, starts, pid):
        idle = _resident_mib(pid)
        figures, *others = _requests([kubeconfig, *([peer] if peer else [])], rounds)
        used = _resident_mib(pid)
        figures = {"start": statistics.median(starts)} | figures
        beside = others[0] if others else {}
        if its_starts:
            beside["start"] = statistics.median(its_starts)
        yield Table(
            "The embedded cluster's API: medians", tuple(_rows(figures, beside, idle, used))
        )
        seconds = 3 if is_quick else 10
        rows = [_watchers(kubeconfig, seconds)]
        if peer:
            said = _watched(peer, seconds)
            rows.append(Row("the peer's", duration(said["p99"]), _seen(said)))
        yield Table(f"{WATCHERS} watchers of one resource", tuple(rows))


def _rows(
    figures: dict[str, float], beside: dict[str, float], idle: float, used: float
) -> Iterator[Row]:
    yield Row("10 million additions", f"{_additions_s():.2f} s", "how fast this machine is: 0.39 s")
    for what, seconds in figures.items():
        share, most = 0.0, TARGET_S[what] / REAL_S[what]
        note = f"{seconds / REAL_S[what]:.2f} × a real one's {duration(REAL_S[what])}"
        if what in beside:
            share = seconds / beside[what]
            note = f"{share:.2f} × the peer's {duration(beside[what])} (≤ {most:.2f}), {note}"
        row = at_most(what, seconds, TARGET_S[what], note)
        is_reached = row.is_reached or 0 < share <= most  # a slower machine is so for both
        yield Row(what, f"{seconds * 1000:.2f} ms", row.note, row.target, is_reached)
    note = f"{idle / REAL_MIB:.2f} × a real one's {REAL_MIB} MiB"
    yield Row("resident, idle", f"{idle:.0f} MiB", note, f"≤ {TARGET_MIB} MiB", idle <= TARGET_MIB)
    yield Row("resident, after all that", f"{used:.0f} MiB")


def _additions_s() -> float:
    """Seconds for ten million additions: 0.39 on the machine that the targets were set for."""
    began, total = time.perf_counter(), 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


@contextlib.contextmanager
def _peer(starts: int) -> Iterator[tuple[Path | None, list[float]]]:
    """A real cluster's kubeconfig, if there is one, and how long it took to answer each time."""
    programs = os.environ.get("PEER_PROGRAMS")
    if programs is None:
        named = os.environ.get("PEER_KUBECONFIG")
        yield (Path(named) if named else None), []
        return
    from tests.cluster.real.running import control_plane

    taken: list[float] = []
    with contextlib.ExitStack() as running:
        for number in range(starts):
            if number:
                running.close()
            folder = running.enter_context(tempfile.TemporaryDirectory())
            began = time.perf_counter()
            found = running.enter_context(control_plane(Path(programs), Path(folder)))
            taken.append(time.perf_counter() - began)
        yield found, taken


@contextlib.contextmanager
def _embedded(starts: int) -> Iterator[tuple[Path, list[float], int]]:
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"LABKIT_HOME": home}
        code = (
            "import json, sys, time; from labkit.cluster.embedded import control\n"
            "began = time.perf_counter(); running = control.start('bench')\n"
            "print(json.dumps([time.perf_counter() - began, running.kubeconfig, running.pid]))"
        )
        taken = []
        for number in range(starts):
            if number:
                _labkit(
                    environment,
                    "from labkit.cluster.embedded import control; control.stop('bench')",
                )
            seconds, kubeconfig, pid = json.loads(_labkit(environment, code))
            taken.append(seconds)
        try:
            yield Path(kubeconfig), taken, pid
        finally:
            _labkit(
                environment, "from labkit.cluster.embedded import control; control.stop('bench')"
            )


def _labkit(environment: dict[str, str], code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no VmRSS of {pid}")


def _pod(name: str, **labels: str) -> dict[str, Any]:
    container = {
        "name": "web",
        "image": "nginx:1.29",
        "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "1"}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    }
    about = {"name": name, "labels": {"app": "web", **labels}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": about,
        "spec": {"containers": [container]},
    }


IN_A_ROW = 20

Step = Callable[[Connection, int], object]
STEPS: dict[str, Step] = {
    "create": lambda client, n: client.ask("POST", f"{ROOT}/pods", _pod(f"p{n}")),
    "get": lambda client, n: client.ask("GET", f"{ROOT}/pods/p{n}"),
    "patch": lambda client, n: client.ask("PATCH", f"{ROOT}/pods/p{n}", PATCH, STRATEGIC),
    "delete": lambda client, n: client.ask("DELETE", f"{ROOT}/pods/p{n}"),
}
LISTS: dict[str, Step] = {
    "list of 300": lambda client, _: client.ask("GET", f"{ROOT}/pods"),
    "by label": lambda client, _: client.ask("GET", f"{ROOT}/pods?labelSelector=tier%3Db"),
}


def _requests(kubeconfigs: Sequence[Path], rounds: int) -> list[dict[str, float]]:
    """Medians in seconds, of each server. They are asked by turns, so all have the same weather;
    some requests in a row each: who comes to a processor that another has used is slow at first.
    """
    clients = [Connection(kubeconfig) for kubeconfig in kubeconfigs]
    for client in clients:
        _make_namespace(client)
    found = _by_turns(STEPS, clients, rounds)
    for client in clients:
        for number in range(PODS):
            tier = "a" if number % 10 else "b"
            client.ask("POST", f"{ROOT}/pods", _pod(f"many{number}", tier=tier))
    lists = _by_turns(LISTS, clients, rounds)
    for client, kubeconfig, one, more in zip(clients, kubeconfigs, found, lists, strict=True):
        one.update(more)
        one["write to event"] = _latency(kubeconfig, client, rounds)
        client.ask("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    return found


def _make_namespace(client: Connection) -> None:
    client.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for _ in range(200):  # its service account is made by a controller
        with contextlib.suppress(ValueError):
            client.ask("GET", f"{ROOT}/serviceaccounts/default")
            break
        time.sleep(0.02)


def _by_turns(
    steps: dict[str, Step], clients: Sequence[Connection], rounds: int
) -> list[dict[str, float]]:
    found: list[dict[str, float]] = [{} for _ in clients]
    for what, step in steps.items():
        taken: list[list[float]] = [[] for _ in clients]
        for first in range(0, rounds, IN_A_ROW):
            for client, times in zip(clients, taken, strict=True):
                for number in range(first, min(first + IN_A_ROW, rounds)):
                    began = time.perf_counter()
                    step(client, number)
                    times.append(time.perf_counter() - began)
        for one, times in zip(found, taken, strict=True):
            one[what] = statistics.median(times)
    return found


def _latency(kubeconfig: Path, client: Connection, rounds: int) -> float:
    """From before a write is sent until its event is read on another connection."""
    watch = Connection(kubeconfig)
    watch.send("GET", f"{ROOT}/configmaps?watch=1&resourceVersion=0")
    watch.head()
    client.ask("POST", f"{ROOT}/configmaps", {"metadata": {"name": "c"}, "data": {"n": ""}})
    while b'"name":"c"' not in watch.chunk():
        pass
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        client.send("PATCH", f"{ROOT}/configmaps/c", {"data": {"n": str(number)}}, MERGE)
        watch.chunk()
        taken.append(time.perf_counter() - began)
        client.receive()
    return statistics.median(taken)


def _watchers(kubeconfig: Path, seconds: int) -> Row:
    said = _watched(kubeconfig, seconds)
    is_reached = said["p99"] <= P99_S and said["events"] == said["expected"]
    return Row(f"{WRITES_A_SECOND} writes a second: p99", duration(said["p99"]), _seen(said),
               f"all, ≤ {duration(P99_S)}", is_reached)  # fmt: skip


def _seen(said: dict[str, Any]) -> str:
    missing = said["expected"] - said["events"]
    seen = f"{said['events']} events, {missing} missing; median {duration(said['median'])}"
    return f"{seen}; {said['rate']:.0f} writes a second"


def _watched(kubeconfig: Path, seconds: int) -> dict[str, Any]:
    """Every event, to a thousand watchers in another process, a hundred writes a second."""
    code = f"from benchmarks.watchers import main; main({str(kubeconfig)!r}, {WATCHERS})"
    client = Connection(kubeconfig)
    client.ask("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "told"}})
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()  # all watch
        total = seconds * WRITES_A_SECOND
        began = time.perf_counter()
        for number in range(total):
            wait = began + number / WRITES_A_SECOND - time.perf_counter()
            time.sleep(max(0.0, wait))
            body = {"data": {"at": str(time.time())}}
            client.ask("PATCH", "/api/v1/namespaces/default/configmaps/told", body,
                       MERGE)  # fmt: skip
        taken = time.perf_counter() - began
        child.stdin.write(f"{total}\n")
        child.stdin.close()
        said: dict[str, Any] = json.loads(child.stdout.readline()) | {"rate": total / taken}
    client.ask("DELETE", "/api/v1/namespaces/default/configmaps/told")
    return said
