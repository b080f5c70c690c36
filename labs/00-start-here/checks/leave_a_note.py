"""The lab: a note in the container, not beside it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox

from .shared import ENTER, container_of, place_of, root_of, sh, text_of


@check(
    "leave-a-note",
    title="Leave a note in it",
    points=2,
    requires=("sandbox",),
    hints=(
        "There are two roots here: this machine's `/`, and the container's `/`. On which side does "
        "your command run?",
        "A further command runs inside a running container with `.exec([…])`. In a list there is "
        "no shell to understand `>`: let `sh -c` do so.",
    ),
)
def leave_a_note(lab: Lab) -> Verdict:
    """Reads /note.txt of the container `first` through its root."""
    word = str(lab["word"])
    box = container_of(lab, "first")
    if box is None:
        return not_yet("no-container", Evidence("container first", "runs", "there is none"))
    inside, outside = root_of(box) / "note.txt", lab.folder / "note.txt"
    row = Evidence("/note.txt in the container", word, text_of(inside) or _what(inside))
    if row.agrees:
        return passed("The note is in the container.", row)
    if row.observed == "not there" and text_of(outside) == word:
        seen = Evidence("note.txt on this machine", "does not count", text_of(outside), is_met=True)
        return not_yet("on-the-host", row, seen)
    if row.observed == "not there" and (place := place_of(box, "note.txt")):
        return not_yet("elsewhere", row, Evidence("note.txt", "/note.txt", place))
    if text_of(inside):
        return not_yet("other-word", row)
    if row.observed == "not there":
        return not_yet("no-note", row)
    return not_yet(OTHER, row)


def _what(file: Path) -> str:
    if file.is_dir():
        return "a folder"
    return "an empty file" if file.exists() else "not there"


@leave_a_note.wrong(
    "no-container",
    says="The container `first` does not run, so there is nothing to put a note in.",
    hints=("Run the cell that starts it once more.",),
)
def _(lab: Lab) -> None:
    (lab.folder / "note.txt").write_text(f"{lab['word']}\n")


@leave_a_note.wrong("no-note", says="The container has no `/note.txt`.")
def _(lab: Lab) -> None:
    _first(lab)


@leave_a_note.wrong(
    "on-the-host",
    says="There is such a note, but it lies on this machine. The container has files of its own, "
    "and does not see it.",
    hints=("You wrote the right word on the wrong side of the wall.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _first(lab)
    (lab.folder / "note.txt").write_text(f"{lab['word']}\n")


@leave_a_note.wrong(
    "elsewhere", says="The container has a `note.txt`, but in another folder.", near_miss=True
)
def _(lab: Lab) -> None:
    sh(_first(lab), f"echo {lab['word']} > /root/note.txt")


@leave_a_note.wrong(
    "other-word", says="The note is where it should be, and says something else.", near_miss=True
)
def _(lab: Lab) -> None:
    sh(_first(lab), "echo lab[word] > /note.txt")


@leave_a_note.unlisted("the note is empty")
def _(lab: Lab) -> None:
    sh(_first(lab), "touch /note.txt")


@leave_a_note.right("with nsenter, from a shell")
def _(lab: Lab) -> None:
    pid = _first(lab).pid
    script = f"echo {lab['word']} | nsenter {ENTER} -m -t {pid} tee /note.txt"
    subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.DEVNULL)


@leave_a_note.right("through /proc/PID/root, from Python")
def _(lab: Lab) -> None:
    Path(f"/proc/{_first(lab).pid}/root/note.txt").write_text(f"{lab['word']}\n")


def _first(lab: Lab) -> Sandbox:
    return lab.sandbox(name="first").start(["sleep", "3600"])
