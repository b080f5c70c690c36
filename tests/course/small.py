"""A small course to test with: one topic that is there, one that is planned, home and glossary.

Written into a folder of the test's own. Its notebooks bring a ``check`` of their own, so that the
tests of the course need no sandbox: a task is a file to write into the working folder.
"""

from __future__ import annotations

from pathlib import Path

COURSE = """\
title = "A small course"

[[parts]]
id = "A"
title = "Files"

[[routes]]
id = "fast"
title = "Fast"
sentence = "For those in a hurry."
first = ["later-on"]

[[topics]]
number = "00"
slug = "first-files"
title = "First files"
part = "A"
needs = []
sentence = "Write two files."

[[topics]]
number = "01"
slug = "later-on"
title = "Later on"
part = "A"
needs = ["first-files"]
sentence = "Read them."
"""

TOPIC = """\
minutes = 10
exercise_minutes = 5
know = ["what a [[file]] is", "how to type | a bar"]
done = ["written two files"]
reference = "reference.md"
next = ["later-on"]

[[links]]
url = "https://example.org/files"
title = "Files"
gives = "all about files"
"""

REFERENCE = """\
# First files: the reference

| I want to | I type |
|---|---|
| write | `Path(name).write_text(text)` |

See the [picture](file.svg).
"""

LAB = """\
# Notes for authors stand above the first cell.

# %% [markdown]
# ## What a file is
#
# A [[file]] has a name. A [[file|named thing]] has a [picture](file.svg).

# %% id="opening"
print("one file")

# %% tags=["hide-input"]
6 * 7

# %% [markdown]
# ## What is not there
#
# In the shell: `[[ -f note.txt ]]`. Go on in the [exercise](../../exercises/00-first-files.ipynb).

# %% tags=["raises-exception"]
open("missing.txt")

# %%
# %pwd
"""

SETUP = """\
import os
from pathlib import Path

from IPython.display import display


def check(id):
    found = {name: Path(f"{name}.txt").exists() for name in ("note", "copy")}
    done = found["note"] if id == "write-note" else found["copy"]
    state = "" if done else "nothing"
    status = "passed" if done else "not yet"
    verdict = {"topic": "first-files", "check": id, "status": status, "state": state}
    kind = "application/vnd.labkit.verdict+json"
    display({kind: verdict, "text/plain": f"{id}: {status}"}, raw=True)
    if not done and os.environ.get("NBGRADER_EXECUTION") in ("autograde", "validate"):
        raise AssertionError(f"{id}: {status}")
"""

EXERCISE = f"""\
# %% setup=true
{SETUP}

# %% [markdown]
# ## Task 1 · Write a note
#
# Write `note.txt`.

# %% task="write-note"
text = "hello"
### BEGIN SOLUTION
Path("note.txt").write_text(text)
### END SOLUTION

# %% check="write-note"
check("write-note")

# %% [markdown]
# ## Task 2 · Copy it

# %% setup=true
name = "copy.txt"

# %% task="copy-note"
def copy(source, target):
    ### BEGIN SOLUTION: copy one file to the other
    Path(target).write_text(Path(source).read_text())
    ### END SOLUTION


# %% task="copy-note"
### BEGIN SOLUTION
copy("note.txt", name)
### END SOLUTION

# %% check="copy-note"
"""

CHECK = """
@check("{id}", title="{title}", points={points}, hints=("Look at `Path`.",))
def {name}(lab):
    there = (lab.folder / "{file}.txt").exists()
    row = Evidence("{file}.txt", "there", "there" if there else "missing")
    return passed("", row) if there else not_yet("nothing", row)


@{name}.wrong("nothing", says="There is no such file.")
def _(lab):
    pass


@{name}.wrong("folder", says="It is a folder.", near_miss=True)
def _(lab):
    pass


@{name}.wrong("empty", says="The file is empty.", near_miss=True)
def _(lab):
    pass


@{name}.unlisted("a link to nowhere")
def _(lab):
    pass


@{name}.right("command line")
def _(lab):
    pass
"""

CHECKS = "from labkit.grading import Evidence, check, not_yet, passed\n" + "".join(
    CHECK.format(id=id, name=id.replace("-", "_"), title=title, points=points, file=file)
    for id, title, points, file in (
        ("write-note", "Write a note", 2, "note"),
        ("copy-note", "Copy the note", 1, "copy"),
    )
)

HOME = """\
# %% [markdown]
# # Home
#
# Begin with [the first topic](00-first-files/lab.ipynb), or look up a [[file]].
"""

GLOSSARY = """\
# %% [markdown]
# # Glossary
#
# ### Plain file | file, files
#
# A *named* row of bytes. It lies in a [[folder]].
#
# ### Folder
#
# A list of [[file|files]].
"""

FILES = {
    "labs/course.toml": COURSE,
    "labs/home.py": HOME,
    "labs/glossary.py": GLOSSARY,
    "labs/00-first-files/topic.toml": TOPIC,
    "labs/00-first-files/reference.md": REFERENCE,
    "labs/00-first-files/lab.py": LAB,
    "labs/00-first-files/exercise.py": EXERCISE,
    "labs/00-first-files/checks.py": CHECKS,
    "labs/00-first-files/file.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
}


def write_course(root: Path) -> Path:
    """Writes the small course into a folder, and gives that."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replaces a text that must be in the file once."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new))


def line_of(path: Path, text: str) -> int:
    """The number of the first line that holds a text."""
    lines = path.read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
