"""The checks of topic 01. Each looks at processes, images and files as they are, never at code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from labkit.core.errors import LabkitError, NotFound
from labkit.grading import (
    OTHER, Evidence, Lab, Variant, Verdict, between, check, not_yet, one_of, passed,
)  # fmt: skip
from labkit.image import base_image
from labkit.sandbox import HostProcess, Sandbox, processes

VARIANT = Variant(
    hostname=one_of("blue-heron", "red-kite", "grey-owl", "black-swan", "white-stork"),
    seconds=between(3001, 3999),
    worker=one_of(2, 3),
    guest=one_of("Ada", "Grace", "Linus", "Edsger", "Barbara"),
    keeper=one_of("old-oak", "tall-pine", "young-birch", "wide-elm"),
    word=one_of("anchor", "lantern", "compass", "harbour", "beacon"),
    greeting=one_of("ahoy", "servus", "aloha", "salut", "moin"),
)

OWN_HOSTNAME = os.uname().nodename


# -- task 1 ---------------------------------------------------------------------------------------


@check(
    "pid-one",
    title="A process that thinks it is alone",
    points=2,
    requires=("sandbox",),
    hints=(
        "A container is a process with namespaces of its own. Which kind gives it PID 1, and which "
        "one a hostname?",
        "The command that you hand to a new container becomes its PID 1. Hand it the right one, "
        "without a shell around it.",
    ),
)
def pid_one(lab: Lab) -> Verdict:
    """Looks for `sleep SECONDS`, for its PID in its own namespace, and for its hostname."""
    wanted, hostname = f"sleep {lab['seconds']}", str(lab["hostname"])
    hostnames = {contained.pid: contained.hostname for contained in lab.containers()}
    sleepers = [p for p in lab.processes() if _command(p) == wanted and p.state != "Z"]
    for sleeper in sorted(sleepers, key=lambda p: (p.pid in hostnames, len(p.nspid))):
        if len(sleeper.nspid) == 1:
            verdict = not_yet("on-the-host", *_seen(wanted, hostname, 1, OWN_HOSTNAME, sleeper))
        elif sleeper.nspid[-1] != 1:
            verdict = not_yet("not-first", *_seen(wanted, hostname, 1, "", sleeper))
        elif hostnames.get(sleeper.pid) != hostname:
            seen = hostnames.get(sleeper.pid, "")
            verdict = not_yet("wrong-hostname", *_seen(wanted, hostname, 1, seen, sleeper))
        else:
            return passed(
                f"{wanted} is PID 1 on {hostname}, and PID {sleeper.pid} out here.",
                *_seen(wanted, hostname, 1, hostname, sleeper),
            )
    if sleepers:
        return verdict
    for contained in lab.containers():
        if contained.hostname == hostname:
            return not_yet(
                OTHER,
                Evidence("hostname", hostname, hostname),
                Evidence("its PID 1", wanted, _command(contained.process)),
            )
    return not_yet("nothing", Evidence("a process", wanted, "none"))


def _seen(
    wanted: str, hostname: str, pid: int, its_hostname: str, process: HostProcess
) -> tuple[Evidence, ...]:
    rows = (
        Evidence("command", wanted, _command(process)),
        Evidence("its own PID", str(pid), str(process.nspid[-1])),
    )
    return (*rows, Evidence("hostname", hostname, its_hostname)) if its_hostname else rows


@pid_one.wrong(
    "nothing",
    says="No process with that command runs. If you did start it, it has ended again.",
    hints=("Compare the command of your process with your value of `seconds`: `ps -ef` shows it.",),
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).run(["sleep", "0"])


@pid_one.wrong(
    "on-the-host",
    says="The command runs, but among the processes of this machine: it sees them all, and none of "
    "its numbers is 1.",
    hints=("A process stays in the namespaces of its parent unless it is started in new ones.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn(["sleep", str(lab["seconds"])])


@pid_one.wrong(
    "not-first",
    says="The command runs in a container, but something else is PID 1 there.",
    hints=("What did you start first in the container: the command itself, or a shell, or another?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).start(["sh", "-c", f"sleep {lab['seconds']}; true"])
    _wait_for(lambda: any(_command(p) == f"sleep {lab['seconds']}" for p in processes()))


@pid_one.wrong(
    "wrong-hostname",
    says="The command is PID 1 of a container, but the container goes by another hostname.",
    hints=("A name for the sandbox is labkit's affair. The hostname is the kernel's: `hostname`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname="somebody-else").start(["sleep", str(lab["seconds"])])


@pid_one.unlisted("a container with the right hostname that sleeps for another time")
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).start(["sleep", "12"])


@pid_one.right("with util-linux's unshare, from a shell")
def _(lab: Lab) -> None:
    script = f"hostname {lab['hostname']}; exec sleep {lab['seconds']}"
    lab.spawn([*_UNSHARE, "--uts", "sh", "-c", script])
    _wait_for(lambda: any(_command(p) == f"sleep {lab['seconds']}" for p in processes()))


@pid_one.right("Sandbox, started by a shell that gives way to the command (exec)")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["hostname"])
    box.start(["sh", "-c", f"exec sleep {lab['seconds']}"])
    _wait_for(lambda: any(_command(p) == f"sleep {lab['seconds']}" for p in processes()))


# -- task 2 ---------------------------------------------------------------------------------------


@check(
    "freeze",
    title="Freeze it from outside",
    points=3,
    requires=("sandbox",),
    hints=(
        "Inside and outside number the same process differently. `/proc/PID/status` has a line that "
        "tells all its numbers.",
        "The line is `NSpid`: first the number out here, then the one in the next namespace. Look "
        "for the process whose last number is the one you were given.",
    ),
)
def freeze(lab: Lab) -> Verdict:
    """Looks which processes of the container `pair` are stopped (state T)."""
    wanted = lab["worker"]
    pair = next((box for box in lab.running() if box.name == "pair"), None)
    if pair is None:
        return not_yet("gone", Evidence("container pair", "running", "not running"))
    home = next(p.namespaces.get("pid") for p in lab.processes() if p.pid == pair.pid)
    inside = {p.nspid[-1]: p for p in lab.processes() if p.namespaces.get("pid") == home}
    stopped = sorted(pid for pid, process in inside.items() if process.state == "T")
    workers = [pid for pid in (2, 3) if pid in inside]
    evidence = (
        Evidence("workers there (inner PIDs)", "2 3", _numbers(workers)),
        Evidence("frozen (inner PIDs)", str(wanted), _numbers(stopped)),
    )
    if wanted not in inside:
        return not_yet("killed", *evidence)
    if not stopped:
        return not_yet("none", *evidence)
    if stopped == [wanted] and len(workers) == 2:
        return passed(f"Inner PID {wanted} is frozen; it is PID {inside[wanted].pid} here.", *evidence)
    if wanted in stopped and len(stopped) > 1:
        return not_yet("too-many", *evidence)
    if wanted not in stopped:
        return not_yet("another", *evidence)
    return not_yet(OTHER, *evidence)


@freeze.wrong(
    "gone",
    says="The container `pair` does not run.",
    hints=("Run the cell above the task again: it starts the container.",),
)
def _(lab: Lab) -> None:
    _pair(lab).kill()


@freeze.wrong(
    "none",
    says="Nothing in the container is frozen.",
    hints=("A signal goes to a PID of the side that sends it. Which number has the worker here?",),
)
def _(lab: Lab) -> None:
    _pair(lab)


@freeze.wrong(
    "another",
    says="Something in the container is frozen, but not the worker that was asked for.",
    hints=("`SIGCONT` lets a frozen process go on. Then look at the numbers again.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _signal_inner(_pair(lab), 5 - int(lab["worker"]), signal.SIGSTOP)


@freeze.wrong(
    "too-many",
    says="The worker is frozen, but not it alone.",
    hints=("The others shall go on: `SIGCONT` wakes them.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    pair = _pair(lab)
    for inner in (1, int(lab["worker"])):
        _signal_inner(pair, inner, signal.SIGSTOP)


@freeze.wrong(
    "killed",
    says="The worker that was asked for has ended. A frozen process still exists; an ended one does "
    "not.",
    hints=("Start the container anew (the cell above), and mind which signal you send.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    pair = _pair(lab)
    _signal_inner(pair, int(lab["worker"]), signal.SIGKILL)
    _wait_for(lambda: _inner(pair, int(lab["worker"])) is None)


@freeze.unlisted("the right one is frozen, and the other worker has been killed")
def _(lab: Lab) -> None:
    pair = _pair(lab)
    _signal_inner(pair, int(lab["worker"]), signal.SIGSTOP)
    _signal_inner(pair, 5 - int(lab["worker"]), signal.SIGKILL)
    _wait_for(lambda: _inner(pair, 5 - int(lab["worker"])) is None)


@freeze.right("from a shell: kill -STOP with the outer PID")
def _(lab: Lab) -> None:
    target = _inner(_pair(lab), int(lab["worker"]))
    subprocess.run(["sh", "-c", f"kill -STOP {target.pid}"], check=True)
    _wait_for(lambda: _state(target.pid) == "T")


@freeze.right("from inside, which has the same effect")
def _(lab: Lab) -> None:
    pair = _pair(lab)
    target = _inner(pair, int(lab["worker"]))
    pair.exec(["kill", "-STOP", str(lab["worker"])])
    _wait_for(lambda: _state(target.pid) == "T")


# -- task 3 ---------------------------------------------------------------------------------------

_APPS = ("old-app", "new-app")


@check(
    "two-versions",
    title="Two versions of one library",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        "An image is a stack of files. What has to be where in each of the two, so that its program "
        "finds its own version of the library?",
        "`ImageStore().build(reference, files={path in the image: file here})` adds files on top of "
        "the base image. Each image wants two files.",
    ),
)
def two_versions(lab: Lab) -> Verdict:
    """Runs /bin/app of both images and compares what they say."""
    wanted = {"old-app": f"hello, {lab['guest']}", "new-app": f"good day, {lab['guest']}"}
    said = {app: _what_it_says(lab, f"{app}:1") for app in _APPS}
    evidence = [Evidence(f"{app}:1 says", wanted[app], said[app]) for app in _APPS]
    missing = [app for app in _APPS if said[app] == _NO_IMAGE]
    if not missing and said == wanted:
        return passed("Both work, on one machine, each with its own version.", *evidence)
    if missing:
        return not_yet("no-images" if len(missing) == 2 else "one-image", *evidence)
    versions = [_digest_of(lab, f"{app}:1", "usr/lib/greet.sh") for app in _APPS]
    if not all(versions):
        return not_yet("no-library", *evidence)
    if versions[0] == versions[1]:
        return not_yet("same-version", *evidence)
    if said[_APPS[0]] != wanted[_APPS[0]] and said[_APPS[1]] != wanted[_APPS[1]]:
        return not_yet("swapped", *evidence)
    return not_yet(OTHER, *evidence)


_NO_IMAGE = "there is no such image"


def _what_it_says(lab: Lab, reference: str) -> str:
    try:
        image = lab.images.get(reference)
    except NotFound:
        return _NO_IMAGE
    try:
        result = Sandbox(image).run(["/bin/app"], timeout_s=5)
    except LabkitError as error:
        return error.what
    return (result.stdout + result.stderr).strip() or f"nothing; exit code {result.exit_code}"


def _digest_of(lab: Lab, reference: str, path: str) -> str:
    for layer in lab.images.get(reference).layers:
        if (layer / path).is_file():
            return (layer / path).read_text(errors="replace")
    return ""


@two_versions.wrong("no-images", says="There are no such images yet.")
def _(lab: Lab) -> None:
    _parts(lab)


@two_versions.wrong("one-image", says="One of the two images is there.", near_miss=True)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)


@two_versions.wrong(
    "no-library",
    says="Both images are there, but at least one of them has no library where the programs look "
    "for it.",
    hints=("The second line of each program says where it looks.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)
    _build(lab, "new-app", "new-app", 2, library="/lib/greet.sh")


@two_versions.wrong(
    "same-version",
    says="Both images carry the same version of the library, as one shared machine would.",
    hints=("Which version does each program need? Read how it calls `greet`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 2)
    _build(lab, "new-app", "new-app", 2)


@two_versions.wrong(
    "swapped",
    says="Each image has a version of its own, and each has the wrong one for its program.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 2)
    _build(lab, "new-app", "new-app", 1)


@two_versions.unlisted("a program that cannot be executed")
def _(lab: Lab) -> None:
    _build(lab, "old-app", "old-app", 1)
    _build(lab, "new-app", "new-app", 2, mode=0o644)


@two_versions.right("one image upon another: the library replaced in a further layer")
def _(lab: Lab) -> None:
    parts = _parts(lab)
    files = {"/usr/lib/greet.sh": parts / "greet-1.sh", "/bin/app": parts / "old-app"}
    first = lab.images.build("old-app:1", files=files)
    _forget_later(lab, "old-app:1", "new-app:1")
    files = {"/usr/lib/greet.sh": parts / "greet-2.sh", "/bin/app": parts / "new-app"}
    lab.images.build("new-app:1", base=first, files=files)


@two_versions.right("with tar on the command line, added as a layer")
def _(lab: Lab) -> None:
    for app, version in (("old-app", 1), ("new-app", 2)):
        tree = lab.folder / f"tree-{app}"
        (tree / "usr/lib").mkdir(parents=True)
        (tree / "bin").mkdir()
        shutil.copy(_parts(lab) / f"greet-{version}.sh", tree / "usr/lib/greet.sh")
        shutil.copy(_parts(lab) / app, tree / "bin/app")
        archive = lab.folder / f"{app}.tar"
        subprocess.run(["tar", "-C", tree, "-cf", archive, "usr", "bin"], check=True)
        lab.images.add_layer(f"{app}:1", archive)
    _forget_later(lab, "old-app:1", "new-app:1")


# -- task 4 ---------------------------------------------------------------------------------------


@check(
    "keep",
    title="What stays when the container goes",
    points=2,
    requires=("sandbox",),
    hints=(
        "Two paths can lead to one file when a folder of this machine is mounted in the container.",
        "A sandbox is lent folders by its `volumes`; which folder here, and on which one there?",
    ),
)
def keep(lab: Lab) -> Verdict:
    """Compares /data of the container with the folder `notes`, and reads the note."""
    hostname, word = str(lab["keeper"]), str(lab["word"])
    here = lab.folder / "notes"
    keeper = next((c for c in lab.containers() if c.hostname == hostname), None)
    if keeper is None:
        seen = "none"
        if _text(here / "note.txt") == word:
            rows = (Evidence("the note here", word, word), Evidence("container", hostname, seen))
            return not_yet("outside-only", *rows)
        return not_yet("no-container", Evidence("a container with hostname", hostname, seen))
    there = Path(f"/proc/{keeper.pid}/root/data")
    same = there.is_dir() and here.is_dir() and os.path.samefile(there, here)
    evidence = (
        Evidence("/data inside is", "the folder notes", "the folder notes" if same else _what(there)),
        Evidence("/data/note.txt says", word, _text(there / "note.txt") or "there is none"),
    )
    if not same:
        is_volume = there.is_dir() and there.stat().st_dev != there.parent.stat().st_dev
        return not_yet("other-folder" if is_volume else "in-the-box", *evidence)
    if _text(here / "note.txt") != word:
        return not_yet("no-note" if not (here / "note.txt").exists() else OTHER, *evidence)
    return passed("The note lies on this machine; the container may come and go.", *evidence)


def _what(there: Path) -> str:
    if not there.is_dir():
        return "not there"
    same_device = there.stat().st_dev == there.parent.stat().st_dev
    return "a folder of the container's own" if same_device else "another folder of this machine"


@keep.wrong("no-container", says="No container with that hostname runs.")
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)


@keep.wrong(
    "outside-only",
    says="The note lies in the folder on this machine, but no container with that hostname runs.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _note(lab)


@keep.wrong(
    "in-the-box",
    says="The container runs, but its `/data` is its own: what is written there ends with it.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    box = lab.sandbox(hostname=lab["keeper"]).start()
    box.exec(["sh", "-c", f"mkdir /data; echo {lab['word']} > /data/note.txt"])


@keep.wrong(
    "other-folder",
    says="Something of this machine is mounted on `/data`, but it is not the folder `notes`.",
    hints=("Compare the folder you mounted with `lab.folder`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    other = lab.folder / "note"
    other.mkdir()
    (other / "note.txt").write_text(f"{lab['word']}\n")
    lab.sandbox(hostname=lab["keeper"], volumes={other: "/data"}).start()


@keep.wrong(
    "no-note",
    says="The folder is mounted where it should be, and holds no `note.txt` yet.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    lab.sandbox(hostname=lab["keeper"], volumes={lab.folder / "notes": "/data"}).start()


@keep.unlisted("the note says another word")
def _(lab: Lab) -> None:
    _note(lab).write_text("anchovy\n")
    lab.sandbox(hostname=lab["keeper"], volumes={lab.folder / "notes": "/data"}).start()


@keep.right("by hand: unshare and mount --bind, the note written from outside")
def _(lab: Lab) -> None:
    note = _note(lab)
    data = lab.folder / "root/data"
    data.mkdir(parents=True)
    base = base_image(lab.images).layers[-1]
    shutil.copytree(base, data.parent, symlinks=True, dirs_exist_ok=True)
    script = (
        f"hostname {lab['keeper']}; mount --bind '{note.parent}' '{data}'; "
        f"exec chroot '{data.parent}' /bin/sleep 5000"
    )
    lab.spawn([*_UNSHARE, "--uts", "--mount", "sh", "-c", script])
    _wait_for(lambda: any(_command(p) == "sleep 5000" for p in processes()))


@keep.right("Sandbox with a read-only volume; the note was there before")
def _(lab: Lab) -> None:
    folder = _note(lab).parent
    lab.sandbox(hostname=lab["keeper"], volumes={folder: "/data:ro"}).start()


# -- task 5 ---------------------------------------------------------------------------------------


@check(
    "from-rkt",
    title="From rkt to a bundle",
    points=4,
    requires=("sandbox", "base-image"),
    hints=(
        "Go through the manifest field by field: each has its place in `process`, under another "
        "name. An OCI environment is a list of `NAME=value`.",
        "A container may only have a hostname of its own when it has the namespace for it.",
    ),
)
def from_rkt(lab: Lab) -> Verdict:
    """Reads config.json, then runs the bundle and compares what it says."""
    wanted = f"{lab['greeting']} from {lab['hostname']} in /tmp"
    file = lab.folder / "bundle/config.json"
    if not file.is_file():
        return not_yet("no-config", Evidence("bundle/config.json", "a file", "not there"))
    try:
        config = json.loads(file.read_text())
        process, kinds = config.get("process", {}), _kinds(config)
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        return not_yet("not-json", Evidence("config.json", "an OCI config", f"unreadable: {error}"))
    if not isinstance(process.get("args"), list):
        rows = Evidence("process.args", "a list of words", repr(process.get("args")))
        return not_yet("no-args", rows)
    if config.get("hostname") and "uts" not in kinds:
        rows = Evidence("a namespace for the hostname", "yes", f"no: only {', '.join(kinds)}")
        return not_yet("no-uts", rows)
    runtime, said = _run_bundle(file.parent, config)
    evidence = Evidence(f"the bundle, run by {runtime}, says", wanted, said)
    if said == wanted:
        return passed("The same program, from rkt's words into today's.", evidence)
    if said == wanted.replace(str(lab["greeting"]), "", 1).strip():
        return not_yet("no-environment", evidence)
    return not_yet(OTHER, evidence)


def _kinds(config: dict) -> list[str]:
    return [str(entry["type"]) for entry in config.get("linux", {}).get("namespaces", [])]


def _run_bundle(folder: Path, config: dict) -> tuple[str, str]:
    """Runs it under a real OCI runtime where this user may, else in a sandbox of labkit's."""
    runtime = shutil.which("runc") or shutil.which("crun") if os.geteuid() == 0 else None
    if runtime:
        name = f"labkit-check-{os.getpid()}"
        done = subprocess.run(
            [runtime, "run", "--bundle", str(folder), name],
            capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Path(runtime).name, (done.stdout + done.stderr).strip()
    process = config["process"]
    try:
        result = Sandbox(
            folder / config.get("root", {}).get("path", "rootfs"),
            hostname=config.get("hostname"),
            env=dict(entry.split("=", 1) for entry in process.get("env", [])),
            cwd=process.get("cwd", "/"),
        ).run(process["args"], timeout_s=5)
    except (LabkitError, ValueError) as error:
        return "labkit", str(error)
    return "labkit", (result.stdout + result.stderr).strip()


@from_rkt.wrong("no-config", says="The bundle has no `config.json` yet.")
def _(lab: Lab) -> None:
    _bundle(lab)


@from_rkt.wrong(
    "not-json", says="There is a `config.json`, but nobody can read it as one.", near_miss=True
)
def _(lab: Lab) -> None:
    _write(lab, "{'process': {}}")


@from_rkt.wrong(
    "no-args",
    says="The file has no command where an OCI *runtime* looks for it. (An OCI *image* calls it "
    "`Cmd`; rkt called it `exec`.)",
    near_miss=True,
)
def _(lab: Lab) -> None:
    config = _config(lab)
    config["Cmd"] = config["process"].pop("args")
    _write(lab, json.dumps(config))


@from_rkt.wrong(
    "no-uts",
    says="The file asks for a hostname of its own, and for no namespace that would hold one.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    config = _config(lab)
    config["linux"]["namespaces"] = [{"type": "pid"}, {"type": "mount"}]
    _write(lab, json.dumps(config))


@from_rkt.wrong(
    "no-environment",
    says="The command runs where it should, but does not find its variable.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    config = _config(lab)
    config["process"]["env"] = ["PATH=/bin"]
    _write(lab, json.dumps(config))


@from_rkt.unlisted("the command starts in another folder")
def _(lab: Lab) -> None:
    config = _config(lab)
    config["process"]["cwd"] = "/"
    _write(lab, json.dumps(config))


@from_rkt.right("with more namespaces than are needed")
def _(lab: Lab) -> None:
    config = _config(lab)
    config["linux"]["namespaces"] += [{"type": "ipc"}, {"type": "network"}]
    _write(lab, json.dumps(config))


@from_rkt.right("written in a shell, with a command of its own that says the same")
def _(lab: Lab) -> None:
    _bundle(lab)
    text = json.dumps(_config(lab))
    lab.spawn(["sh", "-c", 'cat > "$0"', str(lab.folder / "bundle/config.json")], stdin=_pipe(text))
    _wait_for(lambda: _text(lab.folder / "bundle/config.json") == text)


# -- what the makers share ------------------------------------------------------------------------

_UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child") + (
    () if os.geteuid() == 0 else ("--user", "--map-root-user")
)


def _command(process: HostProcess) -> str:
    words = [Path(process.argv[0]).name, *process.argv[1:]] if process.argv else []
    return " ".join(words)


def _numbers(pids: list[int]) -> str:
    return " ".join(str(pid) for pid in pids) or "none"


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _wait_for(is_so: Callable[[], bool], timeout_s: float = 5.0) -> None:
    import time

    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)


def _pair(lab: Lab) -> Sandbox:
    pair = lab.sandbox(name="pair").start(["sh", "-c", "sleep 7001 & sleep 7002 & wait"])
    _wait_for(lambda: all(_inner(pair, inner) for inner in (2, 3)))
    return pair


def _inner(pair: Sandbox, pid: int) -> HostProcess | None:
    table = processes()
    home = next(p.namespaces["pid"] for p in table if p.pid == pair.pid)
    same = (p for p in table if p.namespaces.get("pid") == home)
    return next((p for p in same if p.nspid[-1] == pid and p.state != "Z"), None)


def _signal_inner(pair: Sandbox, pid: int, number: int) -> None:
    target = _inner(pair, pid)
    os.kill(target.pid, number)
    if number == signal.SIGSTOP:
        _wait_for(lambda: _state(target.pid) == "T")


def _state(pid: int) -> str:
    return next((p.state for p in processes() if p.pid == pid), "")


def _parts(lab: Lab) -> Path:
    parts = lab.folder / "parts"
    parts.mkdir(exist_ok=True)
    (parts / "greet-1.sh").write_text('greet() { echo "hello, $1"; }\n')
    (parts / "greet-2.sh").write_text(
        'greet() { [ "$1" = --name ] || { echo "greet: say --name" >&2; return 2; }; '
        'echo "good day, $2"; }\n'
    )
    for app, option in (("old-app", ""), ("new-app", "--name ")):
        (parts / app).write_text(f"#!/bin/sh\n. /usr/lib/greet.sh\ngreet {option}{lab['guest']}\n")
        (parts / app).chmod(0o755)
    return parts


def _build(
    lab: Lab, image: str, app: str, version: int, library: str = "/usr/lib/greet.sh", mode: int = 0o755
) -> None:
    parts = _parts(lab)
    (parts / app).chmod(mode)
    files = {library: parts / f"greet-{version}.sh", "/bin/app": parts / app}
    lab.images.build(f"{image}:1", files=files)
    _forget_later(lab, f"{image}:1")


def _forget_later(lab: Lab, *references: str) -> None:
    for reference in references:
        lab.defer(lambda reference=reference: lab.images.remove(reference))


def _note(lab: Lab) -> Path:
    notes = lab.folder / "notes"
    notes.mkdir(exist_ok=True)
    (notes / "note.txt").write_text(f"{lab['word']}\n")
    return notes / "note.txt"


def _bundle(lab: Lab) -> Path:
    bundle = lab.folder / "bundle"
    if not bundle.exists():
        bundle.mkdir()
        shutil.copytree(base_image(lab.images).layers[-1], bundle / "rootfs", symlinks=True)
    return bundle


def _config(lab: Lab) -> dict:
    command = ["/bin/sh", "-c", "echo $GREETING from $(hostname) in $(pwd)"]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": command,
            "env": ["PATH=/bin", f"GREETING={lab['greeting']}"],
            "cwd": "/tmp",
        },
        "root": {"path": "rootfs"},
        "hostname": lab["hostname"],
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "uts")]},
    }


def _write(lab: Lab, text: str) -> None:
    (_bundle(lab) / "config.json").write_text(text)


def _pipe(text: str) -> int:
    read, write = os.pipe()
    os.write(write, text.encode())
    os.close(write)
    return read


