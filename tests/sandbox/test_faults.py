"""Whatever is killed, whenever: nothing is left, and what is not ours is not touched."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.core import journal
from labkit.core.errors import SystemFault
from labkit.core.linux import start_ticks
from labkit.core.session import Session, current_session, sweep
from labkit.sandbox import Sandbox, running
from labkit.sandbox.client import client
from tests.sandbox.both.tools import names_in
from tests.support.as_user import OrdinaryUser, python_for_everyone
from tests.support.session_ids import SessionIds
from tests.support.snapshot import Snapshot, take_snapshot
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")

OWNER = """
import random, sys
from labkit.sandbox import Sandbox, xray
random.seed(int(sys.argv[1]))
limits = {"memory.max": "64M", "pids.max": 20} if len(sys.argv) > 2 else {}
keep = [Sandbox(limits=limits).start() for _ in range(3)]
terminal = keep[0].terminal(["sleep", "600"])
print("ready", flush=True)
while True:
    box = Sandbox(limits=limits)
    if random.random() < 0.5:
        box.run(["sh", "-c", "sleep 600 & true"])
    else:
        with box:
            box.exec(["true"])
            xray(box)
    keep[1].exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
"""
"""Starts, uses and ends sandboxes for ever, three of them all the time."""


@contextlib.contextmanager
def owner(argv: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that works with sandboxes; killed at the end of the block at the latest."""
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env, cwd="/"
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def nothing_left(snapshot: Callable[[], Snapshot], before: Snapshot) -> None:
    """Within two seconds."""
    wait_until(lambda: not snapshot().since(before), timeout_s=2, what="all is gone")


def helper_of(pid: int) -> int:
    """The helper of a process: its child that runs boot.py."""
    for name in names_in("/proc"):
        with contextlib.suppress(OSError, IndexError):
            stat = Path(f"/proc/{name}/stat").read_text() if name.isdigit() else ""
            if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
                return int(name)
    raise AssertionError(f"process {pid} has no helper")


@pytest.mark.parametrize("round_", range(5))
def test_the_owner_is_killed_at_random_moments(
    round_: int, snapshot: Callable[[], Snapshot]
) -> None:
    moments = random.Random(round_)
    before = snapshot()
    for turn in range(6):
        argv = [sys.executable, "-c", OWNER, str(10 * round_ + turn)]
        argv += ["limits"] if os.geteuid() == 0 else []
        with owner(argv, dict(os.environ)) as process:
            time.sleep(moments.random() * 0.15)
            assert snapshot().since(before)
            process.kill()
            process.wait()
        nothing_left(snapshot, before)


@pytest.mark.requires("root", "program:setpriv")
def test_the_owner_is_killed_at_random_moments_as_an_ordinary_user(user: OrdinaryUser) -> None:
    moments = random.Random(99)
    user.python("from labkit.image import base_image; base_image()")
    ids = SessionIds()
    sessions = user.folder / "labkit" / "run" / "sessions"
    sessions.mkdir(parents=True, exist_ok=True)
    for folder in (sessions, sessions.parent):
        os.chown(folder, user.uid, user.uid)
    ids.add(sessions)
    shot = lambda: take_snapshot(user.folder / "labkit", ids.seen())  # noqa: E731
    before = shot()
    for turn in range(8):
        argv = user.command([python_for_everyone(), "-c", OWNER, str(turn)])
        with owner(argv, dict(user.env)) as process:
            time.sleep(moments.random() * 0.15)
            assert shot().since(before)
            process.kill()
            process.wait()
        nothing_left(shot, before)
    ids.close()


def test_the_helper_is_killed_and_said_once(snapshot: Callable[[], Snapshot]) -> None:
    boxes = [Sandbox().start() for _ in range(3)]
    with contextlib.suppress(SystemFault):
        boxes[0].exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
    pids = [box.pid for box in boxes]
    os.kill(client().pid, signal.SIGKILL)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), timeout_s=2)
    assert [box.wait(2) for box in boxes] == [-9, -9, -9]
    with pytest.raises(SystemFault, match="it has been killed, and every sandbox") as caught:
        Sandbox().run(["true"])
    assert "A new helper is ready" in str(caught.value)
    assert Sandbox().run(["echo", "again"]).stdout == "again\n"
    assert not running()
    with pytest.raises(SystemFault, match="ended with exit code -9"):
        boxes[0].exec(["true"])
    assert boxes[0].start().exec(["echo", "x"]).stdout == "x\n"


