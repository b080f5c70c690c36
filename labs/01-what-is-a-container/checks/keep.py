"""Task 4: a file that is the same inside and out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.image import base_image
from labkit.sandbox import processes

from .shared import UNSHARE, command_of, text_of, wait_for


@check(
    "keep",
    title="What stays when the container goes",
    points=2,
    requires=("sandbox",),
    hints=(
        "Two paths can lead to one file when a folder of this machine is mounted in the container.",
        "A sandbox is lent folders by its `volumes`; which folder here, and on which one there?",
    ),
)
def keep(lab: Lab) -> Verdict:
    """Compares /data of the container with the folder `notes`, and reads the note."""
    hostname, word = str(lab["keeper"]), str(lab["word"])
    here = lab.folder / "notes"
    keeper = next((c for c in lab.containers() if c.hostname == hostname), None)
    if keeper is None:
        seen = "none"
        if text_of(here / "note.txt") == word:
            rows = (Evidence("the note here", word, word), Evidence("container", hostname, seen))
            return not_yet("outside-only", *rows)
        return not_yet("no-container", Evidence("a container with hostname", hostname, seen))
    there = Path(f"/proc/{keeper.pid}/root/data")
    same = there.is_dir() and here.is_dir() and os.path.samefile(there, here)
    evidence = (
        Evidence(
            "/data inside is", "the folder notes", "the folder notes" if same else _what(there)
        ),
        Evidence("/data/note.txt says", word, text_of(there / "note.txt") or "there is none"),
    )
    if not same:
        is_volume = there.is_dir() and there.stat().st_dev != there.parent.stat().st_dev
        return not_yet("other-folder" if is_volume else "in-the-box", *evidence)
    if text_of(here / "note.txt") != word:
        return not_yet("no-note" if not (here / "note.txt").exists() else OTHER, *evidence)
    return passed("The note lies on this machine; the container may come and go.", *evidence)


def _what(there: Path) -> str:
    if not there.is_dir():
        return "not there"
    same_device = there.stat().st_dev == there.parent.stat().st_dev
    return "a folder of the container's own" if same_device else "another folder of this machine"


@keep.wrong("no-container", says="No container with that hostname runs.")
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)


@keep.wrong(
    "outside-only",
    says="The note lies in the folder on this machine, but no container with that hostname runs.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _note(lab)


@keep.wrong(
    "in-the-box",
    says="The container runs, but its `/data` is its own: what is written there ends with it.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    box = lab.sandbox(hostname=lab["keeper"]).start()
    box.exec(["sh", "-c", f"mkdir /data; echo {lab['word']} > /data/note.txt"])


@keep.wrong(
    "other-folder",
    says="Something of this machine is mounted on `/data`, but it is not the folder `notes`.",
    hints=("Compare the folder you mounted with `lab.folder`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    other = lab.folder / "note"
    other.mkdir()
    (other / "note.txt").write_text(f"{lab['word']}\n")
    lab.sandbox(hostname=lab["keeper"], volumes={other: "/data"}).start()


@keep.wrong(
    "no-note",
    says="The folder is mounted where it should be, and holds no `note.txt` yet.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    (lab.folder / "notes").mkdir(exist_ok=True)
    lab.sandbox(hostname=lab["keeper"], volumes={lab.folder / "notes": "/data"}).start()


@keep.unlisted("the note says another word")
def _(lab: Lab) -> None:
    _note(lab).write_text("anchovy\n")
    lab.sandbox(hostname=lab["keeper"], volumes={lab.folder / "notes": "/data"}).start()


@keep.right("by hand: unshare and mount --bind, the note written from outside")
def _(lab: Lab) -> None:
    note = _note(lab)
    root = lab.folder / "root"
    (root / "data").mkdir(parents=True)
    base = base_image(lab.images).layers[-1]
    shutil.copytree(base, root, symlinks=True, dirs_exist_ok=True)
    # chroot is not on the PATH of an ordinary user on Debian; the copied busybox has one.
    script = (
        f"hostname {lab['keeper']}; mount --bind '{note.parent}' '{root}/data'; "
        f"exec '{root}/bin/busybox' chroot '{root}' /bin/sleep 5000"
    )
    lab.spawn([*UNSHARE, "--uts", "--mount", "sh", "-c", script])
    wait_for(lambda: any(command_of(p) == "sleep 5000" for p in processes()))


@keep.right("Sandbox with a read-only volume; the note was there before")
def _(lab: Lab) -> None:
    folder = _note(lab).parent
    lab.sandbox(hostname=lab["keeper"], volumes={folder: "/data:ro"}).start()


def _note(lab: Lab) -> Path:
    notes = lab.folder / "notes"
    notes.mkdir(exist_ok=True)
    (notes / "note.txt").write_text(f"{lab['word']}\n")
    return notes / "note.txt"
