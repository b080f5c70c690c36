"""Importing the part is cheap, and its names are the promised ones."""

from __future__ import annotations

import subprocess
import sys


def test_importing_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, labkit.course\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'nbformat', 'nbclient', 'jupytext', 'IPython', 'zmq', 'sqlite3', 'tomllib'}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_finding_a_course_needs_no_notebook_library() -> None:
    code = (
        "import sys\nfrom labkit.course import find_course\n"
        "[topic.is_planned for topic in find_course().topics]\n"
        "print(sorted({'nbformat', 'nbclient', 'jupytext', 'IPython'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_each_public_name_is_there_and_is_no_module() -> None:
    import labkit.course.building
    import labkit.course.running

    for name in labkit.course.__all__:
        assert type(getattr(labkit.course, name)) is not type(sys), name
    assert sorted(labkit.course.__all__) == sorted(
        name for names in labkit.course._HOMES.values() for name in names
    )
