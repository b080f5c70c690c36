from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from labkit.core.errors import Blocked
from labkit.machine.layers.python import Pip, pip_command, platforms
from labkit.machine.layers.wheels import (
    Installed,
    Wheel,
    closure,
    environment,
    installed_here,
    wheels,
)

MARKERS = environment("3.11", "x86_64")


def one(name: str, *requires: str, requested: bool = False, users: bool = True,
        elsewhere: bool = False) -> Installed:  # fmt: skip
    needs = tuple(map(Requirement, requires))
    return Installed(name, "1.0", needs, requested, users, elsewhere)


def environment_of(*installed: Installed) -> dict[str, Installed]:
    return {distribution.name: distribution for distribution in installed}


ENVIRONMENT = environment_of(
    one("labkit", "ipykernel", "jupyterlab", "pytest; extra == 'test'", requested=True),
    one("ipykernel", "tornado", "old; python_version < '3.12'", "colorama; sys_platform=='win32'"),
    one("tornado"),
    one("jupyterlab", "jupyter-server", "tornado"),
    one("jupyter-server", "tornado", "websocket"),
    one("websocket"),
    one("pytest", "pluggy"),
    one("pluggy"),
    one("numpy", requested=True),
    one("pandas", "numpy", "six", requested=True),
    one("six"),
    one("notebook", "jupyterlab", requested=True),
    one("pip"),
    one("python-apt", users=False),
    one("mine", "six", elsewhere=True, requested=True),
)


def test_needs_and_the_learners_own_come_along_and_nothing_else() -> None:
    assert {wheel.name: wheel.is_needed for wheel in wheels(ENVIRONMENT, MARKERS)} == {
        "ipykernel": True,
        "tornado": True,
        "old": True,
        "numpy": False,
        "pandas": False,
        "six": False,
    }


def test_what_only_the_machines_python_needs_has_no_version() -> None:
    pins = [wheel.pin for wheel in wheels(ENVIRONMENT, MARKERS)]
    assert pins == sorted(pins)
    assert "old" in pins
    assert "tornado==1.0" in pins


def test_extras_and_circles_are_followed() -> None:
    installed = environment_of(
        one("a", "b[fast]"), one("b", "a", "c; extra == 'fast'", "d; extra == 'slow'"), one("c")
    )
    assert closure([Requirement("a")], installed, MARKERS) == {"a", "b", "c"}


def test_this_environment_has_what_a_kernel_needs_and_no_server() -> None:
    names = {wheel.name for wheel in wheels(installed_here(), MARKERS) if wheel.is_needed}
    assert names >= {"ipykernel", "ipython", "pyzmq", "ipywidgets", "anywidget", "rich", "click"}
    assert not names & {"jupyterlab", "jupyter-server", "pytest", "mypy", "labkit"}


class Index:
    """An index that has some distributions."""

    def __init__(self, *has: str) -> None:
        self.has, self.installed, self.calls = set(has), [], 0

    def __call__(self, requirements: Sequence[str]) -> bool:
        self.calls += 1
        if not self.has.issuperset(requirements):
            return False
        self.installed += requirements
        return True


def needed(name: str, version: str = "1.0") -> Wheel:
    return Wheel(name, version, is_needed=True)


def added(name: str) -> Wheel:
    return Wheel(name, "1.0", is_needed=False)


def test_what_has_no_wheel_is_left_out_and_the_rest_comes(tmp_path: Path) -> None:
    everything = [added(f"x{n}") for n in range(40)]
    lacking = {"x3", "x17"}
    index = Index(*(wheel.pin for wheel in everything if wheel.name not in lacking))
    left_out = Pip("3.11", tmp_path, index).install_all(everything)
    assert {wheel.name for wheel in left_out} == lacking
    assert len(index.installed) == len(set(index.installed)) == 38
    assert index.calls < 25


def test_what_is_needed_comes_in_another_version(tmp_path: Path) -> None:
    index = Index("a==1.0", "b", "c")
    wanted = [needed("a"), needed("b"), needed("c", "")]
    assert Pip("3.11", tmp_path, index).install_all(wanted) == []
    assert sorted(index.installed) == ["a==1.0", "b", "c"]


def test_what_is_needed_and_cannot_be_had_blocks(tmp_path: Path) -> None:
    with pytest.raises(Blocked, match="there is no b"):
        Pip("3.11", tmp_path, Index("a==1.0")).install_all([needed("a"), needed("b")])


def test_an_environment_without_pip_uses_the_one_that_python_brings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "pip" else found(n))
    try:
        command = pip_command()
    except Blocked as blocked:
        assert "ensurepip" in blocked.hint
    else:
        assert command[1].endswith("/pip")


def test_tags_go_from_the_machines_glibc_to_the_oldest() -> None:
    tags = platforms("x86_64")
    assert tags[0] == "manylinux_2_36_x86_64"
    assert {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"} < set(tags)
