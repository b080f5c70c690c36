"""Ways out that are open to the host's root alone, where the protection is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.both.holes import PRIVILEGED, but, tried

pytestmark = pytest.mark.requires("sandbox", "root")

WITHOUT = {**PRIVILEGED, "namespaces": but("user")}
"""A privileged container of root's: what is missing are the capabilities that were not dropped."""

HANDLE = """
class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("rest", ctypes.c_ubyte * 128)]
handle, mount = Handle(128), ctypes.c_int()
done(libc.name_to_handle_at(-100, b"/dev/shm", ctypes.byref(handle), ctypes.byref(mount), 0))
where = os.open("/dev/shm", os.O_RDONLY)
done(libc.open_by_handle_at(where, ctypes.byref(handle), os.O_RDONLY))"""


SWITCHES = [
    path
    for path in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/vm/panic_on_oom",
        "/proc/sysrq-trigger",
    )
    if Path(path).exists()  # a kernel without modules has no modprobe
]


@pytest.mark.parametrize("path", SWITCHES)
def test_a_switch_of_the_kernel_is_read_only(path: str) -> None:
    """Opened only: nothing is written."""
    attempt = f"os.close(os.open({path!r}, os.O_WRONLY))"
    assert tried(attempt) == "EROFS"
    assert tried(attempt, **WITHOUT) == "done"


def test_a_device_is_made_by_who_keeps_the_capability_alone() -> None:
    attempt = "os.mknod('/tmp/null', 0o20666, os.makedev(1, 3))"
    assert tried(attempt) == "EPERM"
    assert tried(attempt, namespaces=but("user")) == "EPERM"  # by capabilities alone
    assert tried(attempt, **PRIVILEGED) == "EPERM"  # by the user namespace alone
    assert tried(attempt, **WITHOUT) == "done"


def test_a_file_is_opened_by_number_by_who_keeps_the_capability_alone() -> None:
    """The hole of Shocker, 2014: any file of the host's, when a folder of it was in sight."""
    assert tried(HANDLE) == "EPERM"
    assert tried(HANDLE, namespaces=but("user"), seccomp=None) == "EPERM"
    assert tried(HANDLE, **WITHOUT) == "done"


@pytest.mark.requires("cgroup-v1")
def test_the_files_of_cgroups_are_out_of_reach() -> None:
    """With them come release_agent (CVE-2022-0492) and the sandbox's own limits."""
    attempt = "done(libc.mount(b'none', b'/mnt', b'cgroup', 0, b'pids'))"
    assert tried(attempt) == "EPERM"
    assert tried(attempt, namespaces=but("user"), seccomp=None) == "EPERM"
    assert tried(attempt, **WITHOUT) == "done"
