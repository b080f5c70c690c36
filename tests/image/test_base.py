"""The base image. Oracles: busybox itself, ``file``-less ELF headers of real programs, real apt."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labkit.core.errors import Blocked
from labkit.image import ImageStore, base_image
from labkit.image.busybox import find_busybox, install_command
from labkit.image.elf import why_not_static
from tests.image.support import tree

pytestmark = pytest.mark.requires("base-image")


def test_the_base_image_has_what_a_small_linux_has(store: ImageStore) -> None:
    (root,) = base_image(store).layers
    busybox = find_busybox()
    assert busybox is not None
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    assert {path.name for path in (root / "bin").iterdir()} == {*listed.stdout.split(), "busybox"}
    assert (root / "bin/busybox").read_bytes() == busybox.read_bytes()
    shown = tree(root)
    modes = {path: oct(shown[path][2]) for path in ("/tmp", "/var/tmp", "/root", "/proc", "/.")}  # type: ignore[call-overload]
    assert modes == {
        "/tmp": "0o1777", "/var/tmp": "0o1777", "/root": "0o700", "/proc": "0o555", "/.": "0o755",
    }  # fmt: skip
    for name in ("dev", "sys", "run", "home", "mnt", "etc/passwd", "etc/group", "etc/hosts"):
        assert f"/{name}" in shown
    assert "ID=labkit" in (root / "etc/os-release").read_text()
    assert "/etc/hostname" not in shown  # the sandbox's own
    assert "0o4" not in oct((root / "bin/busybox").stat().st_mode)[-5:-3]  # not setuid


@pytest.mark.requires("root")
def test_its_programs_run_with_nothing_else_in_the_root(store: ImageStore) -> None:
    (root,) = base_image(store).layers
    script = "id -un; cat /etc/os-release | head -1; /usr/bin/env true && /sbin/ifconfig -h 2>&1"
    done = subprocess.run(
        ["chroot", root, "/bin/sh", "-c", script],
        capture_output=True, text=True, check=False, env={"PATH": base_image(store).env["PATH"]},
    )  # fmt: skip
    assert done.stdout.splitlines()[:2] == ["root", 'NAME="labkit base"'], done.stderr


def test_it_is_the_same_each_time_and_made_once(store: ImageStore, tmp_path: Path) -> None:
    first = base_image(store)
    made = first.layers[0].stat().st_ino
    assert base_image(store) == store.get("base") == base_image(ImageStore(store.folder)) == first
    assert first.layers[0].stat().st_ino == made
    elsewhere = base_image(ImageStore(tmp_path / "elsewhere"))
    assert elsewhere.digest == first.digest
    assert tree(elsewhere.layers[0]) == tree(first.layers[0])


def test_another_busybox_makes_it_anew(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_busybox()
    assert found is not None
    busybox = tmp_path / "busybox"
    shutil.copy(found, busybox)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    first = base_image(store)
    with busybox.open("ab") as file:
        file.write(b"another")
    second = base_image(store)
    assert second.digest != first.digest
    assert (second.layers[0] / "bin/busybox").read_bytes() == busybox.read_bytes()
    assert store.get("base").digest == second.digest
    busybox.unlink()  # made of the one that is left, then
    assert base_image(ImageStore(store.folder)).digest == first.digest


def test_a_busybox_elsewhere_does_not_change_it(
    store: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = base_image(store)
    found = find_busybox()
    assert found is not None
    (tmp_path / "busybox").write_bytes(found.read_bytes() + b"another")
    (tmp_path / "busybox").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert base_image(store) == first


def test_a_base_image_that_was_removed_or_damaged_is_made_again(store: ImageStore) -> None:
    first = base_image(store)
    store.remove("base")
    assert base_image(store) == first
    for blob in (store.folder / "blobs/sha256").iterdir():
        blob.write_bytes(b"damaged")
    assert base_image(ImageStore(store.folder)) == first
    assert hashlib.sha256(
        (store.folder / "blobs/sha256" / first.digest[7:]).read_bytes()
    ).hexdigest() == first.digest[7:]  # fmt: skip


def test_builds_stand_on_the_base_image_when_nothing_else_is_said(store: ImageStore) -> None:
    image = store.build("hello", files={"/sbin/hello": "#!/bin/sh\necho hi\n"})
    assert store.references() == ["base", "hello"]
    assert image.layers[1:] == store.get("base").layers
    assert (image.layers[0] / "bin/hello").is_file()  # /sbin leads to /bin in it
    assert image.env["PATH"].endswith("/bin")


def test_a_program_that_needs_a_loader_is_told_from_a_static_one(tmp_path: Path) -> None:
    found = find_busybox()
    assert found is not None
    assert why_not_static(found) == ""
    assert "linked dynamically" in why_not_static(Path(sys.executable).resolve())
    assert "not an ELF" in why_not_static(Path(__file__))
    assert "cannot be read" in why_not_static(tmp_path / "nothing")
    assert "cannot be read" in why_not_static(tmp_path)
    whole = found.read_bytes()
    for cut in (10, 63, 64, 100):
        (tmp_path / "cut").write_bytes(whole[:cut])
        assert why_not_static(tmp_path / "cut")


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_static", [True, False])
def test_programs_of_every_word_size_and_byte_order_are_told_apart(
    tmp_path: Path, bits: int, order: str, is_static: bool
) -> None:
    """Written by hand from elf(5): no machine has programs of all four kinds."""
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    word, size = ("I", 32) if bits == 32 else ("Q", 56)
    start = struct.calcsize(f"{order}HHI{word * 3}IHHHHHH") + 16
    rest = (2, 62, 1, 0, start, 0, 0, start, size, 2, 0, 0, 0)
    headers = [
        struct.pack(f"{order}I", kind).ljust(size, b"\0") for kind in (1, 6 if is_static else 3)
    ]
    elf = ident + struct.pack(f"{order}HHI{word * 3}IHHHHHH", *rest) + b"".join(headers)
    (tmp_path / "elf").write_bytes(elf)
    assert (why_not_static(tmp_path / "elf") == "") is is_static


@pytest.mark.parametrize(
    ("os_release", "command"),
    [
        ("ID=debian\n", "apt-get install busybox-static"),
        ("ID=ubuntu\nID_LIKE=debian\n", "apt-get install busybox-static"),
        (
            'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
            "apt-get install busybox-static",
        ),
        ("ID=fedora\n", "dnf install busybox"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install busybox"),
        ("ID=alpine\n", "apk add busybox-static"),
        ("ID=arch\n", "pacman -S busybox"),
        ("ID=manjaro\nID_LIKE=arch\n", "pacman -S busybox"),
        ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "zypper install busybox-static"),
        ("ID=nixos\n", None),
        ("", None),
    ],
)
def test_each_distribution_gets_its_own_command(
    tmp_path: Path, labkit_home: Path, os_release: str, command: str | None
) -> None:
    (tmp_path / "os-release").write_text(os_release)
    said = install_command(tmp_path / "os-release")
    if command is None:
        assert said == f"Put a static busybox at {labkit_home}/tools/busybox"
    else:
        assert said == command if os.geteuid() == 0 else said == f"sudo {command}"


class Machine:
    """This machine with another PATH and no busybox in the usual folders."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin = tmp_path / "bin"
        self.bin.mkdir()
        monkeypatch.setenv("PATH", str(self.bin))
        monkeypatch.setattr("labkit.image.busybox._PLACES", ())

    def has(self, *programs: str) -> None:
        for program in programs:
            found = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
            assert found is not None
            (self.bin / program).symlink_to(found)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_without_a_busybox_the_reason_and_the_command_are_said(
    store: ImageStore, machine: Machine
) -> None:
    with pytest.raises(Blocked, match="there is none of any kind") as caught:
        base_image(store)
    assert caught.value.hint == install_command()
    assert caught.value.capability == "base-image"
    shutil.copy(sys.executable, machine.bin / "busybox")
    with pytest.raises(Blocked, match=f"{machine.bin}/busybox: it needs a loader"):
        base_image(store)


