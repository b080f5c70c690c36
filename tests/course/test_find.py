"""Finding the course, its topics and its checks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import labkit.course.find
from labkit.core.errors import AuthorError, BadInput, NotFound
from labkit.course import Course, find_course, reference
from tests.course.small import edit, line_of, write_course


def test_the_course_around_the_working_folder_is_found(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "labs/00-first-files")
    assert find_course().root == root


def test_the_nearest_course_wins_over_the_variable(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = write_course(tmp_path / "other")
    monkeypatch.setenv("LABKIT_COURSE", str(other))
    assert find_course(root / "labs").root == root
    assert find_course(tmp_path).root == other


def test_a_variable_that_names_no_course_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABKIT_COURSE", str(tmp_path))
    with pytest.raises(BadInput, match=r"there is no labs/course\.toml in it"):
        find_course(tmp_path)


def test_elsewhere_the_course_of_the_package_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABKIT_COURSE", raising=False)
    assert [topic.number for topic in find_course(tmp_path).topics] == [
        f"{number:02}" for number in range(20)
    ]


def test_a_wheel_without_its_course_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LABKIT_COURSE", raising=False)
    package = tmp_path / "site-packages/labkit/course"
    package.mkdir(parents=True)
    monkeypatch.setattr(labkit.course.find, "__file__", str(package / "find.py"))
    with pytest.raises(NotFound, match="Reinstall labkit"):
        find_course(tmp_path)
    write_course(package / "content")
    assert find_course(tmp_path).title == "A small course"


@pytest.mark.parametrize("name", ["00", "0", "first-files", "00-first-files", "00-First-files/"])
def test_a_topic_is_known_by_number_and_by_name(course: Course, name: str) -> None:
    assert course.topic(name).slug == "first-files"


def test_an_unknown_topic_names_near_ones(course: Course) -> None:
    with pytest.raises(NotFound) as caught:
        course.topic("first-file")
    assert "first-files" in caught.value.hint


def test_a_planned_topic_is_there_without_a_folder(course: Course) -> None:
    assert [topic.is_planned for topic in course.topics] == [False, True]
    assert [topic.slug for topic in course.present] == ["first-files"]
    assert not course.topic("later-on").checks()
    with pytest.raises(BadInput, match="planned"):
        _ = course.topic("later-on").details


def test_a_check_is_found_with_and_without_its_topic(course: Course) -> None:
    for name in ("copy-note", "first-files/copy-note", "00/copy-note"):
        topic, check = course.check(name)
        assert (topic.slug, check.id) == ("first-files", "copy-note")


@pytest.mark.parametrize(
    ("name", "near"),
    [("copy-notes", "copy-note"), ("first-files/writ-note", "first-files/write-note")],
)
def test_an_unknown_check_names_near_ones(course: Course, name: str, near: str) -> None:
    with pytest.raises(NotFound) as caught:
        course.check(name)
    assert near in caught.value.hint


@pytest.mark.parametrize("name", ["0", "00", "first-files"])
def test_a_topic_in_place_of_a_check_names_its_checks(course: Course, name: str) -> None:
    with pytest.raises(BadInput, match="is a topic, not a check") as caught:
        course.check(name)
    assert "copy-note" in caught.value.hint


def test_two_topics_cannot_have_one_check(root: Path, reread: Callable[[], Course]) -> None:
    shutil.copytree(root / "labs/00-first-files", root / "labs/01-later-on")
    with pytest.raises(AuthorError, match=r"checks\.py:\d+: topic 00-first-files has a check"):
        reread().check("copy-note")


def test_a_route_visits_all_topics_its_own_first() -> None:
    routes = {route.id: route for route in find_course(Path(__file__)).routes}
    numbers = [topic.number for topic in routes["use-it"].topics]
    assert numbers[:7] == ["00", "05", "07", "10", "12", "14", "01"]
    assert [topic.number for topic in routes["understand-it"].first] == ["01", "02", "03", "04"]
    for route in routes.values():
        assert sorted(topic.number for topic in route.topics) == sorted(numbers)


def test_the_quick_reference_is_its_file(course: Course, topic_folder: Path) -> None:
    assert reference(course.topic("00")) == (topic_folder / "reference.md").read_text()


@pytest.mark.parametrize(
    ("change", "says", "at"),
    [
        (('title = "A small course"', "title = "), "not TOML", "title = "),
        (('part = "A"\nneeds = []', 'part = "B"\nneeds = []'), "part 'B'", '"first-files"'),
        (('number = "00"', 'number = "0"'), "two digits", '"first-files"'),
        (('number = "01"', 'number = "00"'), "not after", '"later-on"'),
        (('needs = ["first-files"]', 'needs = ["first"]'), "needs 'first'", '"later-on"'),
        (('first = ["later-on"]', 'first = ["later"]'), "a topic 'later'", '"fast"'),
        (('sentence = "Read them."\n', ""), "'sentence' is missing", '"later-on"'),
        (('sentence = "Read', 'sentense = "Read'), "Did you mean sentence?", "sentense"),
        (('title = "A small', 'titel = "A small'), "Did you mean title?", "titel"),
        (('title = "Fast"', "title = 7"), "must be a text", "title"),
    ],
)
def test_a_mistake_in_course_toml_has_a_line(
    root: Path, reread: Callable[[], Course], change: tuple[str, str], says: str, at: str
) -> None:
    file = root / "labs/course.toml"
    edit(file, *change)
    with pytest.raises(AuthorError) as caught:
        reread()
    assert says in str(caught.value)
    assert caught.value.where == f"{file}:{line_of(file, at)}"


def test_a_route_cannot_put_a_topic_before_its_need(
    root: Path, reread: Callable[[], Course]
) -> None:
    file = root / "labs/course.toml"
    middle = COURSE_TOPIC.format(number="02", slug="middle", needs="")
    last = COURSE_TOPIC.format(number="03", slug="last", needs='"middle"')
    file.write_text(file.read_text() + middle + last)
    edit(file, 'first = ["later-on"]', 'first = ["last"]')
    with pytest.raises(AuthorError, match="last comes before its need middle"):
        reread()


COURSE_TOPIC = """
[[topics]]
number = "{number}"
slug = "{slug}"
title = "T"
part = "A"
needs = [{needs}]
sentence = "S."
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("minutes = 10\n", "", "'minutes' is missing"),
        ("minutes = 10\n", "minutes = 0\n", "from 1 to 600"),
        ("minutes = 10\n", 'minutes = "10"\n', "a whole number"),
        ('know = ["what', 'know = ["", "what', "must hold texts"),
        ("reference.md", "gone.md", "no file gone.md"),
        ("https://example.org/files", "example.org", "no web address"),
        ('gives = "all about files"', 'give = "all"', "Did you mean gives?"),
    ],
)
def test_a_mistake_in_topic_toml_has_a_line(
    course: Course, topic_folder: Path, old: str, new: str, says: str
) -> None:
    file = topic_folder / "topic.toml"
    text = file.read_text()
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(AuthorError) as caught:
        _ = course.topic("00").details
    assert says in str(caught.value)
    assert caught.value.where.startswith(f"{file}:")
