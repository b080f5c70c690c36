"""How long a sandbox on a network takes from start to exit of ``true``, and a map of all links.

The network's part is measured against what it costs to make such a link by hand:
``ip link add … type veth``, in a network namespace of its own, so that it is nobody's link.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from benchmarks.kernel import in_kernel
from benchmarks.report import Row, Table, at_most, duration
from benchmarks.rivals import rivals
from labkit.image import base_image
from labkit.sandbox import Network, Sandbox, network_map

TIMES_BWRAP = 1.5
MAP_S, MAP_OF = 0.150, 5
"""A map of a handful of namespaces is drawn while somebody waits."""

ROUNDS = 40

BWRAP, VETH = "bwrap --unshare-all", "ip link add … type veth"
OWN, ALONE, MAP = "labkit, on a network", "labkit, alone", "map"

Figures = dict[str, list[float] | str]


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Times starts on a network, and maps, from a live notebook kernel."""
    rounds = ROUNDS // 4 if is_quick else ROUNDS
    code = f"from benchmarks.network import time_networks; time_networks({rounds})"
    figures = cast("Figures", in_kernel(code))
    title = "Start to exit of `true` in a full sandbox on a network, from a live notebook kernel"
    yield Table(f"{title}: medians", tuple(_rows(figures)))


def _rows(figures: Figures) -> Iterator[Row]:
    medians = {name: statistics.median(each) for name, each in figures.items() if each}
    for name in (ALONE, BWRAP, VETH):
        why_not = figures.get(f"no {name}", "")
        yield Row(name, duration(medians[name]) if name in medians else "-", str(why_not))
    own = medians[OWN]
    note = f"best {duration(min(cast('list[float]', figures[OWN])))}"
    if BWRAP in medians and VETH in medians:
        allowed = TIMES_BWRAP * medians[BWRAP] + medians[VETH]
        note += f"; {own / allowed:.2g} × what is allowed"
        target = f"≤ {TIMES_BWRAP:g} × bwrap + ip link add = {duration(allowed)}"
        yield Row(OWN, duration(own), note, target, own <= allowed)
    else:
        yield Row(OWN, duration(own), note)
    yield at_most(f"network_map() of {MAP_OF + 1} namespaces or more", medians[MAP], MAP_S)


def time_networks(rounds: int) -> Figures:
    """Seconds of each run, the contenders in turn."""
    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as name, Network() as net:
        rootfs = Path(name) / "rootfs"
        for layer in reversed(base_image().layers):
            subprocess.run(["cp", "-a", f"{layer}/.", rootfs], check=True)
        (rootfs / "dev").mkdir(exist_ok=True)
        with rivals(Path(name), rootfs) as others:
            (bwrap,) = (rival for rival in others if rival.name == BWRAP)
        runs: dict[str, Callable[[], float]] = {
            OWN: lambda: _true(Sandbox(network=net)),
            ALONE: lambda: _true(Sandbox()),
        }
        figures: Figures = {}
        with _somewhere() as place:
            if bwrap.why_not:
                figures[f"no {BWRAP}"] = bwrap.why_not
            else:
                runs[BWRAP] = bwrap.run
            runs[VETH] = lambda: _veth(place.pid)
            times: dict[str, list[float]] = {contender: [] for contender in runs}
            for turn in range(-3, rounds):  # the first rounds warm the caches
                for contender, run in runs.items():
                    seconds = run()
                    times[contender] += [seconds] if turn >= 0 else []
            place.kill()
        crowd = [Sandbox(network=net).start() for _ in range(MAP_OF)]
        maps = [_timed(network_map) for _ in range(rounds)]
        for box in crowd:
            box.kill()
    return figures | times | {MAP: maps}


def _true(box: Sandbox) -> float:
    return _timed(lambda: box.run(["true"]))


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _somewhere() -> subprocess.Popen[bytes]:
    """A user and a network namespace in which anybody may make links."""
    argv = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", "echo; exec sleep 600"]
    place = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert place.stdout is not None
    place.stdout.readline()
    return place


def _veth(pid: int) -> float:
    """Makes a pair by hand; what entering the namespace costs is taken off."""
    there = ["nsenter", "--user", "--preserve-credentials", "--net", "--target", str(pid)]

    def run(*argv: str) -> float:
        return _timed(lambda: subprocess.run([*there, *argv], check=True))

    entering = run("true")
    seconds = run("ip", "link", "add", "bench0", "type", "veth", "peer", "bench1")
    run("ip", "link", "delete", "bench0")
    return max(0.0, seconds - entering)
