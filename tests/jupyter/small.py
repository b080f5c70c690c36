"""A small course to work in: one topic with four tasks, one that is still to come.

Its tasks are real: files in the work folder, a sandbox, a file made with ``!cp``. Its checks are
the course's own kind, so whatever a notebook or a terminal does with a check can be tried on it.
"""

from __future__ import annotations

from pathlib import Path

COURSE = """\
title = "A small course"

[[parts]]
id = "A"
title = "Boxes"

[[parts]]
id = "B"
title = "More boxes"

[[routes]]
id = "fast"
title = "Fast"
sentence = "For those in a hurry."
first = ["later-on"]

[[topics]]
number = "00"
slug = "first-box"
title = "The first box"
part = "A"
needs = []
sentence = "Write a note, start a box."

[[topics]]
number = "01"
slug = "later-on"
title = "Later on"
part = "B"
needs = ["first-box"]
sentence = "Stop it."
"""

TOPIC = """\
minutes = 10
exercise_minutes = 5
know = ["nothing yet"]
done = ["started a box"]
reference = "reference.md"
next = ["later-on"]
links = []
"""

REFERENCE = "# The first box\n\n| I want to | I type |\n|---|---|\n| start it | `box.start()` |\n"

LAB = """\
# %% setup=true
from labkit import compare, predict

# %%
predict("pid", "Which PID has it inside?", ["1", "the host's"])

# %%
compare("pid", happened="1")
"""

EXERCISE = """\
# %% setup=true
from labkit import Sandbox, begin, check

lab = begin("first-box")

# %% [markdown]
# ## Task 1 · Write a note

# %% task="write-note"
### BEGIN SOLUTION
(lab.folder / "note.txt").write_text(lab["word"])
### END SOLUTION

# %% check="write-note"
check("write-note")

# %% [markdown]
# ## Task 2 · Start a box

# %% task="run-box"
### BEGIN SOLUTION
box = Sandbox(name="alone", hostname=lab["hostname"]).start()
### END SOLUTION

# %% check="run-box"
check("run-box")

# %% [markdown]
# ## Task 3 · Copy the note

# %% setup=true
print("the copy is to be called copy.txt")
copy = lab.folder / "copy.txt"

# %% task="copy-note"
### BEGIN SOLUTION
# !cp "{lab.folder}/note.txt" "{copy}"
### END SOLUTION

# %% check="copy-note"
check("copy-note")

# %% [markdown]
# ## Task 4 · Write the end

# %% task="write-end"
### BEGIN SOLUTION
copy.with_name("end.txt").touch()
### END SOLUTION

# %% check="write-end"
check("write-end")
"""

CHECKS = '''\
from labkit.core.errors import Blocked
from labkit.grading import OTHER, Evidence, Variant, check, not_yet, one_of, passed

VARIANT = Variant(
    word=one_of("anchor", "lantern", "compass"),
    hostname=one_of("blue-heron", "red-kite"),
)


@check("write-note", title="Write a note", points=2, hints=("Look at `lab.folder`.", "Write it."))
def write_note(lab):
    """Looks at note.txt."""
    note = lab.folder / "note.txt"
    found = note.read_text() if note.exists() else "missing"
    row = Evidence("note.txt", lab["word"], found)
    if row.agrees:
        return passed("It holds your word.", row)
    return not_yet("empty" if found == "" else "nothing" if found == "missing" else OTHER, row)


@write_note.wrong("nothing", says="There is no note.")
def _(lab):
    pass


@write_note.wrong("empty", says="The note is empty.", hints=("Your word is `lab['word']`.",))
def _(lab):
    pass


@check("run-box", title="Start a box", points=3, requires=("sandbox",))
def run_box(lab):
    names = [box.hostname for box in lab.running()]
    row = Evidence("hostname", lab["hostname"], ", ".join(names) or "none")
    return passed("It runs.", row) if row.agrees else not_yet(OTHER, row)


@check("copy-note", title="Copy the note")
def copy_note(lab):
    there = (lab.folder / "copy.txt").exists()
    row = Evidence("copy.txt", "there", "there" if there else "missing")
    return passed("", row) if there else not_yet(OTHER, row)


@check("write-end", title="Write the end")
def write_end(lab):
    there = (lab.folder / "end.txt").exists()
    row = Evidence("end.txt", "there", "there" if there else "missing")
    return passed("", row) if there else not_yet(OTHER, row)


@check("blocked-here", title="What no machine can do")
def blocked_here(lab):
    raise Blocked("this cannot be done", why="it is a test", hint="Do something else")


@check("needs-podman", title="Run Podman", requires=("podman",))
def needs_podman(lab):
    return passed("")


@check("broken", title="An author's mistake")
def broken(lab):
    return 1 / 0


@check("hangs", title="A check that never ends")
def hangs(lab):
    import time

    while not (lab.folder / "go-on").exists():
        time.sleep(0.01)
    return passed("")
'''

FILES = {
    "labs/course.toml": COURSE,
    "labs/00-first-box/topic.toml": TOPIC,
    "labs/00-first-box/reference.md": REFERENCE,
    "labs/00-first-box/lab.py": LAB,
    "labs/00-first-box/exercise.py": EXERCISE,
    "labs/00-first-box/checks.py": CHECKS,
}


def write_course(root: Path) -> Path:
    """Writes the course into a folder, without its notebooks, and gives that."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "exercises").mkdir(exist_ok=True)
    return root