def test_a_helper_that_is_killed_during_a_request_is_said() -> None:
    helper = client()
    helper.places()
    os.kill(helper.pid, signal.SIGSTOP)
    with subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -KILL {helper.pid}"]):
        with pytest.raises(SystemFault, match="it has been killed"):
            Sandbox().run(["true"])
        assert Sandbox().run(["echo", "again"]).stdout == "again\n"


@pytest.mark.parametrize("first", ["owner", "helper"])
def test_both_are_killed_and_the_next_sweep_clears_up(
    first: str, snapshot: Callable[[], Snapshot], labkit_home: Path
) -> None:
    current_session()
    before = snapshot()
    for turn in range(3):
        argv = [sys.executable, "-c", OWNER, str(turn), *["limits"][: os.geteuid() == 0]]
        with owner(argv, dict(os.environ)) as process:
            helper = helper_of(process.pid)
            time.sleep(0.03 * turn)
            # Stopped, neither sees the other's end.
            for pid in (process.pid, helper):
                os.kill(pid, signal.SIGSTOP)
            for pid in (process.pid, helper)[:: 1 if first == "owner" else -1]:
                os.kill(pid, signal.SIGKILL)
            process.wait()
        wait_until(lambda: not snapshot().since(before) or _only(snapshot().since(before)))
        removed = sweep()
        if os.geteuid() == 0:
            assert {leftover.kind for leftover in removed} >= {"cgroup"}
        nothing_left(snapshot, before)


def _only(lines: list[str]) -> bool:
    return all(line.startswith(("cgroups:", "files:")) for line in lines)


@pytest.mark.requires("root")
def test_a_command_that_drops_its_user_id_is_ended_with_the_session_too(
    snapshot: Callable[[], Snapshot],
) -> None:
    """Changing credentials clears the parent-death signal: prctl(2)."""
    before = snapshot()
    script = "from labkit.sandbox import Sandbox; import time; "
    script += "b = Sandbox().start(['start-stop-daemon', '-S', '-c', 'nobody', '-x', '/bin/sleep', "
    script += (
        "'--', '600']); time.sleep(0.3); print('ready'); print(b.pid, flush=True); time.sleep(600)"
    )
    with owner([sys.executable, "-c", script], dict(os.environ)) as process:
        assert process.stdout is not None
        survivor = int(process.stdout.readline())
        helper = helper_of(process.pid)
        for pid in (process.pid, helper):
            os.kill(pid, signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
        process.wait()
    wait_until(lambda: "boot.py" not in str(snapshot().since(before)))
    assert "(sleep)" in Path(f"/proc/{survivor}/stat").read_text()  # the case is a real one
    assert [row.kind for row in sweep() if row.kind == "sandbox"] == ["sandbox"]
    nothing_left(snapshot, before)
    wait_until(lambda: not _is_alive(survivor))


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


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
    others = [base / "somebody-elses", base / "labkit-ffffffff-other"]
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


def test_an_owner_that_ends_before_its_helper_is_up_leaves_nothing(
    snapshot: Callable[[], Snapshot],
) -> None:
    before = snapshot()
    code = "import os; from labkit.sandbox.client import client; client(); os.kill(os.getpid(), 9)"
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (-9, "")
        nothing_left(snapshot, before)


@pytest.mark.requires("root")
def test_a_disk_that_is_full_or_read_only_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk], check=True)
    code = """
import os, sys
from pathlib import Path
from labkit.core.errors import Blocked, LabkitError
from labkit.sandbox import Sandbox
home = Path(os.environ["LABKIT_HOME"])
root = sys.argv[1]
def attempt():
    try:
        return Sandbox(root).run(["/bin/busybox", "echo", "-n", "x"]).stdout
    except LabkitError as error:
        return f"{type(error).__name__}: {error}"
if sys.argv[2] == "before":
    print(attempt())
else:
    print(attempt())
    with open(home / "fill", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            pass
    for _ in range(100):
        said = attempt()
        if "Blocked" in said:
            break
    print(said)
    (home / "fill").unlink()
    print(attempt())
"""
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    subprocess.run(["cp", _busybox(), root / "bin" / "busybox"], check=True)
    try:
        env = {**os.environ, "LABKIT_HOME": str(disk / "home")}

        def play(when: str) -> list[str]:
            argv = [sys.executable, "-c", code, str(root), when]
            done = subprocess.run(
                argv, env=env, capture_output=True, text=True, timeout=60, check=True
            )
            assert not done.stderr, done.stderr
            return done.stdout.splitlines()

        lines = play("while")
        assert (lines[0], lines[-1]) == ("x", "x")
        assert "Blocked" in lines[1]
        assert any("No space left on device" in line for line in lines)
        assert any("set LABKIT_HOME" in line for line in lines)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        lines = play("before")
        assert lines[0].startswith("Blocked: ")
        assert "Set LABKIT_HOME" in lines[-1] or "set LABKIT_HOME" in lines[-1]
    finally:
        subprocess.run(["umount", disk], check=True)


