"""Task 5: a manifest of rkt's as an OCI bundle, which is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from labkit.core.errors import LabkitError
from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.image import base_image
from labkit.sandbox import Sandbox

from .shared import text_of, wait_for


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
    wait_for(lambda: text_of(lab.folder / "bundle/config.json") == text)


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
