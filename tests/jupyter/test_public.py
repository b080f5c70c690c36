from __future__ import annotations

import subprocess
import sys

import labkit


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_star_import_brings_every_public_name_and_no_other() -> None:
    code = "a = set(globals()); from labkit import *; print(sorted(set(globals()) - a - {'a'}))"
    assert run(code) == str(sorted(labkit.__all__))


def test_every_public_name_has_a_docstring_of_its_own() -> None:
    for name in labkit.__all__:
        assert getattr(labkit, name).__doc__.strip(), name


def test_what_type_checkers_see_is_what_is_there() -> None:
    from typing import get_type_hints

    for name in labkit.__all__:
        value = getattr(labkit, name)
        assert value.__module__.startswith(labkit._HOMES[name]), name
    assert get_type_hints(labkit.load_ipython_extension)["return"] is type(None)
