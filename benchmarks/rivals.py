"""Other ways to run ``true`` in a container of its own: each a command line, ready to be timed.

Each runs the same busybox from the same folder; runc and crun set the same limits as the sandbox.
A rival that this machine cannot run says why instead.

Sources: unshare(1), bwrap(1), runc-run(8), crun(1), dockerd(8), OCI Runtime Specification 1.2.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

MEMORY_BYTES, PIDS = 64 << 20, 20

_NAMESPACES = ("pid", "network", "ipc", "uts", "mount", "cgroup")
_DOCKERD_S = 30.0
"""How long a docker daemon may take to start."""


@dataclass(frozen=True)
class Rival:
    """A command that starts ``true`` in a container and ends with it."""

    name: str
    argv: tuple[str, ...] = ()
    why_not: str = ""

    def run(self) -> float:
        """Runs it once; seconds from start to exit."""
        started = time.perf_counter()
        nothing = subprocess.DEVNULL
        subprocess.run(self.argv, stdin=nothing, stdout=nothing, stderr=nothing, check=True)
        return time.perf_counter() - started


@contextmanager
def rivals(folder: Path, rootfs: Path) -> Iterator[list[Rival]]:
    """All of them; what they need is made in ``folder`` and taken away with the block."""
    with ExitStack() as stack:
        found = [_unshare(), _bwrap(rootfs), *_oci_runtimes(folder, rootfs)]
        found += stack.enter_context(_docker(folder / "docker", rootfs))
        yield [_tried(rival) for rival in found]


def _tried(rival: Rival) -> Rival:
    """The rival if it runs here, else one that says why it does not."""
    if rival.why_not:
        return rival
    if not shutil.which(rival.argv[0]):
        return Rival(rival.name, why_not="not installed")
    done = subprocess.run(
        rival.argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return rival
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return Rival(rival.name, why_not=lines[-1])


def _unshare() -> Rival:
    return Rival("unshare -Urpf --mount-proc", ("unshare", "-Urpf", "--mount-proc", "true"))


def _bwrap(rootfs: Path) -> Rival:
    argv = ["bwrap", "--unshare-all", "--bind", str(rootfs), "/", "--proc", "/proc"]
    return Rival("bwrap --unshare-all", (*argv, "--dev", "/dev", "true"))


def _oci_runtimes(folder: Path, rootfs: Path) -> list[Rival]:
    bundle, state = folder / "bundle", folder / "state"
    for path in (bundle, state):
        path.mkdir()
    if not shutil.which("runc"):
        return [
            Rival(f"{name} run", why_not="no runc to write a bundle") for name in ("runc", "crun")
        ]
    subprocess.run(["runc", "spec"], cwd=bundle, check=True)
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(terminal=False, args=["true"])
    config["process"]["env"] = ["PATH=/bin"]
    config["root"] = {"path": str(rootfs), "readonly": True}
    config["linux"]["namespaces"] = [{"type": kind} for kind in _NAMESPACES]
    config["linux"]["resources"] |= {"memory": {"limit": MEMORY_BYTES}, "pids": {"limit": PIDS}}
    (bundle / "config.json").write_text(json.dumps(config))
    unique = f"labkit-bench-{os.getpid()}"  # it becomes the name of a cgroup
    return [
        Rival(f"{name} run", (name, "--root", str(state / name), "run", "-b", str(bundle), unique))
        for name in ("runc", "crun")
    ]


@contextmanager
def _docker(folder: Path, rootfs: Path) -> Iterator[list[Rival]]:
    """``docker run --rm`` on a daemon of our own, which is stopped again.

    Once as one types it, on the daemon's bridge, and once without a network, as the sandbox is.
    The daemon has a network namespace of its own: its bridge and its rules are not the machine's.
    """
    names = ("docker run --rm", "docker run --rm --network none")
    lacking = [tool for tool in ("docker", "dockerd", "containerd") if not shutil.which(tool)]
    if lacking or os.geteuid() != 0:
        why_not = f"needs {', '.join(lacking) or 'root'}"
        yield [Rival(name, why_not=why_not) for name in names]
        return
    folder.mkdir()
    socket = folder / "docker.sock"
    places = {"--data-root": "data", "--exec-root": "exec", "-p": "pid"}
    argv = ["unshare", "--net", "dockerd", "-H", f"unix://{socket}"]
    argv += [word for flag, place in places.items() for word in (flag, str(folder / place))]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
    docker = ("docker", "-H", f"unix://{socket}")
    before = set(Path("/sys/fs/cgroup").glob("**/docker"))
    try:
        if not _answers(docker, daemon):
            last = (folder / "log").read_text().strip().splitlines()[-1:]
            why_not = f"dockerd does not start: {' '.join(last)[-120:]}"
            yield [Rival(name, why_not=why_not) for name in names]
            return
        with subprocess.Popen(["tar", "-C", rootfs, "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                [*docker, "import", "-", "bench"], stdin=tar.stdout, capture_output=True, check=True
            )
        limits = ("--memory", str(MEMORY_BYTES), "--pids-limit", str(PIDS), "bench", "/bin/true")
        yield [Rival(name, (*docker, *name.split()[1:], *limits)) for name in names]
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)
        for group in set(Path("/sys/fs/cgroup").glob("**/docker")) - before:
            group.rmdir()


def _answers(docker: tuple[str, ...], daemon: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _DOCKERD_S
    while daemon.poll() is None and time.monotonic() < deadline:
        if subprocess.run([*docker, "info"], capture_output=True, check=False).returncode == 0:
            return True
        time.sleep(0.2)
    return False
