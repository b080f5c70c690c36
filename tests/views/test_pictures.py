"""What holds for every picture: it is well-formed, legible, and loads nothing."""

from __future__ import annotations

import re

import pytest
from defusedxml import ElementTree

from labkit.views import Picture
from labkit.views.measure import text_width
from labkit.views.picture import WIDTH, css
from labkit.views.svg import text
from tests.views.pictures import DRAW, SVG, sanitised, written


@pytest.fixture(params=DRAW, scope="module")
def picture(request: pytest.FixtureRequest) -> Picture:
    return DRAW[request.param]()


def test_a_picture_comes_as_html_svg_and_text(picture: Picture) -> None:
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == str(picture)
    assert "<table>" in bundle["text/html"] and "<details>" in bundle["text/html"]


def test_the_svg_names_and_describes_itself(picture: Picture) -> None:
    root = ElementTree.fromstring(picture.svg)
    by_id = {node.attrib["id"]: node for node in root.iter() if "id" in node.attrib}
    title, description = (by_id[name] for name in root.attrib["aria-labelledby"].split())
    assert root.attrib["role"] == "img"
    assert (title.tag, title.text) == (f"{SVG}title", picture.title)
    assert description.tag == f"{SVG}desc" and description.text


def test_nothing_is_loaded_from_anywhere(picture: Picture) -> None:
    addresses = re.findall(r"https?:[^\"'\s]+|url\([^)]*\)|@import", picture.html() + picture.svg)
    assert set(addresses) == {"http://www.w3.org/2000/svg"}


def test_every_colour_in_use_has_a_rule_in_both_style_sheets(picture: Picture) -> None:
    used = set(re.findall(r"lks?-[a-z]+", re.sub("<style>.*?</style>", "", picture.svg)))
    used.discard("lk-m")
    assert used
    for sheet in (css(), re.findall("<style>(.*?)</style>", picture.svg)[0]):
        assert {name for name in used if f".{name}{{" not in sheet} == set()


def test_a_colour_survives_without_style_sheets(picture: Picture) -> None:
    for node in ElementTree.fromstring(picture.svg).iter():
        names = node.attrib.get("class", "").split()
        if any(name.startswith("lks-") for name in names):
            assert node.attrib["stroke"].startswith("#")
        if any(name.startswith("lk-") and name != "lk-m" for name in names):
            assert node.attrib["fill"].startswith("#")


def test_no_text_leaves_the_picture(picture: Picture) -> None:
    for line in written(picture):
        face = "mono" if line.is_mono else "bold" if line.is_bold else "normal"
        width = text_width(line.words, line.size, face)  # type: ignore[arg-type]
        left = line.x - width * {"start": 0, "middle": 0.5, "end": 1}[line.anchor]
        assert left >= 0 and left + width <= WIDTH, line


def test_no_text_is_smaller_than_eight_pixels_on_a_narrow_page(picture: Picture) -> None:
    assert min(line.size for line in written(picture)) * 500 / WIDTH >= 8


def test_the_text_of_a_picture_has_columns_that_line_up(picture: Picture) -> None:
    for table in picture.tables:
        rows = table.text().split("\n")[2:]
        bars = {tuple(i for i, character in enumerate(row) if character in "│┆┼") for row in rows}
        full = max(bars, key=len)
        assert all(row == full[: len(row)] for row in bars)


def test_the_same_snapshot_gives_the_same_picture() -> None:
    for draw in DRAW.values():
        assert draw()._repr_mimebundle_() == draw()._repr_mimebundle_()


def test_no_two_pictures_share_an_id() -> None:
    ids = [name for draw in DRAW.values() for name in re.findall(r' id="([^"]+)"', draw().svg)]
    assert len(ids) == 2 * len(DRAW) == len(set(ids))


def test_sanitising_leaves_what_matters() -> None:
    left = sanitised(DRAW["xray"]())
    for kind, form in left.items():
        assert "sleep 600" in form and "root (0)" in form, kind
        assert "31337" not in form and "thinkpad" not in form and "4026" not in form, kind


def test_a_long_text_is_shortened_and_its_title_has_all_of_it() -> None:
    path = "/a/very/long/path/" * 9
    drawn = text(0, 0, path, room=200)
    assert f"<title>{path}</title>" in drawn and "…" in drawn


def test_the_style_sheet_is_small() -> None:
    assert len(css().encode()) < 2048
