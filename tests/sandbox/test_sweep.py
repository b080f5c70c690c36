"""A sweep takes away what dead sessions left, that alone, and all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.core import journal
from labkit.core.linux import start_ticks
from labkit.core.session import Session, current_session, sweep
from labkit.sandbox import Sandbox
from labkit.sandbox.client import client
from tests.support.snapshot import Snapshot

pytestmark = pytest.mark.requires("sandbox")


@pytest.mark.requires("root")
def test_a_torn_line_in_a_journal_does_not_hide_the_others(
    labkit_home: Path, snapshot: Callable[[], Snapshot]
) -> None:
    before = snapshot()
    places = client().places()
    dead = _dead_session(labkit_home)
    folder = f"{places['pids'].base}/labkit-{dead.name}-x"
    Path(folder).mkdir()
    entry = json.dumps({"kind": "cgroup", "path": folder})
    (dead / journal.NAME).write_text(f'{{"kind": "cgr\n[1, 2]\n"x"\n\x00\n{entry}\n{{"kind": "cg')
    assert [(row.kind, row.what) for row in sweep()] == [("cgroup", folder)]
    assert not Path(folder).exists()
    assert not dead.exists()
    current_session().close()
    assert not snapshot().since(before)


@pytest.mark.requires("root")
def test_what_a_journal_names_and_is_not_ours_is_not_touched(labkit_home: Path) -> None:
    """A PID that went to somebody else, groups and folders of others, words that nobody wrote."""
    places = client().places()
    base = Path(places["pids"].base)
    others = [base / f"somebody-elses-{os.getpid()}", base / f"labkit-ffffffff-{os.getpid()}"]
    for group in others:
        group.mkdir()
    not_a_group = labkit_home.parent / "tmp" / "labkit-0badcafe-folder"
    (not_a_group / "deep").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as bystander:
        ticks = start_ticks(bystander.pid)
        dead = _dead_session(labkit_home)
        entries = [
            {"kind": "sandbox", "pid": bystander.pid, "start_ticks": ticks + 1},
            {"kind": "sandbox", "pid": bystander.pid, "start_ticks": 0},
            {"kind": "sandbox", "pid": -1, "start_ticks": 0},
            {"kind": "sandbox", "pid": "1", "start_ticks": None},
            {"kind": "sandbox", "pid": 4194304, "start_ticks": 0},
            {"kind": "sandbox"},
            {"kind": "process", "pid": bystander.pid, "start_ticks": ticks},
            {"kind": "folder", "path": str(not_a_group)},
            {"kind": "cgroup", "path": str(not_a_group)},
            {"kind": "cgroup", "path": 5},
            {"kind": "cgroup", "path": "/"},
            *({"kind": "cgroup", "path": str(group)} for group in others),
        ]
        (dead / journal.NAME).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
        assert sweep() == []
        assert not dead.exists()
        assert bystander.poll() is None
        bystander.kill()
    assert all(group.is_dir() for group in others)
    assert (not_a_group / "deep").is_dir()
    for group in others:
        group.rmdir()
    subprocess.run(["rm", "-r", not_a_group], check=True)


def test_a_process_is_killed_only_when_it_is_the_one_that_was_started(labkit_home: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        dead = _dead_session(labkit_home)
        entry = {"kind": "sandbox", "pid": process.pid, "start_ticks": start_ticks(process.pid)}
        (dead / journal.NAME).write_text(json.dumps(entry) + "\n")
        assert [row.kind for row in sweep()] == ["sandbox"]
        assert process.wait(5) == -9


@pytest.mark.requires("root")
def test_a_busy_cgroup_stays_in_the_journal_for_the_next_sweep(
    labkit_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.core.undo._PATIENCE_S", 0.1)
    base = Path(client().places()["pids"].base)
    dead = _dead_session(labkit_home)
    folder = base / f"labkit-{dead.name}-x"
    folder.mkdir()
    entries = [{"kind": "cgroup", "path": str(folder)}, {"kind": "sandbox"}]
    (dead / journal.NAME).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    monkeypatch.setattr("labkit.core.undo.kill_members", _busy)
    assert sweep() == []
    assert journal.read_journal(str(dead)) == entries[:1]
    monkeypatch.undo()
    monkeypatch.setenv("LABKIT_HOME", str(labkit_home))
    assert [row.what for row in sweep()] == [str(folder)]
    assert not dead.exists()


def _busy(_group: str) -> None:
    raise OSError(16, "Device or resource busy")


@pytest.mark.requires("root")
def test_a_process_left_in_a_group_and_groups_below_it_are_ended(labkit_home: Path) -> None:
    base = Path(client().places()["pids"].base)
    dead = _dead_session(labkit_home)
    folder = base / f"labkit-{dead.name}-x"
    (folder / "below").mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as stray:
        (folder / "below" / "cgroup.procs").write_text(str(stray.pid))
        (dead / journal.NAME).write_text(json.dumps({"kind": "cgroup", "path": str(folder)}) + "\n")
        assert [row.what for row in sweep()] == [str(folder)]
        assert stray.wait(5) == -9
    assert not folder.exists()


def test_a_foreign_file_goes_with_the_session_and_what_a_link_names_stays(
    labkit_home: Path,
) -> None:
    precious = labkit_home.parent / "tmp" / "precious"
    precious.mkdir()
    (precious / "file").touch()
    dead = _dead_session(labkit_home)
    (dead / "foreign").write_text("x")
    (dead / "link").symlink_to(precious)
    sessions = labkit_home / "run" / "sessions"
    (sessions / "not-a-session").mkdir()
    (sessions / "a-file").touch()
    (sessions / "0badcaf0").symlink_to(precious)
    sweep()
    assert not dead.exists()
    assert (precious / "file").exists()
    assert (sessions / "not-a-session").is_dir()
    (sessions / "not-a-session").rmdir()
    (sessions / "a-file").unlink()
    (sessions / "0badcaf0").unlink()
    subprocess.run(["rm", "-r", precious], check=True)


def test_a_session_that_lives_is_not_swept() -> None:
    with Sandbox() as box:
        session = Session()
        assert sweep() == []
        done = subprocess.run(
            [sys.executable, "-c", "from labkit.core.session import sweep; print(sweep())"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == "[]\n"
        assert session.folder.is_dir()
        assert box.exec(["true"]).exit_code == 0
        session.close()


def test_many_processes_open_sessions_while_others_look() -> None:
    """Looking takes the lock of a session for a moment; opening one is not disturbed by it."""
    look = "from labkit.sandbox import running; [running() for _ in range(300)]"
    open_ = "from labkit.core.session import Session; [Session().close() for _ in range(60)]"
    both = [look, open_, look, open_]
    started = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
        for code in both
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")


def _dead_session(home: Path) -> Path:
    """The folder of a session whose holders have gone."""
    folder = home / "run" / "sessions" / "0badcafe"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    return folder
