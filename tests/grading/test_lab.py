"""A lab shows the machine, and ends what was started through it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, NotFound
from labkit.grading import Lab


def lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for(path: Path, deadline_s: float = 10) -> str:
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        if path.exists() and (text := path.read_text()).endswith("\n"):
            return text
        time.sleep(0.01)
    raise AssertionError(f"{path} was not written")


def test_a_value_is_had_by_its_name_and_a_wrong_name_is_answered(lab: Lab) -> None:
    assert lab["word"] in ("heron", "kite", "wren")
    with pytest.raises(NotFound, match="Did you mean word"):
        lab["wrd"]


def test_the_folder_is_made_when_first_used(tmp_path: Path) -> None:
    lab = Lab("t", tmp_path / "a" / "b", {})
    assert not (tmp_path / "a").exists()
    assert lab.folder.is_dir()


def test_a_folder_that_cannot_be_made_is_blocked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Blocked, match="Not a directory"):
        _ = Lab("t", tmp_path / "file" / "work", {}).folder


def test_a_spawned_program_ends_with_the_lab_and_so_does_what_it_started(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        process = lab.spawn(["sh", "-c", "sleep 600 & echo $! > child; wait"])
        child = int(wait_for(tmp_path / "child"))
        assert lives(process.pid)
        assert lives(child)
    assert not lives(process.pid)
    assert not lives(child)
    assert process.returncode == -signal.SIGTERM


def test_what_outlives_its_parent_ends_with_the_lab(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        process = lab.spawn(["sh", "-c", "sleep 600 & echo $! > child"])
        child = int(wait_for(tmp_path / "child"))
        assert process.wait(timeout=10) == 0
        assert lives(child)
    assert not lives(child)


def test_a_program_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        process = lab.spawn(
            ["sh", "-c", "trap '' TERM; echo ready > on; while :; do sleep 1; done"]
        )
        wait_for(tmp_path / "on")
    assert process.returncode == -signal.SIGKILL


def test_a_process_that_was_not_started_here_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        with Lab("t", tmp_path, {}) as lab:
            lab.spawn(["true"]).wait(timeout=10)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait(timeout=10)


def test_a_pipe_of_a_spawned_program_can_be_read(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        process = lab.spawn(["pwd"], stdout=subprocess.PIPE)
        assert process.stdout
        assert process.stdout.read().decode().strip() == str(tmp_path)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab, pytest.raises(NotFound, match="no-such-program"):
        lab.spawn(["no-such-program"])


def test_closing_does_every_deferred_action_last_first_and_then_raises(tmp_path: Path) -> None:
    done: list[int] = []
    lab = Lab("t", tmp_path, {})
    lab.defer(lambda: done.append(1))
    lab.defer(lambda: 1 / 0)
    lab.defer(lambda: done.append(3))
    with pytest.raises(ZeroDivisionError):
        lab.close()
    assert done == [3, 1]
    lab.close()
    assert done == [3, 1]


def test_processes_are_a_snapshot_until_refreshed(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        before = lab.processes()
        assert os.getpid() in {process.pid for process in before}
        child = lab.spawn(["sleep", "600"])
        assert lab.processes() is before
        lab.refresh()
        assert child.pid in {process.pid for process in lab.processes()}


@pytest.mark.requires("user-namespaces", "program:unshare")
def test_a_container_is_seen_whoever_made_it(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        argv = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child"]
        process = lab.spawn([*argv, "sh", "-c", "echo in > on; sleep 600"])
        wait_for(tmp_path / "on")
        inner = [found for found in lab.containers() if found.process.ppid == process.pid]
        assert [found.process.nspid[-1] for found in inner] == [1]


@pytest.mark.requires("sandbox")
def test_a_sandbox_ends_with_the_lab(tmp_path: Path) -> None:
    with Lab("t", tmp_path, {}) as lab:
        box = lab.sandbox(hostname="blue-heron").start(["sleep", "600"])
        pid = box.pid
        assert "blue-heron" in {found.hostname for found in lab.running()}
        assert pid in {found.pid for found in lab.containers()}
    assert not box.is_running
    assert not lives(pid)


@pytest.mark.requires("sandbox")
def test_the_image_store_is_this_users(tmp_path: Path) -> None:
    from labkit.image import base_image

    with Lab("t", tmp_path, {}) as lab:
        assert base_image().reference in {image.reference for image in lab.images.list()}


def test_it_shows_this_learners_values_as_a_table_and_as_text(tmp_path: Path) -> None:
    lab = Lab("t", tmp_path / "<work>", {"hostname": "blue-heron", "pids": 12})
    shown = lab._repr_mimebundle_()
    assert '<th scope="row">hostname</th><td><code>blue-heron</code>' in shown["text/html"]
    assert "&lt;work&gt;" in shown["text/html"]
    assert "<work>" not in shown["text/html"]
    assert "hostname  blue-heron" in shown["text/plain"]
    assert "pids      12" in shown["text/plain"]
    assert f"…/{tmp_path.name}/<work>" in shown["text/plain"]
