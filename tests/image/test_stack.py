"""Looking through layers without mounting them. Oracle: the kernel's overlay of them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.image.stack import look_up, resolve
from tests.image.support import overlay, tree

LAYERS: list[dict[str, str | None]] = [  # topmost first; None is a folder, "→ x" a link to x
    {"a": None, "d": "file", "l": None, "l/top": "1", "m/n": "2"},
    {"a": "file in the way", "d/hidden": "x", "m": None, "deep/link": "→ /m"},
    {"a/b": "hidden by the one above", "d": "file", "l": "→ a", "m/n": "old", "m/o": "3"},
]


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    for number, content in enumerate(LAYERS):
        for name, what in content.items():
            path = tmp_path / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if what is None:
                path.mkdir(exist_ok=True)
            elif what.startswith("→ "):
                path.symlink_to(what[2:])
            else:
                path.write_text(what)
    return [tmp_path / str(number) for number in range(len(LAYERS))]


@pytest.mark.requires("sandbox", "program:unshare")
def test_what_is_looked_up_is_what_the_kernel_shows(layers: list[Path], tmp_path: Path) -> None:
    shown = tree(overlay(layers, tmp_path / "mounted"))
    asked = {name for content in LAYERS for name in content} | {"nothing", "a/b/c", "l/nothing"}
    for name in sorted(asked):
        found = look_up(layers, tuple(name.split("/")))
        assert (found is not None) == (f"/{name}" in shown), name
        if found and found.path.is_file() and not found.is_link:
            assert found.path.read_bytes() == (tmp_path / "mounted/shown" / name).read_bytes()
    assert {"/m/n", "/m/o", "/l/top"} <= set(shown)
    assert not {"/a/b", "/d/hidden"} & set(shown)


def test_links_in_the_folders_of_a_path_are_followed_inside(layers: list[Path]) -> None:
    assert resolve(layers, "/deep/link/n") == ("m", "n")
    assert resolve(layers, "/deep/link") == ("deep", "link")
    assert resolve(layers, "/deep/link/.") == ("m",)
    assert resolve(layers, "/new/../../x") == ("x",)
    with pytest.raises(BadInput, match="/d is a file"):
        resolve(layers, "/d/x")


def test_a_way_with_too_many_links_is_refused_as_the_kernel_refuses_it(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    for before, after in itertools.pairwise(range(50)):
        (tmp_path / str(after)).symlink_to(str(before))
    assert resolve([tmp_path], "40/x") == ("0", "x")
    assert (tmp_path / "40/.").is_dir()
    with pytest.raises(BadInput, match="circle"):
        resolve([tmp_path], "41/x")
    with pytest.raises(OSError, match="Too many levels"):
        (tmp_path / "41" / ".").stat()
