"""Where a notebook's kernel runs is decided from what it needs, what is there, what is wanted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labkit.core.errors import NotFound
from labkit.host.probes import all_probes
from labkit.machine.places import BROUGHT, NEEDED, Place, Wish, choose
from labkit.machine.wanted import Asked, read_asked

_ALL = {"sandbox": "", "limits": "", NEEDED: ""}


def test_a_notebook_without_needs_runs_natively() -> None:
    assert choose((), None, {}) == Place("native", "this machine has what the notebook needs")


def test_a_machine_that_has_everything_is_enough() -> None:
    assert choose(("sandbox", "limits"), None, _ALL).name == "native"


def test_what_this_machine_lacks_a_machine_of_its_own_brings() -> None:
    place = choose(("sandbox", "limits"), None, {**_ALL, "sandbox": "no user namespaces"})
    assert place == Place("microvm", "this machine lacks sandbox (no user namespaces)")


def test_what_no_microvm_brings_is_no_reason_for_one() -> None:
    place = choose(("docker",), None, {NEEDED: "", "docker": "it is not installed"})
    assert place.name == "native"
    assert "docker (it is not installed)" in place.why


def test_without_qemu_the_kernel_runs_natively_and_says_why() -> None:
    have = {"sandbox": "forbidden", NEEDED: "it is not installed"}
    place = choose(("sandbox",), None, have)
    assert place.name == "native"
    assert "cannot run a microVM: it is not installed" in place.why


def test_an_id_that_nobody_knows_counts_as_missing() -> None:
    assert "warp-drive (nobody knows of it)" in choose(("warp-drive",), None, _ALL).why


@pytest.mark.parametrize("name", ["native", "microvm"])
def test_a_wish_is_granted(name: str) -> None:
    have = {NEEDED: "it is not installed", "sandbox": "no"}  # the place says so itself
    place = choose(("sandbox",), Wish(name, "the notebook"), have)
    assert place == Place(name, "the notebook wants it so")


def test_a_wish_for_an_unknown_place_names_the_near_one() -> None:
    with pytest.raises(NotFound, match="Did you mean microvm"):
        choose((), Wish("micro-vm", "the notebook"), _ALL)


def test_what_a_microvm_brings_are_ids_of_the_doctor() -> None:
    assert BROUGHT | {NEEDED} <= {probe.id for probe in all_probes()}


# -- what a notebook asks -------------------------------------------------------------------------


def _notebook(folder: Path, metadata: object) -> dict[str, str]:
    path = folder / "a b.ipynb"
    path.write_text(json.dumps({"metadata": metadata, "cells": []}))
    return {"JPY_SESSION_NAME": str(path)}


def test_a_notebook_says_what_it_needs_and_wants(tmp_path: Path) -> None:
    env = _notebook(tmp_path, {"labkit": {"requires": ["sandbox"], "place": "microvm"}})
    assert read_asked(env, {}) == Asked(("sandbox",), Wish("microvm", "the notebook"))


def test_the_environment_goes_before_the_notebook_and_that_before_the_kernelspec(
    tmp_path: Path,
) -> None:
    env = _notebook(tmp_path, {"labkit": {"place": "microvm"}})
    spec = {"labkit": {"place": "native"}}
    assert read_asked({**env, "LABKIT_PLACE": "native"}, spec).wish == Wish(
        "native", "the variable LABKIT_PLACE"
    )
    assert read_asked(env, spec).wish == Wish("microvm", "the notebook")
    assert read_asked({}, spec).wish == Wish("native", "the kernel's specification")


def test_the_place_that_a_kernel_was_told_is_no_wish_for_kernels_that_it_starts() -> None:
    assert read_asked({"LABKIT_PLACE": "microvm", "LABKIT_PLACE_SINCE": "x"}, {}) == Asked()


@pytest.mark.parametrize(
    "metadata", [None, [], {"labkit": None}, {"labkit": []}, {"labkit": {"requires": "sandbox"}}]
)
def test_metadata_that_says_nothing_asks_nothing(tmp_path: Path, metadata: object) -> None:
    assert read_asked(_notebook(tmp_path, metadata), {}) == Asked()


def test_a_file_that_is_no_notebook_asks_nothing(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("{")
    assert read_asked({"JPY_SESSION_NAME": str(tmp_path / "x.ipynb")}, {}) == Asked()
    assert read_asked({"JPY_SESSION_NAME": str(tmp_path / "none.ipynb")}, {}) == Asked()
    assert read_asked({"JPY_SESSION_NAME": "/dev/zero"}, {}) == Asked()
