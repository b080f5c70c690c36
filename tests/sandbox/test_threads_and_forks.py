"""A notebook's kernel has threads, is interrupted, and forks: nothing of that mixes answers up."""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from labkit.core.errors import LabkitError, SystemFault, TimedOut
from labkit.core.session import current_session, opened_session
from labkit.image import base_image
from labkit.sandbox import Sandbox, running
from labkit.sandbox.client import client
from tests.sandbox.both.tools import names_in
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("sandbox")


def test_eight_threads_start_one_helper_and_get_each_its_own_answers(labkit_home: Path) -> None:
    begin = threading.Barrier(8)

    def work(number: int) -> list[str]:
        begin.wait()
        names = [f"t{number}-{turn}" for turn in range(20)]
        return [Sandbox(name=name).run(["hostname"]).stdout.strip() for name in names]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))
    assert answers == [[f"t{number}-{turn}" for turn in range(20)] for number in range(8)]
    assert len(list((labkit_home / "run" / "sessions").iterdir())) == 1
    assert _children_named("boot.py") == [client().pid]


def test_several_threads_use_one_sandbox() -> None:
    with Sandbox() as box, ThreadPoolExecutor(6) as pool:
        texts = [str(number) * 1000 for number in range(60)]
        assert list(pool.map(lambda t: box.exec(["cat"], input=t).stdout, texts)) == texts


def test_several_threads_may_wait_for_one_end() -> None:
    box = Sandbox().start(["sleep", "60"])
    with ThreadPoolExecutor(5) as pool:
        waiting = [pool.submit(box.wait, 10) for _ in range(4)]
        polling = pool.submit(lambda: wait_until(lambda: not box.is_running))
        time.sleep(0.1)
        box.kill()
        assert [each.result() for each in waiting] == [-9] * 4
        polling.result()
    # Had one of them closed a descriptor twice, one of these would be it.
    assert [Sandbox().run(["echo", str(n)]).stdout for n in range(5)] == [
        f"{n}\n" for n in range(5)
    ]


def test_no_descriptor_is_left_open_after_use_from_threads() -> None:
    Sandbox().run(["true"])
    before = len(names_in("/proc/self/fd"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Sandbox().run(["echo", "x"], input="y").stdout, range(20)))
        with pytest.raises(LabkitError):
            Sandbox().run(["no-such-program"])
        with pytest.raises(TimedOut):
            Sandbox().run(["sleep", "9"], timeout_s=0.05)
    assert len(names_in("/proc/self/fd")) == before


@pytest.fixture
def forked() -> Iterator[Callable[[Callable[[], object]], str]]:
    """Calls a function in a forked process (multiprocessing's fork) and returns what it said."""
    context = multiprocessing.get_context("fork")

    def child(function: Callable[[], object], there: Connection) -> None:
        try:
            there.send(str(function()))
        except BaseException as error:
            there.send(f"{type(error).__name__}: {error}")

    def call(function: Callable[[], object]) -> str:
        here, there = context.Pipe()
        process = context.Process(target=child, args=(function, there))
        process.start()
        assert here.poll(20), "the child says nothing"
        said: str = here.recv()
        process.join(10)
        assert process.exitcode == 0
        return said

    yield call


def test_a_forked_process_gets_a_helper_of_its_own(
    forked: Callable[[Callable[[], object]], str], labkit_home: Path
) -> None:
    with Sandbox(name="parents") as box:
        mine = current_session().id
        assert forked(lambda: Sandbox(name="childs").run(["hostname"]).stdout) == "childs\n"
        assert forked(lambda: client().session.id) not in ("", mine)
        assert box.exec(["hostname"]).stdout == "parents\n"
        assert Sandbox().run(["echo", "x"]).stdout == "x\n"
        # The child left by os._exit: its helper has seen that, and cleared up after it.
        wait_until(lambda: names_in(labkit_home / "run" / "sessions") == [mine])


def test_a_forked_process_is_told_that_the_sandbox_is_its_parents(
    forked: Callable[[Callable[[], object]], str],
) -> None:
    with Sandbox(name="parents") as box:
        for use in (box.kill, box.stop, box.wait, lambda: box.exec(["true"]), lambda: box.pid):
            said = forked(use)
            assert said.startswith("SystemFault: cannot use sandbox 'parents'"), said
            assert f"it belongs to process {os.getpid()}" in said
        assert forked(lambda: [row.name for row in running()]) == "['parents']"
        assert "not running" in forked(lambda: repr(box))
        assert box.is_running
        assert box.exec(["echo", "still"]).stdout == "still\n"


