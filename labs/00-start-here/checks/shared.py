"""What several of the checks and makers share."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from labkit.core.errors import NotFound
from labkit.core.journal import read_journal
from labkit.core.session import session_folders
from labkit.grading import Lab
from labkit.image import base_image
from labkit.sandbox import Contained, Sandbox, containers

OLD_PAGE = "Hello from version 1"
SERVER = ("httpd", "-f", "-h", "/home")
YOUNG_S = 2.0
"""A server that started less than so many seconds ago may still be on its way up."""

UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child") + (
    () if os.geteuid() == 0 else ("--user", "--map-root-user")
)
ENTER = "-U --preserve-credentials"
"""A sandbox of labkit's has a user namespace of its own, whoever made it."""


def container_of(lab: Lab, hostname: str) -> Contained | None:
    """The container with that hostname; the youngest, when a cell was run more than once."""
    here = [box for box in lab.containers() if box.hostname == hostname]
    alive = (box for box in here if box.process.state not in "ZX")
    return max(alive, key=lambda box: box.process.start_ticks, default=None)


def own_containers(lab: Lab) -> list[Contained]:
    """The containers that labkit made: the others are not ours to ask."""
    return [box for box in lab.containers() if box.name]


def is_frozen(box: Contained) -> bool:
    return box.process.state == "T"


def root_of(box: Contained) -> Path:
    return Path(f"/proc/{box.pid}/root")


def place_of(box: Contained, name: str) -> str:
    """Where in a container a file lies that should be elsewhere; empty for nowhere."""
    places = ("", "root", "home", "tmp", "etc", "hold", "var/tmp")
    return next((f"/{p}/{name}".replace("//", "/") for p in places
                 if (root_of(box) / p / name).is_file()), "")  # fmt: skip


def was_last(hostname: str) -> bool:
    """Whether the sandbox that was started last had that hostname."""
    alive = (folder for folder, is_alive in session_folders() if is_alive)
    entries = (entry for folder in alive for entry in read_journal(str(folder)))
    started = (entry for entry in entries if entry["kind"] == "sandbox")
    last = max(started, key=lambda entry: entry["start_ticks"], default={})
    return last.get("hostname") == hostname


def page_of(box: Contained) -> str:
    """What a web server in a container answers, its port asked from inside; empty for nobody."""
    argv = ["nsenter", "-m", "-n", "-t", str(box.pid)]
    if box.process.namespaces.get("user") != Path("/proc/self/ns/user").stat().st_ino:
        argv += ["-U", "--preserve-credentials"]
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [*argv, "wget", "-qO-", "http://127.0.0.1/"], capture_output=True, text=True,
                timeout=2, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
            if done.returncode == 0:
                return done.stdout.strip()
            # 404 and the like: somebody answers, only not with a page.
            if "HTTP/" in done.stderr:
                return done.stderr.strip().rpartition("HTTP/1.1 ")[2]
        if _age_s(box) > YOUNG_S or not root_of(box).exists() or not serves(box):
            return ""
        time.sleep(0.02)


def serves(box: Contained) -> bool:
    return any("httpd" in word for word in box.process.argv[:1])


def _age_s(box: Contained) -> float:
    uptime_s = float(Path("/proc/uptime").read_text().split()[0])
    return uptime_s - box.process.start_ticks / os.sysconf("SC_CLK_TCK")


def text_of(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def sh(box: Sandbox, script: str) -> str:
    return box.exec(["sh", "-c", script], timeout_s=5).stdout


def make_hello(lab: Lab) -> None:
    make_server(lab, "hello:1", OLD_PAGE)


def make_server(lab: Lab, reference: str, page: str) -> None:
    make_image(lab, reference, files={"/home/index.html": f"{page}\n"}, command=SERVER)


def make_image(lab: Lab, reference: str, **settings: object) -> None:
    lab.images.build(reference, **settings)
    forget_later(lab, reference)


def forget_later(lab: Lab, reference: str) -> None:
    def forget() -> None:
        with contextlib.suppress(NotFound):
            lab.images.remove(reference)

    lab.defer(forget)


def serve_by_hand(lab: Lab, hostname: str, page: str) -> None:
    """A container with a web server, made with nothing but util-linux and a copy of the base."""
    root = lab.folder / f"root-{hostname}"
    shutil.copytree(base_image(lab.images).layers[-1], root, symlinks=True)
    (root / "home/index.html").write_text(f"{page}\n")
    script = (
        f"hostname {hostname}; {root}/bin/busybox ip link set lo up; "
        f"exec {root}/bin/busybox chroot {root} /bin/{' '.join(SERVER)}"
    )
    lab.spawn([*UNSHARE, "--uts", "--net", "sh", "-c", script])
    wait_for(lambda: any(box.hostname == hostname and serves(box) for box in containers()))


def state_of(hostname: str) -> str:
    """The state of the PID 1 that has a hostname, one letter; empty when there is none."""
    found = (box.process.state for box in containers() if box.hostname == hostname)
    return next((state for state in found if state not in "ZX"), "")


def wait_for(is_so: Callable[[], object], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)
