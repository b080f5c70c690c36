"""A snapshot is made once, noticed when it does not fit, and made anew when it is damaged."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import Blocked, LabkitError, SystemFault, TimedOut
from labkit.core.paths import machines_dir
from labkit.core.session import Session
from labkit.machine import first_boot, microvm
from labkit.machine import snapshot as snapshots
from labkit.machine.first_boot import LAST_BOOT, boot_and_save
from labkit.machine.microvm import MicroVM
from labkit.machine.patience import Patience
from labkit.machine.qemu.command import Design
from labkit.machine.qemu.find import Program, find_accelerator, note_accelerator
from labkit.machine.snapshot import Snapshot, prepare

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")


def test_it_is_found_again_and_nothing_is_done(snapshot: Snapshot) -> None:
    told: list[str] = []
    assert prepare(lambda what, share: told.append(what)) == snapshot
    assert told == []


def test_nothing_secret_and_nothing_of_a_session_is_in_it(snapshot: Snapshot) -> None:
    assert {path.name for path in snapshot.folder.iterdir()} == {"ram", "state", "about.json"}
    assert snapshot.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("what", ["source", "package", "qemu"])
def test_it_does_not_fit_any_more_when_what_it_was_made_of_changes(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    base = machines_dir()
    program = snapshot.program
    assert snapshots._known(base, program) == snapshot
    if what == "source":
        source = tmp_path / "labkit"
        shutil.copytree(snapshots.SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(snapshots, "SOURCE", source)
        assert snapshots._known(base, program) == snapshot
        with (source / "machine/guest/agent.py").open("a") as file:
            file.write("# changed\n")
    elif what == "package":
        packages = tmp_path / "site-packages"
        packages.mkdir()
        monkeypatch.syspath_prepend(str(packages))
    else:
        program = type(program)(program.argv, (99, 0), "QEMU emulator version 99.0")
    assert snapshots._known(base, program) is None


def test_what_cannot_run_a_whole_machine_is_given_up_for_emulation(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, program, tried = machines_dir(), snapshot.program, []

    def boot(program: Program, design: Design, *more: Any) -> dict[str, Any]:
        tried.append(design.accelerator)
        if design.accelerator == "broken":
            raise SystemFault("start the machine for the first time", why="KVM internal error")
        return boot_and_save(program, design, *more)

    monkeypatch.setattr(snapshots, "boot_and_save", boot)
    monkeypatch.setattr(os, "access", lambda *_, **__: True)  # as if there were a /dev/kvm
    note_accelerator(program, base, "broken")
    try:
        assert prepare().design.accelerator == "tcg"
        assert tried[0] == "broken"
        assert find_accelerator(program, base) == "tcg"
    finally:
        note_accelerator(program, base, snapshot.design.accelerator)
        prepare()


def test_an_emulated_boot_that_fails_is_tried_once_more(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "layers").symlink_to(snapshot.folder.parents[1] / "layers")
    monkeypatch.setenv("LABKIT_MACHINES", str(tmp_path))
    monkeypatch.setattr(first_boot, "_EMULATED_S", 0.2)  # real machines, given no time
    note_accelerator(snapshot.program, tmp_path, "tcg")
    told: list[str] = []
    with pytest.raises(SystemFault, match=r"not ready after \d+ s of processor time"):
        prepare(lambda what, share: told.append(what))
    steps = [what for what in dict.fromkeys(told) if what.startswith("it starts")]
    assert steps == ["it starts", "it starts, at the second try"]


@pytest.mark.parametrize(
    "fault",
    [
        SystemFault("start the machine for the first time", why="it has panicked"),
        TimedOut("QEMU's answer to stop", after_s=20, last_seen="nothing"),
    ],
    ids=["fails", "hangs"],
)
def test_a_snapshot_keeps_what_its_first_boot_failed_of(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: LabkitError
) -> None:
    faults = [fault]

    def boot(program: Program, design: Design, folder: Path, *_: Any) -> dict[str, Any]:
        if faults:
            raise faults.pop()
        folder.mkdir(parents=True)
        for part in ("ram", "state"):  # of a boot that went well
            shutil.copyfile(snapshot.folder / part, folder / part)
        return snapshot.kernel_info()

    (tmp_path / "layers").symlink_to(snapshot.folder.parents[1] / "layers")
    monkeypatch.setenv("LABKIT_MACHINES", str(tmp_path))
    monkeypatch.setattr(snapshots, "boot_and_save", boot)
    note_accelerator(snapshot.program, tmp_path, "tcg")
    about = json.loads((prepare().folder / "about.json").read_bytes())
    assert about["first_fault"] == str(fault)


def test_a_boot_that_works_without_end_is_given_up(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(first_boot, "_EMULATED_S", 0.2)
    with pytest.raises(SystemFault, match=r"not ready after \d+ s of processor time; its last"):
        boot_and_save(snapshot.program, snapshot.design, tmp_path / "one", lambda _: None)
    assert not (tmp_path / "one").exists()


def test_a_boot_that_stands_still_is_given_up(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def stop_it(pid: int, most_s: float) -> Patience:
        os.kill(pid, signal.SIGSTOP)
        return Patience(pid, most_s)

    monkeypatch.setattr(first_boot, "Patience", stop_it)
    monkeypatch.setattr("labkit.machine.patience.IDLE_S", 1.0)
    with pytest.raises(SystemFault, match="it has done next to nothing for 1 s; its last words"):
        boot_and_save(snapshot.program, snapshot.design, tmp_path / "one", lambda _: None)
    assert not (tmp_path / "one").exists()


def test_a_damaged_one_is_made_again(snapshot: Snapshot, tmp_path: Path) -> None:
    state = snapshot.folder / "state"
    whole, about = state.read_bytes(), (snapshot.folder / "about.json").read_bytes()
    session = Session()
    made: list[str] = []

    def mend() -> Snapshot:
        if (snapshot.folder / "about.json").exists():
            return snapshot
        made.append("again")
        state.write_bytes(whole)
        (snapshot.folder / "about.json").write_bytes(about)
        return snapshot

    try:
        state.write_bytes(whole[: len(whole) // 2])
        with microvm.start(mend, session, tmp_path, pytest.fail) as machine:
            machine.begin()
    finally:
        session.close()
        state.write_bytes(whole)
    assert made == ["again"]


def test_what_does_not_boot_says_so_with_its_last_words(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LABKIT_MACHINES", str(tmp_path))
    design = snapshot.design
    broken = tmp_path / "initramfs"
    broken.write_bytes(b"no archive")
    bad = type(design)(design.kernel, broken, design.disks, design.accelerator)
    unready = Snapshot(tmp_path / "s", snapshot.program, bad)
    with pytest.raises(SystemFault, match=r"(?s)start the machine for the first time.*panic"):
        snapshots._make(unready, lambda *_: None)
    assert not unready.folder.exists()
    assert "panic" in (tmp_path / LAST_BOOT).read_text()


@pytest.mark.requires("root")
def test_a_full_disk_is_said(snapshot: Snapshot, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", disk], check=True)
    try:
        unready = Snapshot(disk / "s", snapshot.program, snapshot.design)
        with pytest.raises(Blocked, match=r"(39|40) MB are free, and it takes 400 MB"):
            snapshots._make(unready, lambda *_: None)
        assert not unready.folder.exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_read_only_home_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, snapshot: Snapshot
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    monkeypatch.setenv("LABKIT_MACHINES", str(file / "machines"))
    with pytest.raises(LabkitError) as caught:
        prepare()
    assert isinstance(caught.value, Blocked | SystemFault)
    assert str(file) in str(caught.value)


def test_a_path_with_spaces_and_commas_is_a_path(snapshot: Snapshot, tmp_path: Path) -> None:
    odd = tmp_path / "a, b = ü"
    odd.mkdir()
    moved = odd / "snapshot"
    shutil.copytree(snapshot.folder, moved, copy_function=_sparse)
    design = snapshot.design
    disks = []
    for disk in design.disks:
        shutil.copy(disk, odd)
        disks.append(odd / disk.name)
    there = type(design)(design.kernel, design.initramfs, tuple(disks), design.accelerator)
    session = Session(odd / "session")
    try:
        with MicroVM(Snapshot(moved, snapshot.program, there), session, odd) as machine:
            machine.begin()
    finally:
        session.close()


def _sparse(source: str, target: str) -> str:
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
    return target
