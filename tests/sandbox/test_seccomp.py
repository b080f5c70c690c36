"""The filter of system calls: who has it, what it refuses, and that nothing else does it for it."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput, Blocked
from labkit.sandbox import Profile, Sandbox, anatomy, seccomp
from labkit.sandbox.seccomp import DEFAULT, Rule
from tests.sandbox.both.tools import status

pytestmark = pytest.mark.requires("sandbox")

CALLS = """
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
room = ctypes.create_string_buffer(256)
def call(*args):
    ctypes.set_errno(0)
    result = libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    return [min(result, 0), ctypes.get_errno()]
print(json.dumps({
    "keyctl": call(250, 0, -3, 1),                 # the id of the session's keyring
    "add_key": call(248, b"user", b"labkit", b"x", 1, -2),
    "userfaultfd": call(323, 1),
    "io_uring_setup": call(425, 1, room),
    "io_uring_enter": call(426, -1, 0, 0, 0, 0),
    "perf_event_open": call(298, room, 0, -1, -1, 0),
    "bpf": call(321, 0, room, 0),
    "open_by_handle_at": call(304, -100, room, 0),
    "kexec_load": call(246, 0, 0, 0, 0),
    "setns": call(308, -1, 0),
    "unshare": call(272, 0x10000000),
    "clone3": call(435, 0, 0),
    "TIOCSTI": call(16, 0, 0x5412, b"x"),
    "TIOCSTI, with more bits": call(16, 0, 0x100005412, b"x"),
}))
"""
"""By their numbers on x86-64, for the C library knows not all of them."""


def _seen(**how: Any) -> dict[str, list[int]]:
    roots = {Path(path): f"{path}:ro" for path in ("/usr", "/lib", "/lib64") if Path(path).exists()}
    ran = Sandbox(volumes=roots, **how).run(["/usr/bin/python3", "-c", CALLS])
    assert ran.exit_code == 0, ran
    found: dict[str, list[int]] = json.loads(ran.stdout)
    return found


@pytest.mark.requires("program:as")  # x86-64 alone
def test_calls_that_only_the_filter_refuses() -> None:
    filtered, bare = _seen(), _seen(seccomp=None)
    for call, answer in filtered.items():
        is_ours = call in ("clone3", "io_uring_setup", "io_uring_enter")
        assert answer == [-1, errno.ENOSYS if is_ours else errno.EPERM], call
    by_the_filter_alone = {call for call in bare if bare[call] != filtered[call]}
    assert by_the_filter_alone >= {
        "keyctl",
        "add_key",
        "io_uring_enter",
        "setns",
        "TIOCSTI",
        "clone3",
    }


def test_every_sandbox_has_it_unless_it_keeps_every_capability() -> None:
    for how, mode, profile in (
        ({}, "2", "default"),
        ({"seccomp": "default", "capabilities": None}, "2", "default"),
        ({"seccomp": None}, "0", "none: none was asked for"),
        ({"capabilities": None}, "0", "none: every capability is kept"),
    ):
        with Sandbox(**how) as box:  # type: ignore[arg-type]
            assert status(box.pid)["Seccomp"] == mode, how
            entered = box.exec(["grep", "^Seccomp:", "/proc/self/status"]).stdout
            assert entered.split() == ["Seccomp:", mode], how
            seen = anatomy(box)
            assert (seen.seccomp, seen.seccomp_profile) == (
                "filter" if mode == "2" else "off",
                profile,
            )


def test_a_profile_can_be_changed() -> None:
    no_folders = DEFAULT.denying("mkdir", "mkdirat", errno=errno.ENOSPC)
    ran = Sandbox(seccomp=no_folders).run(["mkdir", "/tmp/x"])
    assert "No space left on device" in ran.stderr
    assert Sandbox(seccomp="default").run(["mkdir", "/tmp/x"]).exit_code == 0
    again = no_folders.allowing("mkdir", "mkdirat")
    assert Sandbox(seccomp=again).run(["mkdir", "/tmp/x"]).exit_code == 0


def test_a_call_that_no_linux_has_is_said() -> None:
    profile = Profile("mine", (Rule(("no_such_call",), "it is wrong"),))
    with pytest.raises(BadInput, match="there is no system call 'no_such_call'"):
        Sandbox(seccomp=profile).run(["true"])


def test_where_no_filter_can_be_had_it_is_done_without_unless_one_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seccomp, "why_not", lambda: "libseccomp is missing")
    with Sandbox() as box:
        assert status(box.pid)["Seccomp"] == "0"
        assert anatomy(box).seccomp_profile == "none: libseccomp is missing"
    seccomp.compile_profile.cache_clear()
    with pytest.raises(Blocked, match="libseccomp is missing"):
        Sandbox(seccomp="default").run(["true"])


def test_each_rule_says_why() -> None:
    for rule in DEFAULT.rules:
        assert rule.why and rule.calls
    calls = [call for rule in DEFAULT.rules for call in rule.calls]
    assert len(calls) == len(set(calls))
