"""What a hostile guest says: it gets nothing from outside, and the server goes on."""

from __future__ import annotations

import os
import resource
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.machine.files import Export
from labkit.machine.files.answers import Answers
from labkit.machine.files.beneath import Root
from labkit.machine.files.links import leads_out
from tests.machine.files.wire import (
    DENIED,
    FAILURE,
    NO_ATTRIBUTES,
    NO_SUCH_FILE,
    OK,
    Client,
    connected,
    text,
)

WRITE_NEW = 2 | 8


@pytest.fixture(params=["openat2", "walked"])
def root(
    request: pytest.FixtureRequest,
    exports: dict[str, Export],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Both ways to walk a path: the kernel's, and ours where the kernel has none."""
    if request.param == "walked":
        monkeypatch.setattr("labkit.machine.files.beneath.has_openat2", lambda _: False)
    with_root = Root(exports["course"])
    assert with_root.is_walked == (request.param == "walked")
    with_root.close()
    return str(request.param)


@pytest.mark.parametrize(
    "path",
    [
        b"/course/../secret", b"/course/../../etc/passwd", b"/../etc/passwd", b"/etc/passwd",
        b"secret", b"/course/out", b"/course/out/passwd", b"/course/deep/out/passwd",
        b"/course/a/../../secret", b"/course//..//secret", b"/course/\0/secret", b"..", b"",
        b"/course/magic", b"/course/magic/etc/passwd", b"/course/" + b"a/" * 3000 + b"b",
    ],
)  # fmt: skip
def test_no_path_leads_out(path: bytes, root: str, exports: dict[str, Export]) -> None:
    folder = exports["course"].folder
    (folder / "out").symlink_to("/etc")
    (folder / "magic").symlink_to("/proc/self/root")
    (folder / "deep").mkdir()
    (folder / "deep" / "out").symlink_to("/etc")
    is_link = path in (b"/course/out", b"/course/magic")
    with connected(exports) as client:
        assert isinstance(client.content(path), int)
        assert isinstance(client.open(path, WRITE_NEW), int)
        assert client.ask(11, text(path))[0] == 101 or path == b""
        assert client.code(9, text(path), struct.pack(">II", 4, 0o666)) != OK or is_link
        assert client.code(14, text(path), NO_ATTRIBUTES) != OK
        assert client.code(15, text(path)) != OK
        assert client.code(13, text(path)) != OK or is_link  # the link itself
    assert (folder.parent / "secret").read_text() == "secret"


def test_a_pipe_a_socket_and_a_device_are_not_opened(root: str, exports: dict[str, Export]) -> None:
    folder = exports["course"].folder
    os.mkfifo(folder / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.open(folder, os.O_PATH)
    with listener, connected(exports) as client:
        listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        for name in (b"pipe", b"socket"):
            for flags in (1, 2, 3, WRITE_NEW):
                assert client.open(b"/course/" + name, flags) == DENIED


def test_a_read_only_export_refuses_every_change(
    client: Client, exports: dict[str, Export]
) -> None:
    path, number = text(b"/labkit/code.py"), struct.pack
    handle = client.open(b"/labkit/code.py")
    assert isinstance(handle, bytes)
    mode = number(">II", 4, 0o600)
    for kind, fields in (
        (6, (text(handle), bytes(8), text(b"x"))),
        (9, (path, mode)),
        (10, (text(handle), mode)),
        (10, (text(handle), number(">IQ", 1, 0))),
        (13, (path,)),
        (14, (text(b"/labkit/new"), NO_ATTRIBUTES)),
        (15, (text(b"/labkit"),)),
        (18, (path, text(b"/labkit/other"))),
        (20, (text(b"code.py"), text(b"/labkit/link"))),
        (200, (text(b"posix-rename@openssh.com"), path, text(b"/labkit/other"))),
        (200, (text(b"hardlink@openssh.com"), path, text(b"/labkit/other"))),
    ):
        assert client.code(kind, *fields) == DENIED, (kind, fields)
    for flags in range(2, 64):
        if flags & (2 | 4 | 8 | 16):
            assert client.open(b"/labkit/code.py", flags) == DENIED
    code = exports["labkit"].folder / "code.py"
    assert (code.read_text(), [*code.parent.iterdir()]) == ("print()\n", [code])
    assert code.stat().st_mode & 0o777 == 0o644


def test_nothing_goes_from_one_export_to_another(exports: dict[str, Export]) -> None:
    writable = {name: Export(export.folder) for name, export in exports.items()}
    with connected(writable) as client:
        for name in (b"posix-rename@openssh.com", b"hardlink@openssh.com"):
            for old, new in ((b"/labkit/code.py", b"/course/a"), (b"/course", b"/course/a")):
                assert client.code(200, text(name), text(old), text(new)) in (DENIED, FAILURE)
        assert client.code(18, text(b"/labkit/code.py"), text(b"/course/a")) == FAILURE
        assert client.content(b"/course/a") == NO_SUCH_FILE


def test_a_folder_that_cannot_be_looked_through_is_not_moved_up(
    exports: dict[str, Export], monkeypatch: pytest.MonkeyPatch
) -> None:
    (exports["course"].folder / "a" / "b" / "c").mkdir(parents=True)
    with connected(exports) as client:
        made = client.code(20, text(b"../../../x"), text(b"/course/a/b/c/link"))
        assert made == OK
        monkeypatch.setattr("os.scandir", _refused)
        for name in (b"b", b"b/c"):
            moved = client.code(18, text(b"/course/a/" + name), text(b"/course/up"))
            assert moved == DENIED


def _refused(_: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("is_walked", [False, True])
def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(
    exports: dict[str, Export], is_walked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_walked:
        monkeypatch.setattr("labkit.machine.files.beneath.has_openat2", lambda _: False)
    folder, outside = exports["course"].folder, exports["course"].folder.parent / "outside"
    (folder / "d").mkdir()
    outside.mkdir()
    (folder / "d" / "f").write_text("inside")
    (outside / "f").write_text("outside")
    (folder / "link").symlink_to(outside)
    until, counts = time.monotonic() + 2.5, {"inside": 0, "refused": 0}
    stop = threading.Event()
    swapper = threading.Thread(target=_swap, args=(folder, stop))
    swapper.start()
    try:
        with connected(exports) as client:
            while time.monotonic() < until:
                found = client.content(b"/course/d/f")
                assert found in (b"inside", DENIED, NO_SUCH_FILE)
                counts["inside" if found == b"inside" else "refused"] += 1
                if isinstance(new := client.open(b"/course/d/new", WRITE_NEW), bytes):
                    client.code(4, text(new))
                client.code(13, text(b"/course/d/new"))
                client.code(9, text(b"/course/d/f"), struct.pack(">II", 4, 0o640))
    finally:
        stop.set()
        swapper.join()
    assert min(counts.values()) > 10, counts
    assert (outside / "f").read_text() == "outside"
    assert [*outside.iterdir()] == [outside / "f"]
    assert (outside / "f").stat().st_mode & 0o777 == 0o644


def _swap(folder: Path, stop: threading.Event) -> None:
    while not stop.is_set():
        for first, second in (("d", "real"), ("link", "d"), ("d", "link"), ("real", "d")):
            os.rename(folder / first, folder / second)  # noqa: PTH104
            time.sleep(0)


def test_handles_are_counted_and_given_back(exports: dict[str, Export]) -> None:
    with connected(exports, most_handles=5) as client:
        handles = [client.open(b"/labkit/code.py") for _ in range(6)]
        assert handles[5] == FAILURE
        assert client.code(11, text(b"/course")) == FAILURE
        assert isinstance(handles[0], bytes)
        assert client.code(4, text(handles[0])) == OK
        assert isinstance(client.open(b"/labkit/code.py"), bytes)


def test_many_requests_for_much_are_answered_in_little_memory(
    exports: dict[str, Export],
) -> None:
    (exports["course"].folder / "big").write_bytes(bytes(1 << 20))
    with connected(exports) as client:
        handle = client.open(b"/course/big")
        assert isinstance(handle, bytes)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        many = 2000
        one = struct.pack(">IBI", 9 + len(text(handle)) + 8, 5, 7) + text(handle)
        one += struct.pack(">QI", 0, 1 << 30)
        writer = threading.Thread(target=client.sock.sendall, args=(one * many,))
        writer.start()
        for _ in range(many):
            kind, id, content = client.receive()
            assert (kind, id, len(content)) == (103, 7, 4 + (1 << 18))
        writer.join()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 64 * 1024  # of 512 MiB asked for at once


@pytest.mark.parametrize("length", [0, 1 << 19, (1 << 32) - 1])
def test_what_is_no_packet_ends_the_connection(exports: dict[str, Export], length: int) -> None:
    with connected(exports) as client:
        client.sock.sendall(struct.pack(">I", length) + b"x")
        assert client.sock.recv(1) == b""


@pytest.fixture
def answers(exports: dict[str, Export]) -> Iterator[Answers]:
    roots = {os.fsencode(name): Root(export) for name, export in exports.items()}
    made = Answers(roots, 20)
    yield made
    made.close()
    for root in roots.values():
        root.close()


_PATHS = st.sampled_from([b"/", b"/course", b"/course/a", b"/labkit/code.py", b"/course/../secret"])
_FIELDS = st.one_of(
    _PATHS.map(text),
    st.binary(max_size=40).map(text),
    st.integers(0, (1 << 32) - 1).map(lambda value: struct.pack(">I", value)),
    st.integers(0, (1 << 64) - 1).map(lambda value: struct.pack(">Q", value)),
    st.sampled_from([b"posix-rename", b"statvfs", b"hardlink", b"fsync"]).map(
        lambda name: text(name + b"@openssh.com")
    ),
    st.binary(max_size=20),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.integers(0, 255), fields=st.lists(_FIELDS, max_size=6))
def test_every_packet_is_answered(answers: Answers, kind: int, fields: list[bytes]) -> None:
    answer = answers.answer(kind, struct.pack(">I", 77) + b"".join(fields))
    assert int.from_bytes(answer[:4]) == len(answer) - 4
    assert kind == 1 or int.from_bytes(answer[5:9]) == 77
    assert b"secret" not in answer[9:] or b"secret" in b"".join(fields)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.integers(0, 255), body=st.binary(max_size=60))
def test_every_string_of_bytes_is_answered(answers: Answers, kind: int, body: bytes) -> None:
    answer = answers.answer(kind, body)
    assert int.from_bytes(answer[:4]) == len(answer) - 4


@pytest.mark.parametrize(
    ("depth", "target", "is_out"),
    [
        (0, b"a", False), (0, b"..", True), (1, b"../a", False), (1, b"../../a", True),
        (2, b"../..", False), (2, b"./.././../a", False), (5, b"a/../b", True), (0, b"", True),
        (5, b"/etc", True), (3, b"a//b/.", False), (1, b"a\0b", True),
    ],
)  # fmt: skip
def test_a_link_goes_up_no_further_than_the_export(depth: int, target: bytes, is_out: bool) -> None:
    assert leads_out(depth, target) is is_out
