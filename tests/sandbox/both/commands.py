"""Running commands: what goes in, what comes out, how they end."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

from labkit.core.errors import BadInput, SystemFault, TimedOut
from labkit.sandbox import Sandbox
from tests.sandbox.both.tools import error_of, new_folder
from tests.support.wait import wait_until

C_LIBRARY_SIGNALS = 0b11 << 31
"""Signals 32 and 33: the C library keeps them to itself, so nobody can reset what is inherited."""


def exit_codes_and_signals_come_back() -> None:
    box = Sandbox()
    assert [box.run(["sh", "-c", f"exit {code}"]).exit_code for code in (0, 7, 255)] == [0, 7, 255]
    with box:
        assert box.exec(["sh", "-c", "exit 3"]).exit_code == 3
        assert box.exec(["sh", "-c", "kill -TERM $$"]).exit_code == -signal.SIGTERM


def output_is_kept_apart_and_whole() -> None:
    ran = Sandbox().run(["sh", "-c", "echo out; echo err >&2"])
    assert (ran.stdout, ran.stderr) == ("out\n", "err\n")
    big = Sandbox().run(["sh", "-c", "yes 0123456789abcde | head -c 10000000; echo end >&2"])
    assert len(big.stdout) == 10_000_000
    assert big.stdout[-16:] == big.stdout[:16] == "0123456789abcde\n"
    assert big.stderr == "end\n"


def bytes_that_are_no_text_do_no_harm() -> None:
    ran = Sandbox().run(["printf", r"a\377\376b\0c"])
    assert ran.stdout == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b\0c"


def input_larger_than_a_pipe_is_read_to_its_end() -> None:
    data = "x" * 300_000
    assert Sandbox().run(["wc", "-c"], input=data).stdout.strip() == "300000"
    assert Sandbox().run(["cat"], input=data.encode()).stdout == data
    with Sandbox() as box:
        raw = b"\0\1" * 150_000
        assert box.exec(["md5sum"], input=raw).stdout.split()[0] == hashlib.md5(raw).hexdigest()


def input_that_nobody_reads_is_no_error() -> None:
    assert Sandbox().run(["true"], input="x" * 300_000).exit_code == 0
    assert Sandbox().run(["head", "-c", "3"], input="abcdef" * 100_000).stdout == "abc"


def input_is_read_when_the_output_is_closed_first() -> None:
    folder = new_folder("out")
    script = "exec >&- 2>&-; sleep 0.1; cat > /out/all"
    Sandbox(volumes={folder: "/out"}).run(["sh", "-c", script], input="y" * 300_000)
    assert (folder / "all").stat().st_size == 300_000


def without_input_there_is_none() -> None:
    assert Sandbox().run(["cat"]).stdout == ""


def times_are_measured() -> None:
    ran = Sandbox().run(["sh", "-c", "sleep 0.2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"])
    assert 0.2 < ran.wall_s < 60
    assert 0.001 < ran.user_s + ran.system_s < ran.wall_s


def what_a_command_leaves_running_is_not_waited_for() -> None:
    with Sandbox() as box:
        started = time.monotonic()
        assert box.exec(["sh", "-c", "sleep 60 & echo left"]).stdout == "left\n"
        assert time.monotonic() - started < 50
        assert "sleep 60" in box.exec(["ps"]).stdout


def a_deadline_ends_the_command() -> None:
    error = error_of(lambda: Sandbox().run(["sh", "-c", "echo so far; sleep 60"], timeout_s=0.3))
    assert isinstance(error, TimedOut)
    assert "within 0.3 s" in str(error)
    assert "so far" in str(error)
    with Sandbox() as box:
        error = error_of(lambda: box.exec(["sleep", "61"], timeout_s=0.2))
        assert isinstance(error, TimedOut)
        assert "sleep 61" not in box.exec(["ps"]).stdout
        assert box.is_running


def the_environment_is_the_one_asked_for() -> None:
    os.environ["SECRET_OF_THE_HOST"] = "x"
    ran = Sandbox(hostname="h", env={"A": "1 2", "UMLAUT": "ü", "N": 3}).run(["env"])
    seen = dict(line.split("=", 1) for line in ran.stdout.splitlines())
    seen.pop("SHLVL", None)
    seen.pop("PWD", None)
    assert seen == {
        "A": "1 2", "UMLAUT": "ü", "N": "3", "HOME": "/root", "HOSTNAME": "h", "TERM": "xterm",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }  # fmt: skip


def commands_start_in_the_folder_asked_for() -> None:
    with Sandbox(cwd="/tmp") as box:
        assert box.exec(["pwd"]).stdout == "/tmp\n"
    assert Sandbox(cwd="/etc").run(["pwd"]).stdout == "/etc\n"


def the_log_has_what_pid_1_wrote() -> None:
    with Sandbox().start(["sh", "-c", "echo one; echo two >&2; exec sleep 60"]) as box:
        box.wait_for_log("two")
        box.exec(["sh", "-c", "echo not this"])
        assert box.logs() == "one\ntwo\n"
    assert box.logs() == "one\ntwo\n"


def each_start_has_a_log_of_its_own() -> None:
    first = Sandbox(name="again").start(["echo", "first"])
    first.wait(5)
    second = Sandbox(name="again").start(["echo", "second"])
    second.wait(5)
    assert (first.logs(), second.logs()) == ("first\n", "second\n")


def stop_asks_and_a_handler_may_answer() -> None:
    script = "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with Sandbox().start(["sh", "-c", script]) as box:
        box.wait_for_log("ready")
        box.stop(timeout_s=30)
        assert not box.is_running
        assert box.wait() == 5
        assert box.logs() == "ready\nbye\n"


def stop_kills_at_once_what_has_no_handler() -> None:
    with Sandbox().start(["sleep", "60"]) as box:
        started = time.monotonic()
        box.stop(timeout_s=60)
        assert time.monotonic() - started < 50
        assert box.wait() == -signal.SIGKILL


def stop_kills_in_the_end_what_does_not_answer() -> None:
    script = "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done"
    with Sandbox().start(["sh", "-c", script]) as box:
        box.wait_for_log("ready")
        box.signal(signal.SIGTERM)
        box.wait_for_log("no")
        assert box.is_running
        box.stop(timeout_s=0.2)
        assert box.wait() == -signal.SIGKILL
    box.stop()
    box.kill()


def no_signal_is_ignored_from_the_start() -> None:
    for caught in ("SigIgn", "SigBlk", "SigCgt"):
        seen = Sandbox().run(["grep", caught, "/proc/self/status"]).stdout
        assert int(seen.split()[1], 16) & ~C_LIBRARY_SIGNALS == 0, seen
    with Sandbox() as box:
        seen = box.exec(["grep", "SigIgn", "/proc/self/status"]).stdout
        assert int(seen.split()[1], 16) & ~C_LIBRARY_SIGNALS == 0, seen


def a_terminal_is_one() -> None:
    with Sandbox() as box, box.terminal(["sh"]) as terminal:
        terminal.write("tty; stty size; echo done\n")
        seen = terminal.read_until("\ndone")
        assert "/dev/pts/0" in seen
        assert "24 80" in seen
        terminal.resize(50, 132)
        terminal.write("stty size; exit 9\n")
        terminal.read_until("50 132")
        assert terminal.wait(30) == 9


def a_terminal_passes_on_control_characters_and_umlauts() -> None:
    with Sandbox() as box, box.terminal(["sh"]) as terminal:
        terminal.write("sleep 60\n")
        terminal.read_until("sleep 60")
        time.sleep(0.1)
        terminal.write("\x03")
        terminal.write("echo 'gr\u00fc\u00dfe' $?\n")
        terminal.read_until("gr\u00fc\u00dfe 130")


def a_terminal_that_is_closed_hangs_up() -> None:
    with Sandbox() as box:
        terminal = box.terminal(["sleep", "60"])
        terminal.close()
        assert terminal.wait(30) == -signal.SIGHUP


def a_terminal_whose_command_has_ended_says_so_at_once() -> None:
    with Sandbox() as box, box.terminal(["echo", "hello"]) as terminal:
        started = time.monotonic()
        error = error_of(lambda: terminal.read_until("never", timeout_s=60))
        assert isinstance(error, TimedOut)
        assert "hello" in str(error)
        assert "ended" in str(error)
        assert time.monotonic() - started < 50


def a_sandbox_that_has_ended_says_so() -> None:
    box = Sandbox().start(["sh", "-c", "exit 4"])
    box.wait(5)
    for use in (lambda: box.exec(["true"]), lambda: box.pid, lambda: box.signal(1), box.terminal):
        error = error_of(use)
        assert isinstance(error, SystemFault)
        assert "ended with exit code 4" in str(error)
    assert "not running" in repr(box)
    assert "has not been started" in str(error_of(lambda: Sandbox().exec(["true"])))


def a_running_sandbox_is_not_started_again() -> None:
    with Sandbox(name="twice") as box:
        assert isinstance(error_of(box.start), BadInput)
        assert "runs already" in str(error_of(Sandbox(name="twice").start))
        assert box.exec(["true"]).exit_code == 0
    with Sandbox(name="twice"):
        pass


def a_name_can_be_used_again_at_once() -> None:
    for _ in range(20):
        assert Sandbox(name="quick").run(["hostname"]).stdout == "quick\n"
        with Sandbox(name="quick"):
            pass


def it_works_after_the_current_folder_was_removed() -> None:
    before = Path.cwd()
    folder = new_folder("gone")
    os.chdir(folder)
    folder.rmdir()
    try:
        assert Sandbox().run(["pwd"]).stdout == "/\n"
    finally:
        os.chdir(before)


def background_work_of_a_sandbox_ends_with_it() -> None:
    with Sandbox().start(["sh", "-c", "sleep 987654 & sleep 987654 & wait"]):
        wait_until(lambda: len(_commands_with("sleep 987654")) == 3)
    assert not _commands_with("987654")


def so_it_does_without_a_pid_namespace() -> None:
    kinds = ("user", "mnt", "uts", "ipc", "net", "cgroup")
    script = "(sleep 876543 & sleep 876543 &) ; echo ready; sleep 876543"
    with Sandbox(namespaces=kinds).start(["sh", "-c", script]) as box:
        box.wait_for_log("ready")
        box.exec(["sh", "-c", "sleep 876543 >/dev/null 2>&1 &"])
        wait_until(lambda: len(_commands_with("876543")) >= 4)  # a shell forks before it says so
    wait_until(lambda: not _commands_with("876543"))


def _commands_with(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
            except OSError:
                continue
            if text in line and entry.name != str(os.getpid()):
                found.append(f"{entry.name} {line}")
    return found
