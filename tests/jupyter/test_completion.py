from __future__ import annotations

import pytest

from labkit import Sandbox, begin
from labkit.jupyter.completion import matches
from labkit.jupyter.workspace import Workspace


@pytest.mark.parametrize(
    ("line", "word", "names"),
    [
        ("%check wr", "wr", ["write-note", "write-end"]),
        ("%check write-note ru", "ru", ["run-box"]),
        ("%reveal --", "--", ["--yes"]),
        ("%reveal write-note --", "--", ["--yes"]),
        ("%doctor wr", "", []),
        ("%machine re", "re", ["reset"]),
        ('check("wr', "wr", ["write-note", "write-end"]),
        ("watch('run-box', 'co", "co", ["copy-note"]),
        ("x = begin('fi", "fi", ["first-box"]),
        ("reference('", "", ["first-box"]),
        ('print("wr', "", []),
        ("%%sandbox --me", "--me", ["--memory"]),
        ("%%sandbox --memory 64M --pi", "--pi", ["--pids"]),
        ("%%sandbox --memory ", "", []),
        ("%%sandbox --image ba", "ba", ["base:latest"]),
    ],
)
def test_what_has_been_begun_is_completed(
    workspace: Workspace, line: str, word: str, names: list[str]
) -> None:
    Sandbox()  # makes the base image
    assert matches(line, {}) == (word, names)


def test_every_option_is_offered(workspace: Workspace) -> None:
    _, names = matches("%%sandbox ", {})
    wanted = {"--memory", "--pids", "--name", "--image", "--volume", "--in"}
    assert set(names) == wanted


@pytest.mark.requires("sandbox")
def test_running_sandboxes_are_offered(workspace: Workspace) -> None:
    with Sandbox(name="web") as box:
        assert matches("%%sandbox --in ", {"box": box, "x": 1})[1] == ["web", "box"]
    assert matches("%%sandbox --in ", {"box": box})[1] == []


def test_a_course_that_cannot_be_read_completes_nothing(workspace: Workspace) -> None:
    begin("first-box")
    (workspace.course.root / "labs/course.toml").write_text("title = ")
    assert matches("%check wr", {}) == ("wr", [])
    assert matches("begin('fi", {}) == ("fi", [])
