"""The course, done by somebody who may nothing: the whole way, from an installed labkit on.

The learner is an ordinary user of a machine without user namespaces, Docker and sudo. What their
first machine is made of, they fetch themselves: this takes minutes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from labkit.course.verdicts import asked
from tests.lanes.elsewhere import make_venv
from tests.support.as_user import OrdinaryUser, ordinary_user, python_for_everyone
from tests.support.locked_down import locked_down

pytestmark = [
    pytest.mark.requires("root", "program:qemu-system-x86_64", "program:unshare"),
    pytest.mark.timeout(2400),
]

ROOT = Path(__file__).parents[2]
TOPICS = sorted(path.parent.name for path in (ROOT / "labs").glob("*/topic.toml"))
PLAYED = TOPICS[:5]
"""Here, by the command line. Namespaces, cgroups and the container from scratch took 19, 17 and
38 s of a core; topics that come later are played elsewhere, as root, unless they are as cheap.
"""

_OF_THE_NETWORK = ("PIP_", "LABKIT_DEBIAN_", "http_proxy", "https_proxy", "SSL_CERT_")
"""What this machine needs to reach an archive of packages, its users need, too."""

_FOR_ALL = ("/tmp", "/var/tmp", "/dev/shm", "/run")
"""Where any user may leave something."""

_IN_A_MACHINE = """\
import os, platform
assert (os.getuid(), platform.node()) == (0, "lab"), (os.getuid(), platform.node())
"""


@pytest.fixture(scope="module")
def learner() -> Iterator[OrdinaryUser]:
    """Has labkit as pip installs it, and the course in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="labkit-installed-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        python = make_venv(python_for_everyone(), Path(name) / "venv", tools=())
        with ordinary_user() as user:
            course = user.folder / "course"
            for part in ("labs", "exercises", "solutions"):
                shutil.copytree(ROOT / part, course / part)
            subprocess.run(["chown", "-R", f"{user.uid}:{user.uid}", course], check=True)
            env = {
                **{key: os.environ[key] for key in os.environ if key.startswith(_OF_THE_NETWORK)},
                **{key: value for key, value in user.env.items() if key != "PYTHONPATH"},
                "PATH": f"{python.parent}:{user.env['PATH']}",
                "LABKIT_COURSE": str(course),
            }
            yield locked_down(dataclasses.replace(user, env=env), str(python))


def test_there_are_no_user_namespaces_no_docker_and_no_sudo(learner: OrdinaryUser) -> None:
    for kind in ("--user", "--mount", "--pid"):
        done = learner.run(["unshare", kind, "--fork", "true"])
        assert "Operation not permitted" in done.stderr
    code = "import socket; socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')"
    refused = learner.run(["python", "-c", code]).stderr
    assert "PermissionError" in refused or "FileNotFoundError" in refused
    as_root = learner.folder / "as-root"
    shutil.copy("/usr/bin/id", as_root)
    as_root.chmod(0o4755)  # it is root's, and would run as root: what sudo and su are
    assert learner.run([str(as_root), "-u"]).stdout.strip() == str(learner.uid)


def test_the_doctor_says_that_the_topics_run_in_a_machine_and_why(learner: OrdinaryUser) -> None:
    done = learner.run(["labkit", "doctor", "--json"])
    found = json.loads(done.stdout)
    assert (done.returncode, found["ready"]) == (0, True)
    is_there = {one["id"]: one["is_ok"] for one in found["capabilities"]}
    lacks = ("user-namespaces", "sandbox", "limits", "docker")
    assert [is_there[id] for id in (*lacks, "microvm")] == [False] * 4 + [True]
    assert [topic["name"] for topic in found["topics"]] == TOPICS
    for topic in found["topics"]:
        assert (topic["place"]["name"], topic["missing"]) == ("microvm", [])
        if topic["name"] in PLAYED:
            why = topic["place"]["why"]
            assert "may not make user namespaces here" in why or "lacks cgroup-v2" in why


def test_all_solutions_pass_in_machines_of_their_own_and_nothing_is_left(
    learner: OrdinaryUser,
) -> None:
    wanted = {check for name in PLAYED for check in _asked_in(_solution(learner, name))}
    for name in PLAYED:
        _insist_on_a_machine(_solution(learner, name))
    numbers = [name.partition("-")[0] for name in PLAYED]
    done = learner.run(["labkit", "run", "--solutions", "--json", *numbers], timeout_s=2000)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["check"]: one["verdict"] for one in said} == dict.fromkeys(wanted, "passed")
    assert done.returncode == 0, done.stderr
    assert _processes_of(learner.uid) == []
    assert _files_of(learner) == []


def _solution(learner: OrdinaryUser, name: str) -> Path:
    return learner.folder / f"course/solutions/{name}.ipynb"


def _asked_in(path: Path) -> list[str]:
    return [id for cell in nbformat.read(path, as_version=4).cells for id in asked(cell)]


def _insist_on_a_machine(path: Path) -> None:
    """Has a notebook break, unless it runs as root of a machine."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, new_code_cell(_IN_A_MACHINE))
    nbformat.write(notebook, path)


def _processes_of(uid: int) -> list[str]:
    argv = ["ps", "-U", str(uid), "-o", "pid=,args="]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()


def _files_of(learner: OrdinaryUser) -> list[str]:
    """What a learner has left where it is everybody's, and where it was to be for a while."""
    argv = ["find", *_FOR_ALL, "-xdev", "-path", str(learner.folder), "-prune"]
    argv += ["-o", "-uid", str(learner.uid), "-print"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.splitlines()
    own = (learner.folder / "tmp", learner.folder / "labkit/run/sessions")
    return found + [str(path) for folder in own for path in folder.iterdir()]
