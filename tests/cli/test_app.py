from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import __version__
from labkit.cli.app import _HOMES
from tests.cli.program import invoke, labkit

LOADED = """
import sys
before = set(sys.modules)
from labkit.cli import main
sys.argv = ["labkit", "--help"]
try:
    main()
finally:
    loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
    print(*loaded - set(sys.stdlib_module_names))
"""


def test_help_names_every_command_and_loads_next_to_nothing() -> None:
    """That it is there at once is measured: `python -m benchmarks imports`."""
    command = [sys.executable, "-c", LOADED]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in _HOMES:
        assert f"\n  {name} " in out
    assert set(out.splitlines()[-1].split()) == {"click", "labkit"}


@pytest.mark.parametrize("name", _HOMES)
def test_every_command_has_a_help_of_its_own(name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: labkit {name}")


def test_the_version_is_said() -> None:
    assert invoke("--version").output == f"labkit {__version__}\n"


def test_an_unknown_command_names_the_near_one() -> None:
    result = invoke("doctr")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "labkit: there is no command 'doctr'.\n→ Did you mean doctor?\n"


def test_an_unknown_option_names_the_near_one() -> None:
    result = invoke("doctor", "--jsno")
    assert result.exit_code == 2
    assert "--json" in result.stderr


def test_an_error_is_a_message_without_a_traceback(root: Path) -> None:
    done = labkit("check", "writ-note")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "labkit: there is no check 'writ-note'.\n→ Did you mean write-note"
    )
    assert "Traceback" not in done.stderr


def test_for_authors_the_traceback_is_there(root: Path) -> None:
    done = labkit("check", "writ-note", env={"LABKIT_DEBUG": "1"})
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "NotFound" in done.stderr


def test_a_home_that_cannot_be_used_is_a_message(root: Path) -> None:
    done = labkit("check", "write-note", env={"LABKIT_HOME": "/proc/nothing"})
    assert done.returncode == 2
    assert "Set LABKIT_HOME" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_program_brings_in_nothing_heavy_for_its_help() -> None:
    code = (
        "import json, sys; from labkit.cli.app import app;"
        "app(['--help'], standalone_mode=False); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"rich", "IPython", "nbformat", "jupytext", "sqlite3", "asyncio"}
    assert heavy.isdisjoint(json.loads(done.stdout.splitlines()[-1]))