def test_a_busybox_that_went_away_takes_no_base_image_with_it(
    store: ImageStore, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setenv("PATH", "/usr/bin:/bin")
        made = base_image(store)
    assert base_image(store) == made


def test_a_static_program_that_is_no_busybox_is_refused(
    store: ImageStore, machine: Machine, tmp_path: Path
) -> None:
    elf = (
        b"\x7fELF\x02\x01\x01"
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    )
    (machine.bin / "busybox").write_bytes(elf + bytes(56))
    (machine.bin / "busybox").chmod(0o755)
    with pytest.raises(Blocked, match="does not run"):
        base_image(store)


@pytest.fixture
def apt_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package source in a folder, that the real apt-get reads without any network."""
    source, package = tmp_path / "source", tmp_path / "package"
    source.mkdir()
    (package / "DEBIAN").mkdir(parents=True)
    (package / "bin").mkdir()
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, package / "bin" / "busybox")
    shown = ["dpkg", "--print-architecture"]
    architecture = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.strip()
    control = (
        "Package: busybox-static\nVersion: 9.9\nMaintainer: tests <t@example.org>\n"
        f"Description: for a test\nArchitecture: {architecture}\n"
    )
    (package / "DEBIAN" / "control").write_text(control)
    deb = source / "busybox-static_9.9.deb"
    subprocess.run(["dpkg-deb", "-Znone", "-b", package, deb], check=True, capture_output=True)
    index = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\n"
    index += f"SHA256: {hashlib.sha256(deb.read_bytes()).hexdigest()}\n"
    (source / "Packages").write_text(control + index)
    state = tmp_path / "apt"
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (state / name).mkdir(parents=True)
    (state / "status").touch()  # nothing is installed
    (state / "sources.list").write_text(f"deb [trusted=yes] file:{source} ./\n")
    (state / "apt.conf").write_text(
        f'Dir::State::lists "{state}/lists"; Dir::Cache "{state}/cache";\n'
        f'Dir::Etc::sourcelist "{state}/sources.list"; Dir::Etc::sourceparts "{state}/etc";\n'
        f'Dir::State::status "{state}/status"; APT::Sandbox::User "root";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(state / "apt.conf"))
    subprocess.run(["apt-get", "-q", "update"], check=True, capture_output=True)
    return source


@pytest.mark.requires("program:apt-get", "program:dpkg-deb")
def test_a_missing_busybox_is_taken_from_the_distributions_package(
    store: ImageStore, apt_source: Path, machine: Machine, labkit_home: Path
) -> None:
    machine.has("apt-get", "dpkg-deb", "sh", "tar", "rm")
    (root,) = base_image(store).layers
    kept = labkit_home / "tools" / "busybox"
    assert find_busybox() == kept
    assert (root / "bin/busybox").read_bytes() == kept.read_bytes()
    assert {path.name for path in kept.parent.iterdir()} == {"busybox", "busybox.tried"}
    (apt_source / "busybox-static_9.9.deb").unlink()
    assert base_image(ImageStore(store.folder.parent / "other")).layers  # and stays there


@pytest.mark.requires("program:apt-get", "program:dpkg-deb")
def test_a_fetch_that_fails_is_silent_and_not_tried_at_every_start(
    store: ImageStore, apt_source: Path, machine: Machine, labkit_home: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    machine.has("apt-get", "dpkg-deb", "sh", "tar", "rm")
    (apt_source / "busybox-static_9.9.deb").rename(apt_source / "away")
    with pytest.raises(Blocked):
        base_image(store)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in (labkit_home / "tools").iterdir()] == ["busybox.tried"]
    (apt_source / "away").rename(apt_source / "busybox-static_9.9.deb")
    with pytest.raises(Blocked):
        base_image(store)
    long_ago = time.time() - 3600
    os.utime(labkit_home / "tools" / "busybox.tried", (long_ago, long_ago))
    assert re.match("sha256:", base_image(store).digest)