def test_an_end_that_comes_while_a_fork_lives_is_told_to_its_owner(
    forked: Callable[[Callable[[], object]], str],
) -> None:
    box = Sandbox().start(["sleep", "60"])
    ready, go = multiprocessing.Event(), multiprocessing.Event()

    def wait_for_the_end() -> None:
        ready.set()
        go.wait(10)

    fork = multiprocessing.get_context("fork").Process(target=wait_for_the_end)
    fork.start()
    ready.wait(10)
    box.kill()
    assert box.wait() == -9
    assert Sandbox().run(["echo", "x"]).stdout == "x\n"
    go.set()
    fork.join(10)


def test_a_session_that_was_closed_is_followed_by_a_new_one() -> None:
    first = current_session()
    assert Sandbox().run(["true"]).exit_code == 0
    first.close()
    assert opened_session() is None
    assert Sandbox().run(["true"]).exit_code == 0
    assert current_session().id != first.id


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between open() and `with` a file leaks
def test_interrupts_at_any_moment_mix_no_answers_up(tmp_path: Path) -> None:
    """KeyboardInterrupt, as the notebook's stop button sends it, over and over."""
    (tmp_path / "bin").mkdir()
    for name in ("busybox", "hostname"):
        shutil.copy(base_image().layers[-1] / "bin" / "busybox", tmp_path / "bin" / name)
    Sandbox(tmp_path).run(["hostname"])
    done = interrupted = 0
    begun, stop = threading.Event(), threading.Event()

    def interrupt() -> None:
        begun.wait()  # an interrupt before the loop below would end this test, and not the thread
        delay = 0.0
        while not stop.wait(0.002 + delay):  # from within the first to after the end of a run
            delay = (delay + 0.0017) % 0.05
            _thread.interrupt_main(signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        while done + interrupted < 150:
            try:
                begun.set()
                assert Sandbox(tmp_path, name=f"i{done}").run(["hostname"]).stdout == f"i{done}\n"
                done += 1
            except KeyboardInterrupt:
                interrupted += 1
            except LabkitError as error:  # the one interrupted before may still be ending
                assert "runs already" in str(error), error
                interrupted += 1
    except KeyboardInterrupt:
        pass
    finally:
        _finish(stop, thread)
    assert interrupted > 10
    assert done > 0
    assert Sandbox().run(["echo", "fine"]).stdout == "fine\n"
    wait_until(lambda: not running(), what="the interrupted ones are ended")


def test_a_command_that_nobody_waits_for_is_ended() -> None:
    """What an interrupt between request and answer leaves: a pipe that nobody reads."""
    box = Sandbox(name="abandoned").start(["sleep", "60"])
    pid = box.pid
    os.close(box._first._status_fd)  # type: ignore[union-attr]
    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    assert Sandbox(name="abandoned").run(["true"]).exit_code == 0
    box._first = None


def test_a_helper_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    helper = client()
    helper._sock.settimeout(0.2)
    os.kill(helper.pid, signal.SIGSTOP)
    try:
        with pytest.raises(TimedOut, match=f"process {helper.pid} does not answer"):
            Sandbox().run(["true"])
    finally:
        os.kill(helper.pid, signal.SIGCONT)
    helper._sock.settimeout(10)
    # Its answer to the first question comes before that to the second, and is not taken for it.
    assert Sandbox().run(["echo", "second"]).stdout == "second\n"


def test_too_many_open_files_are_said_and_nothing_is_lost(labkit_home: Path) -> None:
    import resource

    with Sandbox() as box:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = len(names_in("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 4, hard))
        try:
            with pytest.raises(SystemFault, match="Too many open files"):
                Sandbox().run(["true"])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert box.exec(["echo", "well"]).stdout == "well\n"


def test_a_helper_with_too_many_open_files_says_so_and_goes_on() -> None:
    import resource

    with Sandbox() as box:
        pid = client().pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(names_in(f"/proc/{pid}/fd"))
        for spare in range(1, 12):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + spare, before[1]))
            try:
                Sandbox(name="tight").run(["true"])
            except SystemFault as error:
                assert "Too many open files" in str(error), error
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        assert box.exec(["echo", "well"]).stdout == "well\n"
        # The end of `echo` is told before the helper has let go of it.
        wait_until(lambda: len(names_in(f"/proc/{pid}/fd")) == used)
        assert client().pid == pid


def _finish(stop: threading.Event, thread: threading.Thread) -> None:
    while thread.is_alive():
        try:
            stop.set()
            thread.join()
        except KeyboardInterrupt:
            continue
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(0.05)


def _children_named(text: str) -> list[int]:
    found = []
    for name in names_in("/proc"):
        if name.isdigit():
            try:
                stat = Path(f"/proc/{name}/stat").read_text()
                command = Path(f"/proc/{name}/cmdline").read_text()
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid() and text in command:
                found.append(int(name))
    return found
