from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from labkit import begin, check, course_map, doctor, reference
from labkit.host import Capability, Report
from labkit.jupyter.diagnosis import Diagnosis, topics_of
from labkit.jupyter.opening import map_of
from labkit.jupyter.workspace import Workspace

PODMAN = Capability("podman", "Podman", False, why="not installed", fix="apt install podman")
LINUX = Capability("linux", "a Linux kernel", True, found="6.1", is_basic=True)


def cards(workspace: Workspace, here: Path) -> list[tuple[str, str, int, str | None]]:
    found = map_of(workspace.course, workspace.progress, here)
    return [(card.slug, card.status, card.passed, card.link) for card in found.topics]


def test_the_map_follows_what_is_done(
    workspace: Workspace, root: Path, write_note: Callable[[], None]
) -> None:
    labs = root / "labs"
    later = ("later-on", "planned", 0, None)
    link = "00-first-box/lab.ipynb"
    assert cards(workspace, labs) == [("first-box", "open", 0, link), later]
    begin("first-box")
    assert cards(workspace, labs) == [("first-box", "started", 0, link), later]
    write_note()
    check("write-note")
    assert cards(workspace, labs) == [("first-box", "started", 1, link), later]
    for found in workspace.course.topic("first-box").checks().values():
        workspace.progress.record_verdict(found, replace(workspace.run("write-note").verdict))
    assert cards(workspace, labs) == [("first-box", "done", 8, link), later]


def test_links_of_the_map_lead_from_where_it_is_shown(workspace: Workspace, root: Path) -> None:
    inside = cards(workspace, root / "labs/00-first-box")
    assert inside[0][3] == "lab.ipynb"
    assert cards(workspace, root.parent)[0][3] is None


def test_the_map_is_a_picture_and_a_table(workspace: Workspace) -> None:
    text = course_map().text
    assert "00 The first box" in text
    assert "Fast" in text


def test_the_reference_is_markdown(workspace: Workspace, root: Path) -> None:
    text = reference("00")
    assert text.markdown == (root / "labs/00-first-box/reference.md").read_text()
    assert "text/markdown" in text._repr_mimebundle_()


def test_the_doctor_tells_of_this_machine_and_of_the_course(workspace: Workspace) -> None:
    found = doctor()
    ids = {capability.id for capability in found.report.capabilities}
    assert {"linux", "sandbox", "docker"} < ids
    assert [topic.name for topic in found.topics] == ["00-first-box"]
    json.dumps(found.as_json())


def test_a_topic_says_what_of_it_is_real(workspace: Workspace) -> None:
    found = topics_of(workspace.course, Report((LINUX, PODMAN)))
    assert (found[0].tasks, found[0].real, found[0].missing) == (8, 7, ("podman",))
    assert "7 of 8 tasks" in found[0].says


def test_sign_word_and_fix_stand_in_both_forms(workspace: Workspace) -> None:
    report = Report((LINUX, PODMAN))
    found = Diagnosis(report, topics_of(workspace.course, report))
    html, text = found.html(), str(found)
    for form in (html, text):
        for part in ("✓", "✗", "apt install podman", "not installed", "6.1"):
            assert part in form
    assert "✗ no" in html
    assert "00-first-box" in text


def test_only_what_a_topic_needs_is_called_needed(workspace: Workspace) -> None:
    docker = replace(PODMAN, id="docker", title="Docker")
    report = Report((LINUX, PODMAN, docker))
    found = Diagnosis(report, topics_of(workspace.course, report))
    assert [one.id for one in found.needed] == ["podman"]


def test_a_capability_cannot_break_out_of_the_page(workspace: Workspace) -> None:
    hostile = replace(PODMAN, why="<script>alert(1)</script>")
    assert "<script>" not in Diagnosis(Report((hostile,))).html()


@pytest.mark.usefixtures("root")
def test_without_a_course_the_doctor_still_tells_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("labkit.course.find.shipped_folder", lambda: tmp_path / "nothing")
    from labkit.core.errors import NotFound

    def no_course(start: Path | None = None) -> None:
        raise NotFound("course", "labs/course.toml")

    monkeypatch.setattr("labkit.course.find.find_course", no_course)
    assert doctor().topics == ()
