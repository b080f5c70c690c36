"""A guest that was saved with its mount comes back to a server that has never heard of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from labkit.machine.files import Export
from tests.machine.files.mount import Mount
from tests.machine.files.wire import INVALID_HANDLE, Client, connected, text


def test_a_request_needs_no_greeting_and_a_greeting_may_come_late(client: Client) -> None:
    assert client.content(b"/labkit/code.py") == b"print()\n"
    client.send(1, b"\0\0\0\3")
    kind, version, extensions = client.receive()
    assert (kind, version) == (2, 3)
    for name in (b"posix-rename", b"statvfs", b"hardlink", b"fsync"):
        assert name + b"@openssh.com" in extensions
    assert client.content(b"/labkit/code.py") == b"print()\n"


def test_a_handle_of_another_server_fails_and_nothing_else(
    client: Client, exports: dict[str, Export]
) -> None:
    handle = client.open(b"/labkit/code.py")
    assert isinstance(handle, bytes)
    with connected(exports) as later:
        own = later.open(b"/labkit/code.py")
        assert isinstance(own, bytes)
        assert later.read(handle) == INVALID_HANDLE
        assert later.code(6, text(handle), bytes(8), text(b"x")) == INVALID_HANDLE
        assert later.code(4, text(handle)) == INVALID_HANDLE
        assert later.read(own) == b"print()\n"


@pytest.mark.requires("fuse", "program:sshfs")
def test_the_mount_goes_on_with_another_server_and_another_folder(
    mount: Mount, exports: dict[str, Export], tmp_path: Path
) -> None:
    (mount.course / "a").write_text("a")
    stale = os.open(mount.course / "a", os.O_RDWR)
    inside = os.open(mount.course, os.O_PATH | os.O_DIRECTORY)  # as a working directory
    try:
        mount.resume(exports)
        assert os.listdir(f"/proc/self/fd/{inside}") == ["a"]
        for action in (lambda: os.read(stale, 1), lambda: os.write(stale, b"b")):
            with pytest.raises(OSError) as caught:
                action()
            assert caught.value.errno == errno.EIO
        (mount.course / "a").write_text("b")
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "c").write_text("c")
        mount.resume({**exports, "course": Export(tmp_path / "other")})
        assert os.listdir(mount.course) == ["c"]
        (mount.course / "c").replace(mount.course / "d")  # as the first server said it can
    finally:
        os.close(stale)
        os.close(inside)
    assert (tmp_path / "course" / "a").read_text() == "b"
    assert os.listdir(tmp_path / "other") == ["d"]
