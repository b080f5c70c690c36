"""What the embedded cluster's API costs: the start, single requests, lists, watches, memory.

Asked over HTTPS on one connection, as a client would, with everything on: RBAC, defaults,
validation, managed fields, causes. A real cluster can be measured in the same run: PEER_KUBECONFIG
names its file.
What a real API server 1.36 with etcd 3.6 took on a machine like this (two cores) stands beside it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Row, Table, at_most, duration
from labkit.cluster.kubeconfig import read_kubeconfig

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
ROOT = f"/api/v1/namespaces/{NAMESPACE}"


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Starts a cluster in a folder of its own, and asks it."""
    rounds = 40 if is_quick else 400
    with _embedded(3 if is_quick else 9) as (kubeconfig, starts, pid):
        figures = {"start": statistics.median(starts)} | _requests(kubeconfig, rounds)
        resident = _resident_mib(pid)
        peer = os.environ.get("PEER_KUBECONFIG")
        beside = _requests(Path(peer), rounds) if peer else {}
        yield Table("The embedded cluster's API: medians", tuple(_rows(figures, beside, resident)))
        yield Table(
            f"{WATCHERS} watchers of one resource", (_watchers(kubeconfig, 3 if is_quick else 10),)
        )


def _rows(figures: dict[str, float], beside: dict[str, float], resident: float) -> Iterator[Row]:
    for what, seconds in figures.items():
        note = f"{seconds / REAL_S[what]:.2f} × a real one's {duration(REAL_S[what])}"
        if what in beside:
            note = f"{seconds / beside[what]:.2f} × the peer's {duration(beside[what])}, {note}"
        row = at_most(what, seconds, TARGET_S[what], note)
        yield Row(what, f"{seconds * 1000:.2f} ms", row.note, row.target, row.is_reached)
    note = f"{resident / REAL_MIB:.2f} × a real one's {REAL_MIB} MiB"
    reached = resident <= TARGET_MIB
    yield Row("resident, idle", f"{resident:.0f} MiB", note, f"≤ {TARGET_MIB} MiB", reached)


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


class Connection:
    """One connection of a client."""

    def __init__(self, kubeconfig: Path) -> None:
        access = read_kubeconfig(kubeconfig).access()
        context = ssl.create_default_context(cadata=(access.authority or b"").decode())
        with tempfile.NamedTemporaryFile("wb", suffix=".pem") as pair:
            pair.write((access.certificate or b"") + (access.key or b""))
            pair.flush()
            context.load_cert_chain(pair.name)
        host, _, port = access.server.removeprefix("https://").partition(":")
        self._http = http.client.HTTPSConnection(host, int(port or 443), context=context)

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> bytes:
        """One request, answered."""
        self.send(method, path, body, kind)
        response = self.receive()
        said = response.read()
        if response.status >= 400:
            raise ValueError(f"{method} {path}: {response.status} {said[:300]!r}")
        return said

    def begin(self, method: str, path: str) -> http.client.HTTPResponse:
        """One request, whose answer is still to be read."""
        self.send(method, path)
        return self.receive()

    def send(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> None:
        """One request, whose answer is still to come."""
        data = None if body is None else json.dumps(body).encode()
        self._http.request(method, path, data, {"Content-Type": kind, "User-Agent": "bench/1"})

    def receive(self) -> http.client.HTTPResponse:
        """The answer to what was sent."""
        return self._http.getresponse()


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


def _requests(kubeconfig: Path, rounds: int) -> dict[str, float]:
    client = Connection(kubeconfig)
    client.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for _ in range(200):  # its service account is made by a controller
        with contextlib.suppress(ValueError):
            client.ask("GET", f"{ROOT}/serviceaccounts/default")
            break
        time.sleep(0.02)
    found: dict[str, float] = {}
    patch = {"metadata": {"labels": {"version": "2"}}}
    merge = "application/strategic-merge-patch+json"
    steps: dict[str, Callable[[int], object]] = {
        "create": lambda n: client.ask("POST", f"{ROOT}/pods", _pod(f"p{n}")),
        "get": lambda n: client.ask("GET", f"{ROOT}/pods/p{n}"),
        "patch": lambda n: client.ask("PATCH", f"{ROOT}/pods/p{n}", patch, merge),
        "delete": lambda n: client.ask("DELETE", f"{ROOT}/pods/p{n}"),
    }
    for what, step in steps.items():
        found[what] = statistics.median(
            _timed(lambda n=n, step=step: step(n)) for n in range(rounds)
        )
    for number in range(PODS):
        client.ask("POST", f"{ROOT}/pods", _pod(f"many{number}", tier="a" if number % 10 else "b"))
    few = f"{ROOT}/pods?labelSelector=tier%3Db"
    for what, path in (("list of 300", f"{ROOT}/pods"), ("by label", few)):
        found[what] = statistics.median(
            _timed(lambda p=path: client.ask("GET", p)) for _ in range(rounds)
        )
    found["write to event"] = _latency(kubeconfig, client, rounds)
    client.ask("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    return found


def _timed(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _latency(kubeconfig: Path, client: Connection, rounds: int) -> float:
    """From before a write is sent until its event is read on another connection."""
    watch = Connection(kubeconfig).begin("GET", f"{ROOT}/configmaps?watch=1&resourceVersion=0")
    client.ask("POST", f"{ROOT}/configmaps", {"metadata": {"name": "c"}, "data": {"n": ""}})
    while b'"name":"c"' not in watch.readline():
        pass
    taken = []
    for number in range(rounds):
        began = time.perf_counter()
        client.send("PATCH", f"{ROOT}/configmaps/c", {"data": {"n": str(number)}}, MERGE)
        watch.readline()
        taken.append(time.perf_counter() - began)
        client.receive().read()
    return statistics.median(taken)


def _watchers(kubeconfig: Path, seconds: int) -> Row:
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
        child.stdin.write(f"{total}\n")
        child.stdin.close()
        said = json.loads(child.stdout.readline())
    missing = said["expected"] - said["events"]
    note = f"{said['events']} events, {missing} missing; median {duration(said['median'])}"
    is_reached = said["p99"] <= P99_S and missing == 0
    return Row(f"{WRITES_A_SECOND} writes a second: p99", duration(said["p99"]), note,
               f"all, ≤ {duration(P99_S)}", is_reached)  # fmt: skip
