"""The map of the course: where one starts, the routes from there, and the rest.

A topic's state is said by a word and an icon; colour only repeats it. Cards are links where there
is something to open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from labkit.views.escape import clean
from labkit.views.frame import INNER, MARGIN, SMALL, card, counted, heading
from labkit.views.measure import Room, text_width
from labkit.views.palette import Ink
from labkit.views.picture import Picture, make_picture, overlay_link
from labkit.views.snapshots import CourseMap, Route, TopicCard
from labkit.views.svg import number, path, text
from labkit.views.table import Table
from labkit.views.topics import LOOKS, TALL, Placed, draw_topic, legend

COLUMNS, GAP, SPINE = 5, 12, 40
"""Cards in a row, the space between them, and the room at the left for the lines of the routes."""
WIDE = (INNER - SPINE - (COLUMNS - 1) * GAP) / COLUMNS
LEFT = MARGIN + SPINE

ROUTE_INKS: tuple[Ink, ...] = ("inn", "ink", "mut")


@dataclass(frozen=True)
class Group:
    """Topics that are drawn together, below a heading."""

    name: str
    note: str
    topics: Sequence[TopicCard]
    route: int | None = None


def map_view(m: CourseMap) -> Picture:
    """Draws the course."""
    groups = _groups(m)
    words = _summary(m)
    placed, marks, height = _place(m, groups)
    links = "".join(
        overlay_link(
            spot.topic.link,
            _label(spot.topic),
            x=spot.x,
            y=spot.y,
            width=spot.width,
            height=spot.height,
            of=height,
        )
        for spot in placed
        if spot.topic.link
    )
    body = [
        card(height),
        heading("MAP", "The course"),
        text(MARGIN, 112, words, ink="mut", room=INNER),
        legend(LEFT + 2 * WIDE + 3 * GAP + 10, 140),
        *marks,
        *(draw_topic(spot) for spot in placed),
    ]
    return make_picture(
        title="The map of the course",
        description=words,
        height=height,
        body="".join(body),
        tables=_tables(m, groups),
        html_extra=links,
    )


def _groups(m: CourseMap) -> list[Group]:
    """The first topic, one group for each route, and what is on none, by part."""
    by_slug = {topic.slug: topic for topic in m.topics}
    taken = {topic.slug for topic in m.topics[:1]}
    groups = [Group("", "", m.topics[:1])]
    for i, route in enumerate(m.routes):
        stops = [by_slug[slug] for slug in route.topics if slug in by_slug and slug not in taken]
        taken.update(route.topics)
        groups.append(Group(_capital(route.name), route.sentence, stops, route=i))
    for part in ("containers", "orchestration"):
        rest = [t for t in m.topics if t.part == part and t.slug not in taken]
        if rest:
            groups.append(Group(f"Then the rest of {part}", "", rest))
    return groups


def _place(m: CourseMap, groups: Sequence[Group]) -> tuple[list[Placed], list[str], float]:
    """Where each card is, the headings and lines between them, and the height of all."""
    placed = [
        Placed(topic, MARGIN, 136, LEFT + 2 * WIDE + GAP - MARGIN, 100)
        for topic in groups[0].topics
    ]
    marks: list[str] = []
    stops: list[Stop] = []
    y = 252.0
    for group in groups[1:]:
        ink = _route_ink(group.route) if group.route is not None else "ink"
        name = Room((INNER - SPINE) / 2, 16, "bold").shorten(clean(group.name))
        after = LEFT + text_width(name, 16, "bold") + 12
        marks.append(text(LEFT, y + 16, name, size=16, face="bold", ink=ink))
        marks.append(
            text(after, y + 16, group.note, size=SMALL, ink="mut", room=MARGIN + INNER - after)
        )
        y += 32
        for i, topic in enumerate(group.topics):
            row, column = divmod(i, COLUMNS)
            placed.append(Placed(topic, LEFT + column * (WIDE + GAP), y + row * (TALL + GAP), WIDE))
        stops.append(Stop(group.route, y + TALL / 2, len(group.topics)))
        y += -(-len(group.topics) // COLUMNS) * (TALL + GAP) + 16
    return placed, [_rails(len(m.routes), stops), *marks], y + 12


@dataclass(frozen=True)
class Stop:
    """Where a route leaves the spine: all routes (None) or one, at which height, how many cards."""

    route: int | None
    y: float
    cards: int


def _rails(routes: int, stops: Sequence[Stop]) -> str:
    """The lines of the routes: from the start down the left side, and through their own cards."""
    drawn = ""
    for i in range(routes):
        x, aside = MARGIN + 10 + 12 * i, 4 * (2 * i - routes + 1)
        own = [stop for stop in stops if stop.route in (i, None) and stop.cards]
        d = "".join(
            f"M{x} {number(stop.y + aside - 12)}q0 12 12 12H{number(_end_of(stop, i))}"
            for stop in own
        )
        if own:
            d += f"M{x} 236V{number(own[-1].y + aside - 12)}"
        drawn += path(d, stroke=_route_ink(i), line=5, dash="8 5" if i % 3 == 2 else "")
        if i % 3 == 1:
            drawn += path(d, stroke="card", line=2)  # hollow: told apart without colour
    return drawn


def _end_of(stop: Stop, route: int) -> float:
    if stop.route != route:
        return LEFT
    return LEFT + min(stop.cards, COLUMNS) * (WIDE + GAP) - GAP


def _route_ink(route: int) -> Ink:
    return ROUTE_INKS[route % len(ROUTE_INKS)]


def _summary(m: CourseMap) -> str:
    done = sum(topic.status == "done" for topic in m.topics)
    ready = sum(topic.status != "planned" for topic in m.topics)
    passed, tasks = sum(t.passed for t in m.topics), sum(t.tasks for t in m.topics)
    return (
        f"{done} of {counted(ready, 'topic')} done, {passed} of {counted(tasks, 'task')} passed; "
        f"{len(m.topics) - ready} to come."
    )


def _label(topic: TopicCard) -> str:
    return f"{topic.number:02} {topic.title}: {LOOKS[topic.status].word}"


def _tables(m: CourseMap, groups: Sequence[Group]) -> tuple[Table, ...]:
    numbers = {topic.slug: f"{topic.number:02}" for topic in m.topics}
    topics = Table(
        "The course: " + _summary(m),
        ("topic", "is", "tasks", "minutes", "needs", "part"),
        tuple(
            (
                f"{t.number:02} {t.title}",
                LOOKS[t.status].word,
                f"{t.passed} of {t.tasks}" if t.tasks else "",
                str(t.minutes or ""),
                ", ".join(numbers.get(slug, slug) for slug in t.needs),
                t.part,
            )
            for t in m.topics
        ),
        links=tuple((f"{t.number:02} {t.title}", t.link) for t in m.topics if t.link),
    )
    routes = Table(
        "Routes after the first topic",
        ("route", "for whom", "topics"),
        tuple((r.name, r.sentence, _stops(r, numbers)) for r in m.routes),
    )
    return (topics, routes) if m.routes else (topics,)


def _stops(route: Route, numbers: dict[str, str]) -> str:
    return ", ".join(numbers.get(slug, slug) for slug in route.topics) + ", then the rest"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
