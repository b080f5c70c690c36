"""The magics in a real IPython, in a process of its own: IPython keeps one shell per process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """\
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "labkit")
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}

def run(text):
    result = shell.run_cell(text, store_history=False)
    return result.result

def completed(text):
    from IPython.core.completer import provisionalcompleter
    with provisionalcompleter():
        return [one.text for one in shell.Completer.completions(text, len(text))]

"""


def ipython(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", START + code],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loading_loads_next_to_nothing_else(root: Path) -> None:
    """That it takes no time is measured: `python -m benchmarks imports`."""
    said = ipython("print(*loaded - set(sys.stdlib_module_names))")
    assert set(said.split()) == {"IPython", "labkit"}


def test_the_check_magic_gives_the_card(root: Path) -> None:
    out = ipython("print(repr(run('%check write-note'))); print(run('%check write-note'))")
    assert "<check write-note: not yet>" in out
    assert "There is no note." in out


def test_several_ids_are_each_checked(root: Path) -> None:
    out = ipython("run('%check write-note copy-note')")
    assert out.index("Check write-note:") < out.index("Check copy-note:")


def test_hint_and_reveal_say_their_cost(root: Path) -> None:
    code = "run('%hint write-note'); run('%reveal write-note'); print('--');"
    before, after = ipython(code + "run('%reveal write-note --yes')").split("--\n")
    assert "It cost 0.2 points" in before
    assert "1.8 of 2 points" in before
    assert "write_text" not in before
    assert "write_text" in after


def test_the_doctor_and_watch_answer(root: Path) -> None:
    out = ipython("run('%doctor'); run('%watch write-note'); run('%watch')")
    assert "containers from scratch" in out
    assert "There is no note." in out
    assert "Nothing is watched any more." in out


def test_task_puts_its_variables_into_the_notebook(root: Path) -> None:
    out = ipython("run('%task run-box'); print(run('lab.topic'), run('Sandbox.__name__'))")
    assert "first-box Sandbox" in out
    word = (root / "my-work/first-box/note.txt").read_text()
    assert word in ("anchor", "lantern", "compass")


@pytest.mark.requires("sandbox")
def test_a_step_with_a_magic_runs_in_the_notebooks_own_shell(root: Path) -> None:
    ipython("run('%task write-end')")
    assert (root / "my-work/first-box/copy.txt").exists()


@pytest.mark.requires("sandbox")
def test_a_sandbox_cell_runs_and_keeps_its_exit_code(root: Path) -> None:
    code = "run('%%sandbox --name web\\nhostname; exit 3'); print(shell.user_ns['_exit_code'])"
    assert ipython(code).split() == ["web", "3"]


@pytest.mark.requires("sandbox")
def test_a_sandbox_cell_finds_the_notebooks_sandboxes(root: Path) -> None:
    code = (
        "run('from labkit import Sandbox; box = Sandbox(name=\"web\").start()');"
        "run('%%sandbox --in web\\nhostname')"
    )
    assert "web" in ipython(code).splitlines()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%check writ-note", "Did you mean write-note"),
        ("%check", "There are: write-note, run-box"),
        ("%hint a b", "takes one id, not 2"),
        ("%reveal write-note --yse", "Did you mean --yes"),
        ("%task nosuch", "there is no check 'nosuch'"),
        ("%doctor now", "cannot use 'now'"),
        ("%machine rest", "invalid choice: 'rest'"),
        ("%machine reset", "there is no machine to reset"),
        ("%%sandbox --memroy 1M\\ntrue", "Did you mean --memory"),
    ],
)
def test_a_wrong_line_is_a_message_without_a_traceback(root: Path, line: str, words: str) -> None:
    out = ipython(f"run('{line}')")
    assert words in out
    assert "Traceback" not in out
    assert ".py" not in out


def test_ids_and_options_are_completed_in_a_real_shell(root: Path) -> None:
    code = (
        "print(completed('%check wr'), completed('%%sandbox --m'), completed('check(\"ru'));"
        "print(completed('%tas'))"
    )
    first, second = ipython(code).splitlines()
    assert first == "['write-note', 'write-end'] ['--memory'] ['run-box']"
    assert second == "['%task']"


def test_unloading_takes_everything_away(root: Path) -> None:
    code = (
        "run('%unload_ext labkit');"
        "print('check' in shell.magics_manager.magics['line'], completed('%check wr'))"
    )
    out = ipython(code)
    assert out.startswith("False")
    assert "write-note" not in out
