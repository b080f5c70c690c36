"""A batch of system calls does the same worked off by machine code and by a fork in Python."""

from __future__ import annotations

import errno
import os
import platform
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.core import linux
from labkit.sandbox.helper import native
from labkit.sandbox.helper.batch import NUMBERS, Batch, Memory, work_off

_HERE = -100
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_APPEND

is_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code of x86-64")


def _by_machine_code(do: Batch) -> int:
    runner = native.runner()
    assert runner
    pid, pidfd = runner.start(0, do.first)
    os.close(pidfd)
    return os.waitpid(pid, 0)[1]


def _by_a_fork(do: Batch) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            work_off(do.memory)
        finally:
            os._exit(127)
    return os.waitpid(pid, 0)[1]


@pytest.fixture(params=[pytest.param(_by_machine_code, marks=is_x86_64), _by_a_fork])
def work(request: pytest.FixtureRequest) -> Callable[[Batch], int]:
    """Works a batch off in a new process; its exit code, as wait(2) has it."""
    return request.param


@pytest.fixture
def do() -> Iterator[Batch]:
    yield Batch(Memory())


def _end(do: Batch) -> None:
    do.step = "end well"
    do("execve", "/bin/true", do.put_list(["true"]), do.put_list([]))


def test_calls_are_made_in_order_and_a_result_is_an_argument_of_later_ones(
    do: Batch, work: Callable[[Batch], int], tmp_path: Path
) -> None:
    file = do("openat", _HERE, str(tmp_path / "ä"), _CREATE, 0o600)
    do("write", file, "one ", 4)
    do("write", file, b"two", 3)
    _end(do)
    do.write_down()
    assert (work(do), do.failure) == (0, None)
    assert (tmp_path / "ä").read_text() == "one two"


def test_it_stops_at_the_call_that_fails_and_says_which_and_why(
    do: Batch, work: Callable[[Batch], int], tmp_path: Path
) -> None:
    do.step = "go there"
    do("chdir", str(tmp_path))
    do.step = "make a folder where one is"
    do("mkdirat", _HERE, ".", 0o700)
    do.step = "never reached"
    do("mkdirat", _HERE, "later", 0o700)
    do.write_down()
    assert work(do) == 127 << 8
    assert do.failure == ("make a folder where one is", errno.EEXIST)
    assert not (tmp_path / "later").exists()


@pytest.mark.parametrize(("even_if", "goes_on"), [((0, errno.EEXIST), True), ((0, 5), False)])
def test_an_error_that_may_be_does_not_stop_it(
    do: Batch, work: Callable[[Batch], int], tmp_path: Path, even_if: tuple[int, ...], goes_on: bool
) -> None:
    do("mkdirat", _HERE, str(tmp_path), 0o700, even_if=even_if)
    _end(do)
    do.write_down()
    assert (work(do) == 0) is goes_on


def test_a_result_of_0_that_must_not_be_stops_it(do: Batch, work: Callable[[Batch], int]) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    do.step = "hear nothing but the end"
    do("recvfrom", ours.fileno(), bytes(1), 1, 0, 0, 0, even_if=())
    _end(do)
    do.write_down()
    with ours:
        assert work(do) == 127 << 8
    assert do.failure == ("hear nothing but the end", 0)


def test_what_is_called_after_it_was_written_down_is_added(
    do: Batch, work: Callable[[Batch], int], tmp_path: Path
) -> None:
    do("mkdirat", _HERE, str(tmp_path / "first"), 0o700)
    do.write_down()
    do("mkdirat", _HERE, str(tmp_path / "second"), 0o700)
    _end(do)
    do.write_down()
    assert work(do) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_one_that_is_too_long_is_refused_and_harms_nothing(do: Batch) -> None:
    before = bytes(do.memory.bytes)
    do.put(bytes(3 << 20))
    with pytest.raises(OSError, match="too long") as caught:
        do.write_down()
    assert caught.value.errno == errno.E2BIG
    assert bytes(do.memory.bytes) == before


@pytest.mark.requires("program:gcc")
@pytest.mark.parametrize(
    ("column", "header"),
    [
        pytest.param(0, "asm/unistd_64.h", id="x86-64", marks=is_x86_64),
        pytest.param(1, "asm-generic/unistd.h", id="arm64"),
    ],
)
def test_the_numbers_are_those_of_the_kernels_headers(column: int, header: str) -> None:
    lines = [f"{name}=__NR_{name}" for name in NUMBERS]
    source = f"#include <{header}>\n" + "\n".join(lines)
    command = ["gcc", "-E", "-P", "-x", "c", "-"]
    shown = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    rows = dict(line.split("=") for line in shown.stdout.split())
    assert {name: int(number) for name, number in rows.items()} == {
        name: numbers[column] for name, numbers in NUMBERS.items()
    }


@is_x86_64
@pytest.mark.requires("program:as", "program:objcopy")
def test_the_machine_code_is_what_an_assembler_makes_of_the_listing(tmp_path: Path) -> None:
    source = ".intel_syntax noprefix\n" + "\n".join(text for _, text in native.LISTING) + "\n"
    made, raw = tmp_path / "made.o", tmp_path / "made.bin"
    subprocess.run(["as", "-o", made, "-"], input=source, text=True, check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", made, raw], check=True)
    assert raw.read_bytes().hex() == "".join(code for code, _ in native.LISTING)


@is_x86_64
def test_memory_with_code_cannot_be_written() -> None:
    runner = native.Runner()
    rows = linux.read("/proc/self/maps").decode().splitlines()
    [row] = [row for row in rows if row.startswith(f"{runner._entry:x}-")]
    assert row.split()[1] == "r-xs"
