"""What is not needed is not imported."""

from __future__ import annotations

import subprocess
import sys

import labkit.grading


def loaded_by(code: str) -> set[str]:
    report = f"{code}\nimport sys; print(*sys.modules)"
    argv = [sys.executable, "-c", report]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())


def test_importing_grading_imports_none_of_its_parts() -> None:
    loaded = loaded_by("import labkit.grading")
    assert not {name for name in loaded if name.startswith("labkit.grading.")}


def test_checks_need_no_database_and_no_sandbox() -> None:
    loaded = loaded_by(
        "from labkit.grading import Evidence, Lab, Variant, check, load_checks, passed"
    )
    assert not loaded & {"sqlite3", "labkit.sandbox", "labkit.host", "labkit.image", "datetime"}


def test_every_public_name_is_there_and_nothing_else_is() -> None:
    for name in labkit.grading.__all__:
        assert getattr(labkit.grading, name) is not None
    assert not hasattr(labkit.grading, "no_such_name")
    homes = [name for names in labkit.grading._HOMES.values() for name in names]
    assert sorted(homes) == sorted(labkit.grading.__all__)
