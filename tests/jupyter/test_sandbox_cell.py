from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit import ImageStore, Sandbox
from labkit.core.errors import BadInput, NotFound
from labkit.jupyter.sandbox_cell import MOST_BYTES, run_cell, told
from labkit.sandbox import running
from tests.support import wait_until
from tests.support.snapshot import Snapshot

pytestmark = pytest.mark.requires("sandbox")

Capture = pytest.CaptureFixture[str]


def test_the_body_is_a_script_and_pid_1(capsys: Capture) -> None:
    assert run_cell("", "echo $$\nfor i in a b; do echo $i; done", {}) == 0
    assert capsys.readouterr() == ("1\na\nb\n", "")


def test_the_options_reach_the_sandbox(capsys: Capture, tmp_path: Path) -> None:
    ImageStore().build("hello:1", files={"/etc/motd": "hi\n"})
    (tmp_path / "a folder").mkdir()
    line = f'--name web --image hello:1 --volume "{tmp_path}/a folder:/data"'
    run_cell(line, "hostname; cat /etc/motd; echo kept > /data/file", {})
    assert capsys.readouterr().out == "web\nhi\n"
    assert (tmp_path / "a folder/file").read_text() == "kept\n"


@pytest.mark.requires("limits")
def test_limits_hold(capsys: Capture) -> None:
    code = run_cell("--memory 16M --pids 20", "head -c 100000000 /dev/zero | tail", {})
    # Mostly `tail` is ended, and the shell says so; the kernel may take the shell as well.
    assert code in (128 + signal.SIGKILL, -signal.SIGKILL)
    assert "when more than 16M of memory is wanted" in capsys.readouterr().err
    run_cell("--pids 3", "for i in 1 2 3 4 5; do sleep 60 & done; true", {})
    assert "can't fork" in capsys.readouterr().out


def test_an_exit_code_is_said_when_it_is_not_0(capsys: Capture) -> None:
    assert run_cell("", "exit 3", {}) == 3
    assert capsys.readouterr() == ("", "→ exit code 3\n")


@pytest.mark.parametrize(
    ("code", "words"),
    [(127, "→ exit code 127"), (-9, "→ ended by SIGKILL"), (143, "ended by SIGTERM"),
     (255, "→ exit code 255")],
)  # fmt: skip
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert words in told(code)


def test_output_is_shown_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, str]] = []

    class Screen:
        def write(self, text: str) -> None:
            seen.append((time.monotonic(), text))

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", Screen())
    run_cell("", "echo first; sleep 0.6; echo second >&2", {})
    assert "".join(text for _, text in seen) == "first\nsecond\n"
    assert seen[-1][0] - seen[0][0] > 0.4


def test_letters_of_several_bytes_arrive_whole(capsys: Capture) -> None:
    # Half a letter now, the other half after the next look.
    run_cell("", r"printf 'gr\303'; sleep 0.2; printf '\274n \303'", {})
    assert capsys.readouterr().out == "grün \ufffd"


def test_too_much_output_stops_it(capsys: Capture) -> None:
    with pytest.raises(BadInput, match="more than 2 MB"):
        run_cell("", "yes 0123456789012345678901234567890123456789", {})
    assert len(capsys.readouterr().out) == MOST_BYTES
    assert running() == []


def test_nothing_is_left_of_it(snapshot: Callable[[], Snapshot]) -> None:
    run_cell("", "true", {})  # the session and its helper stay
    before = snapshot()
    logs = {path for path in before.files if path.endswith(".log")}
    run_cell("--memory 32M", "sleep 60 & sleep 70 & true", {})
    assert [line for line in snapshot().since(before) if ".log" not in line] == []
    assert logs == set()


def test_an_interrupt_ends_the_sandbox(capsys: Capture, tmp_path: Path) -> None:
    def interrupt() -> None:
        wait_until((tmp_path / "begun").exists, what="the script")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    run_cell(f"--volume '{tmp_path}:/data'", "touch /data/begun; sleep 60", {})
    thread.join()
    assert capsys.readouterr().err == "→ stopped\n"
    assert running() == []


def test_an_interrupt_while_it_starts_leaves_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = Sandbox.start

    def interrupted(self: Sandbox, argv: list[str] | None = None) -> Sandbox:
        os.kill(os.getpid(), signal.SIGINT)  # before anybody knows of the sandbox
        return start(self, argv)

    monkeypatch.setattr(Sandbox, "start", interrupted)
    run_cell("", "sleep 60", {})
    assert capsys.readouterr().err == "→ stopped\n"
    assert running() == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_cell_runs_in_a_sandbox_of_the_notebook(capsys: Capture) -> None:
    with Sandbox(name="web", hostname="inside") as box:
        namespace = {"my_box": box, "_3": box}
        for name in ("web", "my_box"):
            assert run_cell(f"--in {name}", "hostname; printf 'a\\nb\\n'; exit 4", namespace) == 4
            assert capsys.readouterr() == ("inside\na\nb\n", "→ exit code 4\n")
        assert box.is_running


def test_an_interrupt_inside_leaves_the_sandbox(capsys: Capture) -> None:
    with Sandbox(name="web") as box:
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        run_cell("--in web", "sleep 61", {"box": box})
        timer.join()
        assert capsys.readouterr().err == "→ stopped\n"
        gone = lambda: "sleep 61" not in box.exec(["ps", "-o", "args"]).stdout  # noqa: E731
        wait_until(gone, timeout_s=3, what="the end of its command")


def test_an_unknown_sandbox_names_the_near_ones() -> None:
    with Sandbox(name="web") as box, pytest.raises(NotFound, match="Did you mean web"):
        run_cell("--in wep", "true", {"box": box})


def test_a_sandbox_of_another_process_is_told_apart() -> None:
    code = (
        "from labkit import Sandbox; Sandbox(name='far').start(); print('up', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "up\n"
        with pytest.raises(BadInput, match="'far' was not started by this notebook"):
            run_cell("--in far", "true", {})
        other.communicate("\n")


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        ("--memroy 64M", NotFound, "Did you mean --memory"),
        ("--memory lots", BadInput, "lots"),
        ("--memory", BadInput, "expected one argument"),
        ("--pids -1", BadInput, "a whole number above 0"),
        ("--pids=-1", BadInput, "-1"),
        ("--name a/b", BadInput, "a/b"),
        ("--name 'a\nb'", BadInput, "name"),
        ("--image nosuch", NotFound, "nosuch"),
        ("--volume data", BadInput, "SOURCE:TARGET"),
        ("--volume /nonexistent:/data", BadInput, "/nonexistent"),
        ("--name 'open", BadInput, "no closing quotation"),
        ("web", BadInput, "cannot use 'web'"),
    ],
)
def test_bad_input_is_a_clear_error_and_leaves_nothing(
    line: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=re.escape(words)):
        run_cell(line, "true", {})
    assert running() == []
