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
    states = {"": "empty", "missing": "nothing", lab["word"] + "\\n": "a-line"}
    return not_yet(states.get(found, OTHER), row)


@write_note.wrong("nothing", says="There is no note.")
def _(lab):
    lab.folder


@write_note.wrong("empty", says="The note is empty.", hints=("Say `lab['word']`.",), near_miss=True)
def _(lab):
    (lab.folder / "note.txt").touch()


@write_note.wrong("a-line", says="Your word is there, and something after it.", near_miss=True)
def _(lab):
    (lab.folder / "note.txt").write_text(lab["word"] + "\\n")


@write_note.unlisted("another word")
def _(lab):
    (lab.folder / "note.txt").write_text("another")


@write_note.right("in a shell")
def _(lab):
    (lab.folder / "note.txt").write_text(lab["word"])


def there_is(id, title, points, look, requires=()):
    """A check of something that is there or not, with everything that an author must list."""

    @check(id, title=title, points=points, requires=requires, hints=("Do it.",))
    def there(lab):
        """Looks whether it is there."""
        row = Evidence(title, "there", "there" if look(lab) else "missing")
        return passed("It is there.", row) if row.agrees else not_yet("nothing", row)

    for state in ("nothing", "half", "most"):
        is_near = state != "nothing"
        there.wrong(state, says=f"There is {state}.", near_miss=is_near)(lambda lab: None)
    there.unlisted("something else")(lambda lab: None)
    there.right("in a shell")(lambda lab: None)
    return there


def box_runs(lab):
    return lab["hostname"] in [box.hostname for box in lab.running()]


run_box = there_is("run-box", "Start a box", 3, box_runs, ("sandbox",))
copy = there_is("copy-note", "Copy the note", 1, lambda lab: (lab.folder / "copy.txt").exists())
end = there_is("write-end", "Write the end", 1, lambda lab: (lab.folder / "end.txt").exists())
'''

ODD_CHECKS = """

from labkit.core.errors import Blocked


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
"""
"""Checks that no notebook asks, and that no author should write."""

FILES = {
    "labs/course.toml": COURSE,
    "labs/00-first-box/topic.toml": TOPIC,
    "labs/00-first-box/reference.md": REFERENCE,
    "labs/00-first-box/lab.py": LAB,
    "labs/00-first-box/exercise.py": EXERCISE,
    "labs/00-first-box/checks.py": CHECKS,
}


def write_course(root: Path, *, is_sound: bool = False) -> Path:
    """Writes the course into a folder, without its notebooks, and gives that.

    Args:
        root: the folder.
        is_sound: leave out the odd checks, so that the notebooks can be built.
    """
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if not is_sound:
        (root / "labs/00-first-box/checks.py").write_text(CHECKS + ODD_CHECKS)
    (root / "exercises").mkdir(exist_ok=True)
    return root
