"""The hunt for leftovers finds each kind of thing, and blames nobody for what others have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.leaks import Place, Watch, close_session
from tests.support.session_ids import SessionIds
from tests.support.snapshot import cgroup_folders
from tests.support.wait import wait_until


@pytest.fixture
def watch(labkit_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A watch on a place inside this test's own; what it finds is taken away."""
    monkeypatch.setattr("tests.support.leaks.GRACE_S", 0.2)
    place, ids = Place(labkit_home.parent / "inner"), SessionIds()
    watch = Watch(place, ids)
    yield watch
    watch.take_away()
    place.remove()
    ids.close()


def test_a_child_that_stays_is_named(watch: Watch) -> None:
    child = subprocess.Popen(["sleep", "61"])
    assert watch.leftovers() == [f"processes: {child.pid} sleep 61"]
    watch.take_away()
    assert child.wait(timeout=30) == -9


def leave_an_orphan(home: str) -> int:
    """A process whose parent has ended, with that ``LABKIT_HOME``."""
    script = "import subprocess as s; print(s.Popen(['sleep', '62'], stdout=-3, stderr=-3).pid)"
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PATH": os.environ["PATH"], "LABKIT_HOME": home},
        capture_output=True, text=True, check=True, start_new_session=True,
    )  # fmt: skip
    return int(done.stdout)


def test_an_orphan_is_known_by_its_environment(watch: Watch) -> None:
    pid = leave_an_orphan(str(watch.place.home))
    assert watch.leftovers() == [f"processes: {pid} sleep 62"]


def test_the_orphan_of_somebody_else_is_left_alone(watch: Watch) -> None:
    pid = leave_an_orphan("/somebody/else")
    try:
        assert watch.leftovers() == []
        watch.take_away()
    finally:
        os.kill(pid, signal.SIGKILL)  # it still is there


def test_what_goes_within_the_grace_is_no_leftover(watch: Watch) -> None:
    with subprocess.Popen(["sleep", "0.1"]):
        assert watch.leftovers() == []


def test_a_file_in_the_temporary_folder_is_named(watch: Watch) -> None:
    (watch.place.tmp / "forgotten").touch()
    assert watch.leftovers() == [f"files: {watch.place.tmp}/forgotten"]


def test_the_folder_of_a_session_is_named(watch: Watch) -> None:
    folder = watch.place.home / "run" / "sessions" / "0badcafe"
    folder.mkdir()
    assert watch.leftovers() == [f"files: {folder}"]


@pytest.mark.requires("root")
def test_a_mount_is_named_and_taken_away(watch: Watch) -> None:
    point = watch.place.tmp
    subprocess.run(["mount", "-t", "tmpfs", "labkit", point], check=True)
    assert watch.leftovers() == [f"mounts: {point}"]
    watch.take_away()
    assert watch.leftovers() == []


@pytest.mark.requires("root")
def test_a_cgroup_of_a_session_that_has_gone_is_named(watch: Watch) -> None:
    folder = watch.place.home / "run" / "sessions" / "0badcafe"
    folder.mkdir()
    folder.rmdir()
    group = next(cgroup_folders())
    (group / "labkit-0badcafe-web").mkdir()
    (group / "labkit-deadbeef-web").mkdir()
    try:
        assert watch.leftovers() == [f"cgroups: {group}/labkit-0badcafe-web"]
        watch.take_away()
        assert watch.leftovers() == []
    finally:
        (group / "labkit-deadbeef-web").rmdir()


def test_waiting_says_what_it_last_saw() -> None:
    with pytest.raises(TimeoutError, match=r"the moon: not within 0.05 s, last seen \[\]"):
        wait_until(list, timeout_s=0.05, what="the moon")


@pytest.mark.requires("sandbox")
def test_the_helper_of_a_session_that_stays_is_no_leftover(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labkit.sandbox import Sandbox

    long = watch.place.home / ("a-long-name-" * 15)
    (long / "run").mkdir(parents=True)
    monkeypatch.setenv("LABKIT_HOME", str(long))
    assert Sandbox().run(["true"]).exit_code == 0
    assert watch.leftovers() == []
    close_session()
    assert watch.leftovers() == []