def _busybox() -> Path:
    from labkit.image import base_image

    return base_image().layers[-1] / "bin" / "busybox"


@pytest.mark.requires("root")
def test_a_volume_on_a_server_that_is_gone_does_not_hang_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FUSE file system whose server never answers stands for it: every look at it hangs."""
    server = os.open("/dev/fuse", os.O_RDWR)
    point = tmp_path / "remote"
    point.mkdir()
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
    from labkit.core import linux

    linux.mount("none", str(point), "fuse", 0, options)
    try:
        with Sandbox() as running_box:
            box = Sandbox()
            message = box._message("start", ["true"], False)
            message["volumes"] = [[f"{point}/x", "/data", False]]
            fds = [os.open(os.devnull, os.O_RDWR) for _ in range(4)]
            started = time.monotonic()
            from labkit.sandbox.client import Refusal
            from labkit.sandbox.refusal import explain

            with pytest.raises(Refusal) as caught:
                client().ask({"op": "start", **message}, fds)
            for fd in fds:
                os.close(fd)
            assert 9 < time.monotonic() - started < 14
            assert "does not answer" in str(explain(caught.value, box.spec, "true"))
            assert running_box.exec(["echo", "well"]).stdout == "well\n"
    finally:
        linux.umount(str(point), linux.MNT_DETACH)
        os.close(server)


def test_without_any_user_namespace_left_it_is_blocked(user: OrdinaryUser) -> None:
    """The count is per user namespace: lowered in one of our own, the machine keeps its own."""
    code = """
import os
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
with open("/proc/sys/user/max_user_namespaces", "w") as file:
    file.write("0")
try:
    Sandbox().run(["true"])
except Blocked as error:
    print("BLOCKED", error.capability, str(error))
"""
    user.python("from labkit.image import base_image; base_image()")
    argv = ["unshare", "--user", "--map-root-user", python_for_everyone(), "-c", code]
    done = user.run(argv)
    assert "BLOCKED sandbox" in done.stdout, done
    assert "the kernel's count of namespaces is used up" in done.stdout
    assert not done.stderr


@pytest.mark.requires("program:bwrap")
def test_in_a_container_that_forbids_it_it_is_blocked(user: OrdinaryUser) -> None:
    code = """
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
try:
    print(Sandbox().run(["true"]))
except Blocked as error:
    print("BLOCKED", error.capability, str(error))
"""
    user.python("from labkit.image import base_image; base_image()")
    argv = [
        "bwrap", "--unshare-user", "--disable-userns", "--bind", "/", "/", "--proc", "/proc",
        "--dev", "/dev", python_for_everyone(), "-c", code,
    ]  # fmt: skip
    done = user.run(argv)
    assert "BLOCKED sandbox" in done.stdout, done
    assert not done.stderr


def test_limits_an_ordinary_user_may_not_set_are_blocked_with_what_helps(
    user: OrdinaryUser,
) -> None:
    code = """
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox
from labkit.sandbox.client import client
print({place.version for place in client().places().values() if not place.base})
try:
    Sandbox(limits={"memory.max": "64M"}).run(["true"])
except Blocked as error:
    print("BLOCKED", error.capability, "|", error.what, "|", error.why, "|", error.hint)
print(Sandbox(limits={"memory.max": "max", "pids.max": "max"}).run(["echo", "fine"]).stdout)
"""
    done = user.python(code)
    assert not done.stderr
    if done.stdout.startswith("set()"):
        pytest.skip("this user has groups of its own")
    assert f"user {user.uid} may not make groups below" in done.stdout
    assert "BLOCKED limits | memory.max cannot be set on this machine" in done.stdout
    assert "run the lab as root" in done.stdout
    assert "fine\n" in done.stdout


def _dead_session(home: Path) -> Path:
    """The folder of a session whose holders have gone."""
    folder = home / "run" / "sessions" / "0badcafe"
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    return folder


def test_blocked_is_what_a_folder_of_somebody_else_gives(
    user: OrdinaryUser, tmp_path: Path
) -> None:
    code = "from labkit.sandbox import Sandbox; Sandbox().run(['true'])"
    other = user.folder / "other"
    other.mkdir()
    other.chmod(0o755)
    env = {**user.env, "LABKIT_HOME": str(other)}
    user.python("pass")
    argv = user.command([python_for_everyone(), "-c", code])
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert os.geteuid() != 0 or "Blocked: labkit cannot use the folder" in done.stderr
