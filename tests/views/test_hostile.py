"""Whatever a process, a host or a file is called: the picture is well-formed, and a picture."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

from defusedxml import ElementTree
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.grading.verdict import Evidence
from labkit.sandbox.facts import (
    Anatomy,
    BothSides,
    FamilyTree,
    Limit,
    NamespaceRow,
    ProcessLine,
    Relative,
    Side,
    Volume,
)
from labkit.views import (
    Card,
    Comparison,
    CourseMap,
    Picture,
    Route,
    TopicCard,
    anatomy_view,
    card_view,
    comparison_view,
    map_view,
    tree_view,
    xray_view,
)
from labkit.views.picture import WIDTH
from tests.views.pictures import SVG, written

NASTY = (
    "<script>alert(1)</script>", "</svg><img src=x onerror=alert(1)>", '"><a href="javascript:x">',
    "]]>", "<!--", "&lt;", "&#x26;", "\x00\x1b[2J\x7f", "\u202eevil", "\ud800", "\n\n\t", "` ``",
    "'", "─│┆", "漢字" * 40, "x" * 500, "",
)  # fmt: skip
TEXT = st.one_of(st.sampled_from(NASTY), st.text(max_size=60))
WORDS = st.lists(TEXT, max_size=6).map(tuple)
NUMBER = st.integers(0, 2**63)
PROCESSES = st.lists(st.builds(ProcessLine, NUMBER, NUMBER, TEXT), max_size=7).map(tuple)
SIDE = st.builds(
    Side, NUMBER, NUMBER, NUMBER, TEXT, TEXT, WORDS, TEXT, PROCESSES, NUMBER, WORDS, NUMBER, TEXT
)
NAMESPACES = st.lists(
    st.builds(NamespaceRow, TEXT | st.sampled_from(("pid", "uts", "time")), NUMBER, NUMBER),
    max_size=5,
).map(tuple)
BOTH = st.builds(BothSides, TEXT, TEXT, SIDE, SIDE, NAMESPACES, WORDS, st.booleans())
LIMITS = st.lists(
    st.builds(Limit, TEXT, NUMBER | st.none(), NUMBER, TEXT | st.just("bytes"), TEXT), max_size=3
).map(tuple)
ANATOMY = st.builds(
    Anatomy, TEXT, NUMBER, TEXT, TEXT, st.booleans(), NAMESPACES, TEXT, WORDS, WORDS,
    st.lists(st.builds(Volume, TEXT, TEXT, st.booleans()), max_size=5).map(tuple), LIMITS, WORDS,
    st.booleans(),
)  # fmt: skip
SMALL = st.integers(1, 8)
TREE = st.lists(
    st.builds(Relative, SMALL, SMALL, TEXT, SMALL, TEXT | st.sampled_from(("sandbox a", "helper"))),
    max_size=9,
).map(lambda members: FamilyTree(tuple(members)))
TOPICS = st.lists(
    st.builds(
        TopicCard, st.integers(0, 99), TEXT, TEXT, st.sampled_from(("containers", "orchestration")),
        WORDS, st.sampled_from(("done", "started", "open", "planned")), SMALL, SMALL,
        SMALL | st.none(), TEXT | st.none(),
    ),
    max_size=8,
).map(tuple)  # fmt: skip
MAP = st.builds(CourseMap, TOPICS, st.lists(st.builds(Route, TEXT, TEXT, WORDS), max_size=3))
CARD = st.builds(
    Card, TEXT, TEXT, st.floats(0, 9), st.sampled_from(("passed", "not yet", "blocked")), TEXT,
    st.lists(st.builds(Evidence, TEXT, TEXT, TEXT), max_size=12).map(tuple), TEXT, SMALL, SMALL,
    st.floats(0, 9) | st.none(), st.floats(0, 9), st.booleans(), TEXT,
)  # fmt: skip
COMPARISON = st.builds(Comparison, TEXT, TEXT | st.none(), TEXT, st.booleans() | st.none())

ELEMENTS = {f"{SVG}{name}" for name in ("svg", "title", "desc", "style", "text", "tspan", "rect",
                                        "path")}  # fmt: skip
HTML = {
    "figure", "style", "img", "div", "svg", "title", "desc", "text", "tspan", "rect", "path", "a",
    "details", "summary", "table", "caption", "thead", "tbody", "tr", "th", "td", "span",
}  # fmt: skip

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Page(HTMLParser):
    """The tags and attributes that a browser would find in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def is_harmless(picture: Picture) -> None:
    for node in ElementTree.fromstring(picture.svg).iter():
        assert node.tag in ELEMENTS
        assert not [name for name in node.attrib if name.startswith("on") or "href" in name]
    page = Page()
    page.feed(picture.html())
    assert page.tags <= HTML
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert not [link for name, link in page.attributes if name == "href" and urlsplit(link).scheme]
    assert "\x1b" not in picture.text and "\u202e" not in picture.text
    assert all(line.x >= 0 and line.x <= WIDTH for line in written(picture))


@given(BOTH)
@QUICK
def test_xray(both: BothSides) -> None:
    is_harmless(xray_view(both))


@given(ANATOMY)
@QUICK
def test_anatomy(anatomy: Anatomy) -> None:
    is_harmless(anatomy_view(anatomy))


@given(TREE)
@QUICK
def test_tree_of_any_shape_circles_included(tree: FamilyTree) -> None:
    is_harmless(tree_view(tree))


@given(MAP)
@QUICK
def test_map(course: CourseMap) -> None:
    is_harmless(map_view(course))


@given(CARD)
@QUICK
def test_card(card: Card) -> None:
    is_harmless(card_view(card))


@given(COMPARISON)
@QUICK
def test_comparison(comparison: Comparison) -> None:
    is_harmless(comparison_view(comparison))
