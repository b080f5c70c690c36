"""What machines are made of is cut short, changed, deleted: it is noticed, said, and made anew."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.core.errors import Blocked, SystemFault
from labkit.core.session import Session
from labkit.machine import microvm
from labkit.machine.agent import Agent
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import Damaged, Snapshot, prepare
from tests.machine.notebooks import Notebook

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

Open = Callable[..., Notebook]


@pytest.fixture
def copy(snapshot: Snapshot, tmp_path: Path) -> Snapshot:
    """The snapshot once more, to be damaged."""
    folder = tmp_path / "snapshot"
    subprocess.run(["cp", "-r", "--sparse=always", snapshot.folder, folder], check=True)
    return Snapshot(folder, snapshot.program, snapshot.design)


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session()
    yield made
    assert not (made.folder / "machine").exists()
    made.close()


def _change(path: Path) -> None:
    """Other bytes, the size and the time of before."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes(4096))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("part", ["ram", "state"])
@pytest.mark.parametrize("fault", ["cut short", "deleted", "changed"])
def test_a_snapshot_that_is_not_as_it_was_made_is_none(
    copy: Snapshot, part: str, fault: str
) -> None:
    assert copy.is_whole  # a copy with other times is read, and is as good
    path = copy.folder / part
    if fault == "cut short":
        os.truncate(path, 100_000)
    elif fault == "deleted":
        path.unlink()
    else:
        with path.open("r+b") as file:
            file.write(b"changed")
    assert not copy.is_whole


@pytest.mark.parametrize("part", ["ram", "state"])
def test_what_is_damaged_after_it_was_looked_at_is_discarded_by_who_resumes_it(
    copy: Snapshot, session: Session, tmp_path: Path, part: str
) -> None:
    if part == "ram":
        os.truncate(copy.folder / part, 100_000)
    else:
        _change(copy.folder / part)
    with pytest.raises(Damaged, match=f"what is kept of it in {copy.folder} is damaged"):
        MicroVM(copy, session, tmp_path)
    assert not copy.is_whole


def test_a_machine_that_does_not_come_to_life_has_its_snapshot_read(
    copy: Snapshot, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Agent, "take", lambda agent, event: None)
    monkeypatch.setattr(microvm, "BEGIN_S", 0)
    for damage, error in ((False, "it has not answered within 0 s"), (True, "is damaged")):
        if damage:
            _change(copy.folder / "ram")
        with (
            MicroVM(copy, session, tmp_path) as machine,
            pytest.raises(SystemFault, match=error),
        ):
            machine.begin()
        shutil.rmtree(machine.folder)
        assert copy.is_whole is not damage


@pytest.mark.timeout(400)
def test_a_notebook_whose_snapshot_is_cut_short_gets_a_new_one_and_says_so(
    open_notebook: Open, snapshot: Snapshot, capfd: pytest.CaptureFixture[str]
) -> None:
    os.truncate(snapshot.folder / "ram", 100_000)
    assert open_notebook().run("print('as ever')") == "as ever\n"
    said = capfd.readouterr().err
    assert "Preparing the machine: it starts anew, for what was kept is damaged" in said
    assert prepare() == snapshot


def test_a_layer_that_is_cut_short_without_a_network_is_said_and_mended_when_it_is_back(
    snapshot: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = snapshot.design.initramfs
    whole, kept = layer.read_bytes(), layer.stat()
    monkeypatch.setenv("LABKIT_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    try:
        os.truncate(layer, 1000)
        with pytest.raises(
            Blocked, match=r"cannot be fetched: Failed to fetch http://127\.0\.0\.1"
        ):
            prepare()
    finally:
        layer.write_bytes(whole)
        os.utime(layer, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    monkeypatch.delenv("LABKIT_DEBIAN_MIRROR")
    assert prepare() == snapshot
