"""Clusters as processes: started, found, stopped, killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from labkit.cluster.embedded import control
from labkit.cluster.kubeconfig import read_kubeconfig
from labkit.core.errors import BadInput, NotFound
from tests.cluster.apiserver.client import Client
from tests.cluster.apiserver.plane import config_map

MAPS = "/api/v1/namespaces/default/configmaps"


def labkit(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "labkit.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def wait_until_ended(name: str) -> None:
    deadline = time.monotonic() + 20
    while control.is_running(name):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def reap(pid: int) -> None:
    """As the process that started it, takes note of its end."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def test_it_starts_tells_where_and_stops(labkit_home: Path) -> None:
    started = labkit("cluster", "start", "--name", "one")
    try:
        kubeconfig = Path(started.stdout.strip())
        assert kubeconfig.is_file(), started.stderr
        assert Client(kubeconfig).ask("GET", "/readyz").body == b"ok"
        listed = labkit("cluster", "list").stdout
        assert "one" in listed
        assert "https://127.0.0.1:" in listed
        told = labkit("cluster", "status", "--name", "one").stdout
        assert "v1.36" in told
        assert str(kubeconfig) in told
        assert "ready" in told
        assert 'export KUBECONFIG="$(labkit cluster kubeconfig --name one)"' in started.stderr
        assert labkit("cluster", "kubeconfig", "--name", "one").stdout == f"{kubeconfig}\n"
    finally:
        stopped = labkit("cluster", "stop", "--name", "one")
    assert (stopped.returncode, stopped.stdout) == (0, "The cluster one has ended.\n")
    assert not (labkit_home / "run/clusters/one").exists()
    assert "No embedded cluster runs" in labkit("cluster", "list").stdout


def test_its_files_are_for_this_user_alone(labkit_home: Path) -> None:
    running = control.start("private")
    try:
        folder = labkit_home / "run/clusters/private"
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {
            "ca.key",
            "sa.key",
            "kubeconfig",
            "state.json",
            "log",
        }
        for path in [folder, *folder.rglob("*")]:
            mode = stat.S_IMODE(path.stat().st_mode)
            is_public = path.suffix == ".crt"
            assert mode & (0o022 if is_public else 0o077) == 0, f"{path}: {mode:o}"
    finally:
        control.stop("private")
        reap(running.pid)


def test_a_name_runs_once_and_is_found_or_not(labkit_home: Path) -> None:
    control.start("twice")
    try:
        with pytest.raises(BadInput, match="runs already"):
            control.start("twice")
        with pytest.raises(NotFound, match="Did you mean twice"):
            control.find("twise")
    finally:
        control.stop("twice")
    with pytest.raises(NotFound):
        control.stop("twice")
    with pytest.raises(BadInput, match="cannot be a cluster's name"):
        control.start("../up")


def test_a_kubeconfig_that_is_there_is_added_to_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "config"
    mine = "apiVersion: v1\nkind: Config\ncurrent-context: mine\n"
    entry = "contexts:\n- name: mine\n  context: {cluster: mine, user: mine}\n"
    path.write_text(mine + entry)
    control.start("guest", kubeconfig=path)
    try:
        assert Client(path).ask("GET", "/readyz").body == b"ok"
        assert "labkit-guest" in path.read_text()
        assert "name: mine" in path.read_text()
    finally:
        control.stop("guest")
    assert "labkit-guest" not in path.read_text()
    assert "name: mine" in path.read_text()
    assert read_kubeconfig(path).current_context == "mine"


def test_a_kubeconfig_that_is_none_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("contexts: [")
    asked = labkit("cluster", "start", "--name", "guest", "--kubeconfig", str(path))
    assert (asked.returncode, "it is not YAML" in asked.stderr) == (2, True)
    assert not control.is_running("guest")
    control.start("guest")  # nothing is in its way
    control.stop("guest")


def test_a_context_that_somebody_took_out_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "config"
    control.start("guest", kubeconfig=path)
    path.write_text("apiVersion: v1\nkind: Config\n")
    assert control.stop("guest").name == "guest"
    assert control.running() == []


def test_connect_starts_one_and_finds_it_again(labkit_home: Path) -> None:
    # In a process of its own: the official client keeps files until it ends.
    code = """
import labkit.cluster
from labkit.cluster.embedded import control
connect = labkit.cluster.connect
first = connect("held")
try:
    assert (first.is_embedded, first.version()) == (True, connect("held").version())
    assert first.version().startswith("v1.36")
    other = connect(context=first.context, kubeconfig=first.kubeconfig[0])
    assert not other.is_embedded
    assert other.version() == first.version()
    other.stop()  # touches nothing
    assert control.is_running("held")
finally:
    first.stop()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    data, random_ = tmp_path / "data", random.Random(7)
    acknowledged: set[str] = set()
    for round_ in range(4):
        running = control.start("kept", data=data)
        client = Client(Path(running.kubeconfig))
        there = {one["metadata"]["name"] for one in client.ask("GET", MAPS).said["items"]}
        assert acknowledged <= there
        killer = threading.Timer(random_.uniform(0.05, 0.6), os.kill, (running.pid, signal.SIGKILL))
        killer.start()
        for number in range(10_000):
            name = f"c{round_}-{number}"
            try:
                if client.ask("POST", MAPS, config_map(name)).code == 201:
                    acknowledged.add(name)
            except OSError:
                break
        killer.join()
        reap(running.pid)
        wait_until_ended("kept")
    running = control.start("kept", data=data)
    there = {
        one["metadata"]["name"]
        for one in Client(Path(running.kubeconfig)).ask("GET", MAPS).said["items"]
    }
    control.stop("kept")
    assert acknowledged
    assert acknowledged <= there


def test_a_restart_with_its_data_keeps_keys_and_objects(tmp_path: Path) -> None:
    first = control.start("again", data=tmp_path / "data", kubeconfig=tmp_path / "first")
    made = Client(tmp_path / "first").ask("POST", MAPS, config_map("c")).said
    (tmp_path / "kept").write_bytes((tmp_path / "first").read_bytes())
    port = int(first.url.rpartition(":")[2])
    control.stop("again")
    control.start("again", data=tmp_path / "data", port=port)
    try:
        # A client that was told of the cluster before is still known to it.
        (tmp_path / "kept").chmod(0o600)
        found = Client(tmp_path / "kept").ask("GET", f"{MAPS}/c").said
        assert found["metadata"]["uid"] == made["metadata"]["uid"]
    finally:
        control.stop("again")


def test_a_port_that_is_taken_is_said(labkit_home: Path) -> None:
    first = control.start("first")
    try:
        port = first.url.rpartition(":")[2]
        second = labkit("cluster", "start", "--name", "second", "--port", port)
        assert second.returncode == 2
        assert "Address already in use" in second.stderr
        assert "→ Another program has it" in second.stderr
    finally:
        control.stop("first")


def test_data_is_of_one_cluster_at_a_time(tmp_path: Path) -> None:
    control.start("owner", data=tmp_path / "data")
    try:
        second = labkit("cluster", "start", "--name", "thief", "--data", str(tmp_path / "data"))
        assert second.returncode == 2
        assert "the cluster 'owner' keeps its objects there" in second.stderr
        assert "labkit cluster stop --name owner" in second.stderr
        os.environ["LABKIT_HOME"], home = str(tmp_path / "elsewhere"), os.environ["LABKIT_HOME"]
        try:  # another home knows nothing of the owner; the folder's lock does
            third = labkit("cluster", "start", "--name", "thief", "--data", str(tmp_path / "data"))
        finally:
            os.environ["LABKIT_HOME"] = home
        assert "is in use: a folder is one process's at a time" in third.stderr
        assert "→ Stop that one first" in third.stderr
    finally:
        control.stop("owner")


def test_what_a_killed_cluster_left_is_taken_away(labkit_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "config"
    running = control.start("dead", kubeconfig=path)
    os.kill(running.pid, signal.SIGKILL)
    reap(running.pid)
    wait_until_ended("dead")
    folder = labkit_home / "run/clusters/dead"
    assert control.clean() == []  # it is so young that it may be starting
    os.utime(folder, (0, 0))
    assert "removed what the cluster dead left" in labkit("clean").stdout
    assert not folder.exists()
    assert "labkit-dead" not in path.read_text()


def test_nodes_are_not_promised(labkit_home: Path) -> None:
    asked = labkit("cluster", "start", "--nodes", "2")
    assert (asked.returncode, "have no nodes yet" in asked.stderr) == (2, True)


def test_programs_get_json_and_plain_columns(labkit_home: Path) -> None:
    running = control.start("one")
    try:
        told = json.loads(labkit("cluster", "status", "--name", "one", "--json").stdout)
        assert told["ready"] is True
        assert {name: told[name] for name in ("url", "pid", "kubeconfig")} == {
            "url": running.url,
            "pid": running.pid,
            "kubeconfig": running.kubeconfig,
        }
        [line] = labkit("cluster", "list", "--json").stdout.splitlines()
        assert json.loads(line)["url"] == running.url
        head, row = labkit("cluster", "list").stdout.splitlines()
        assert head.split() == ["name", "API", "pid", "since"]
        assert row.split()[:3] == ["one", running.url, str(running.pid)]
    finally:
        control.stop("one")


def test_one_that_hangs_does_not_answer_and_can_be_stopped(
    labkit_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "STOP_WITHIN_S", 0.5)
    running = control.start("hangs")
    os.kill(running.pid, signal.SIGSTOP)
    try:
        told = labkit("cluster", "status", "--name", "hangs")
        assert (told.returncode, "does not answer: " in told.stdout) == (2, True)
        assert "timed out" in told.stdout
    finally:
        control.stop("hangs")
    assert not control.is_running("hangs")


def test_of_one_that_was_killed_it_is_said(labkit_home: Path) -> None:
    running = control.start("dead")
    os.kill(running.pid, signal.SIGKILL)
    reap(running.pid)
    wait_until_ended("dead")
    told = labkit("cluster", "status", "--name", "dead").stderr
    assert "It ended without being stopped" in told
    assert "`labkit cluster start --name dead` starts it again" in told
    control.start("dead")
    control.stop("dead")


def test_kubectl_is_passed_its_words(
    labkit_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "a kubectl"
    program.write_text('#!/bin/sh\nprintf "%s|" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("LABKIT_KUBECTL", str(program))
    control.start("one")
    try:
        said = labkit("cluster", "kubectl", "--name", "one", "-n", "x", "get", "po", "--help")
        assert said.stdout == "--context|labkit-one|-n|x|get|po|--help|"
        monkeypatch.setenv("LABKIT_KUBECTL", "/nowhere/kubectl")
        none = labkit("cluster", "kubectl", "--name", "one", "get", "po")
        assert none.returncode == 2
        assert "LABKIT_KUBECTL names /nowhere/kubectl" in none.stderr
    finally:
        control.stop("one")


def test_a_shell_completes_the_names_of_those_that_run(
    labkit_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.start("one")
    try:
        with monkeypatch.context() as environment:
            environment.setenv("_LABKIT_COMPLETE", "bash_complete")
            environment.setenv("COMP_WORDS", "labkit cluster stop --name ")
            environment.setenv("COMP_CWORD", "4")
            said = labkit().stdout
        assert said == "plain,one\n"
    finally:
        control.stop("one")


def test_why_it_does_not_start_is_told_where_its_log_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "labkit.cluster.embedded", str(tmp_path)]
    command += ["--data", str(tmp_path / "data"), "--ready", str(writing)]
    with Path("/dev/full").open("wb") as full:
        subprocess.run(command, stderr=full, pass_fds=[writing], check=False)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = json.load(pipe)["error"]
    assert told["what"] == f"cannot make the folder {tmp_path}/data/pki"
    assert told["hint"] == "Give a folder that this user can write"
