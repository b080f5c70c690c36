"""What only a browser knows: whether texts overlap, what a theme changes, what a button does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from labkit.core.linux import CAPABILITIES
from labkit.grading.verdict import Evidence
from labkit.sandbox.facts import Anatomy, BothSides, FamilyTree, Relative
from labkit.sandbox.maps import NetworkMap, Traffic
from labkit.views import (
    Card,
    Comparison,
    CourseMap,
    Picture,
    anatomy_view,
    card_view,
    comparison_view,
    group_tree_view,
    map_view,
    namespace_map_view,
    network_view,
    timeline_view,
    tree_view,
    xray_view,
)
from tests.support.leaks import Place
from tests.views import mapsamples, samples
from tests.views.browsing import Look, act, browser
from tests.views.pictures import DRAW, LARGE

pytestmark = pytest.mark.requires("program:chromium")


@pytest.fixture(scope="module")
def look(run_place: Place) -> Iterator[Look]:
    with browser() as look:
        yield look


def long_names(both: BothSides) -> BothSides:
    """The longest that one meets: host names of 64 characters, seven digits, deep paths."""
    outside = replace(
        both.outside, hostname="m" * 64, user="W" * 32, uid=2**32 - 2, cgroup="/docker/" * 20,
        process_count=4194304, pid=4194304, root_filesystem="fuse.rclone",
    )  # fmt: skip
    inside = replace(both.inside, hostname="w" * 63, process_count=4194304, cgroup="/a/" * 60)
    return replace(both, outside=outside, inside=inside, name="n" * 63, command="c " * 200)


def crowded() -> Anatomy:
    """All there can be: 41 capabilities, many layers and volumes, long paths, no limit."""
    anatomy = samples.anatomy(used=10**15)
    return replace(
        anatomy, name="n" * 63, command="c " * 200, image="registry.example:5000/a/b/c:latest" * 3,
        layers=tuple(f"{i:064x}" for i in range(30)), changed=("/var/cache/" * 9,) * 30,
        volumes=anatomy.volumes * 4, limits=(replace(anatomy.limits[0], limit=None),) * 2,
        capabilities=tuple(f"CAP_{name}" for name in CAPABILITIES), no_new_privs=False,
    )  # fmt: skip


def deep() -> FamilyTree:
    """A chain of twenty processes in a sandbox, with long commands and large numbers."""
    members = samples.family().members
    pids = range(4194280, 4194300)
    chain = (Relative(pid, pid - 1, "w" * 300, pid - 4194279, "") for pid in pids)
    first = replace(members[5], pid=4194279, command="W" * 300, role="sandbox " + "n" * 63)
    return FamilyTree((*members[:5], first, *chain))


def wordy() -> Card:
    return replace(
        samples.not_yet(), id="i" * 90, title="A title of many words " * 8, points=1000,
        message="many words " * 99, hint="`code` and words " * 99, blocked_fix="sudo x\n" * 40,
        evidence=(Evidence("what was looked at " * 9, "e" * 400, "o " * 400),) * 12,
    )  # fmt: skip


def long_named() -> dict[str, Picture]:
    """The maps with the longest names and numbers that one meets."""
    network = tuple(
        replace(
            space, name=f"sandbox {'m' * 63}",
            links=tuple(
                replace(link, name="W" * 15 if link.kind == "veth" else link.name,
                        addresses=("fd00:1234:5678:9abc:def0:1234:5678:9abc/128",) * 3,
                        traffic=Traffic(10**15, 10**15, 0, 0, 10**12))
                for link in space.links
            ),
            masquerades=("fd00:1234:5678:9abc:def0:1234:5678:9abc/128",) * 4,
        )
        for space in mapsamples.bridged(6).namespaces
    )  # fmt: skip
    processes = mapsamples.pod()
    members = {
        pid: replace(member, pid=4194000 + pid % 300, command="W" * 300)
        for pid, member in processes.members.items()
    }
    groups = tuple(
        replace(group, path="/" + "m" * 200 + group.path, owner_uid=2**32 - 2, is_frozen=True,
                gauges=mapsamples.gauges((1023.9 * 2**30, 1023.9 * 2**40), (4194304, 4194304),
                                         (127.99, 127.99)), weight=10000,
                events={"memory.oom_kill": 1, "cpu.nr_throttled": 1, "memory.high": 1,
                        "pids.max": 1})
        for group in mapsamples.three_groups().groups
    )  # fmt: skip
    timeline = mapsamples.memory_timeline()
    moments = tuple(replace(m, at_s=3.0 + i / 99, words="W" * 300) for i, m in
                    enumerate(timeline.moments))  # fmt: skip
    return {
        "network, long names": network_view(NetworkMap(network)),
        "namespaces, long names": namespace_map_view(replace(processes, members=members)),
        "groups, long names": group_tree_view(replace(mapsamples.three_groups(), groups=groups)),
        "timeline, long names": timeline_view(replace(timeline, group="/w" * 200, moments=moments)),
    }


def full() -> CourseMap:
    course = samples.course()
    topics = tuple(
        replace(t, title="Incomprehensibilities " * 4, status="started", passed=99, tasks=99)
        for t in course.topics
    )
    routes = tuple(replace(r, name=r.name * 9, sentence=r.sentence * 9) for r in course.routes)
    return replace(course, topics=topics, routes=routes)


PICTURES: dict[str, Picture] = (
    {name: draw() for name, draw in (DRAW | LARGE).items()}
    | {
        "xray, long names": xray_view(long_names(samples.both_sides())),
        "anatomy, crowded": anatomy_view(crowded()),
        "tree, deep": tree_view(deep()),
        "card, wordy": card_view(wordy()),
        "map, full": map_view(full()),
        "comparison, wordy": comparison_view(Comparison("why? " * 99, "p" * 999, "h " * 999, True)),
    }
    | long_named()
)

BOXES = """() => [...document.querySelectorAll("svg text")].filter((t) => t.textContent).map((t) =>
{
  const { x, y, width, height } = t.getBBox();
  return { words: t.textContent, x, y, width, height };
})"""


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    """Whether two boxes share more than the air that every line of text has above and below."""
    across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    return across > 0 and down > 5


@pytest.mark.parametrize("name", PICTURES)
def test_texts_stay_in_the_picture_and_out_of_each_other(look: Look, name: str) -> None:
    boxes = look(PICTURES[name].html(), BOXES)
    assert len(boxes) > 4
    for i, box in enumerate(boxes):
        assert box["x"] >= 0 and box["x"] + box["width"] <= 800, box
        for other in boxes[i + 1 :]:
            assert not overlap(box, other), (box, other)


@pytest.mark.parametrize("width", [860, 500])
def test_a_picture_is_as_wide_as_its_place_and_no_wider(look: Look, width: int) -> None:
    script = "() => [document.querySelector('svg').clientWidth, document.body.scrollWidth]"
    html = f'<body style="margin:0">{PICTURES["map"].html()}'
    drawn, page = look(html, script, width=width)
    assert drawn <= min(800, width) and page <= width


THEMES = {
    '<body data-jp-theme-light="true">': ("rgb(255, 255, 255)",) * 2,
    '<body data-jp-theme-light="false">': ("rgb(23, 28, 34)",) * 2,
    '<body class="vscode-dark">': ("rgb(23, 28, 34)",) * 2,
    '<body class="vscode-light">': ("rgb(255, 255, 255)",) * 2,
    "<body>": ("rgb(255, 255, 255)", "rgb(23, 28, 34)"),
}
GROUND = "() => getComputedStyle(document.querySelector('svg rect')).fill"


@pytest.mark.parametrize("body", THEMES)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_theme_of_the_page_counts_and_then_the_readers_wish(
    look: Look, body: str, scheme: int
) -> None:
    found = look(body + PICTURES["tree"].html(), GROUND, scheme=("light", "dark")[scheme])
    assert found == THEMES[body][scheme]


@pytest.mark.parametrize(
    ("scheme", "colour"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(23, 28, 34)")]
)
def test_the_svg_alone_follows_the_readers_wish(look: Look, scheme: str, colour: str) -> None:
    assert look(PICTURES["tree"].svg, GROUND, scheme=scheme) == colour


SHOWN = """() => ({
  still: getComputedStyle(document.querySelector(".labkit-still")).display,
  drawn: getComputedStyle(document.querySelector(".labkit-pic")).display,
})"""


def test_one_copy_is_shown_with_style_sheets_and_the_other_without(look: Look) -> None:
    page = PICTURES["tree"].html()
    stripped = page[: page.index("<style>")] + page[page.index("</style>") :]
    assert look(page, SHOWN) == {"still": "none", "drawn": "block"}
    assert look(stripped, SHOWN) == {"still": "inline", "drawn": "none"}


def test_the_links_of_the_map_lie_on_their_cards(look: Look) -> None:
    script = """() => [...document.querySelectorAll(".labkit-pic a")].map((a) => {
      const box = a.getBoundingClientRect();
      const under = [...document.querySelectorAll("svg text")].filter((text) => {
        const { left, top, right, bottom } = text.getBoundingClientRect();
        return left >= box.left && right <= box.right && top >= box.top && bottom <= box.bottom;
      });
      return [a.getAttribute("href"), under[0].textContent];
    })"""
    found = look(PICTURES["map"].html(), script, width=500)
    assert found == [[f"labs/{n}/lab.ipynb", n] for n in ("00", "05", "01")]


def live_state(**more: Any) -> dict[str, Any]:
    picture = PICTURES["map"]
    actions = [{"id": "stop", "label": "Stop", "help": "Ends it"}]
    state = {"title": "t", "picture": picture.inline_html(), "table": picture.table_html()}
    return {**state, "actions": actions, "every_s": None, "error": {}, "is_stale": False, **more}


def test_a_press_is_sent_once_and_holds_the_buttons_until_the_answer(look: Look) -> None:
    script = """
      const states = () => [...el.querySelectorAll("button")].map((b) => b.ariaDisabled);
      button("Stop").focus(); button("Stop").click(); button("Stop").click();
      button("Refresh").click();
      const [sent, held] = [model.sent.map((m) => m.press), states()];
      const focused = document.activeElement.textContent;
      model.answer({ said: "It has ended." });
      return { sent, held, focused, free: states(), said: el.querySelector("[role=status]").textContent };
    """  # noqa: E501
    assert look("<body>", act("live", live_state(), script)) == {
        "sent": ["stop"], "held": ["true"] * 3, "focused": "Stop", "free": ["false"] * 3,
        "said": "It has ended.",
    }  # fmt: skip


def test_an_answer_to_another_view_frees_nothing(look: Look) -> None:
    script = """
      button("Stop").click();
      model.fire("msg:custom", { seq: "somebody-1", is_done: true, said: "no" });
      return [button("Stop").ariaDisabled, el.querySelector("[role=status]").textContent];
    """
    assert look("<body>", act("live", live_state(), script)) == ["true", ""]


def test_text_and_picture_take_turns_and_follow_the_state(look: Look) -> None:
    script = """
      const what = () => [!!el.querySelector("svg"), !!el.querySelector("table")];
      const seen = [what()];
      button("As text").click(); seen.push(what());
      model.set("table", "<p>new</p>");
      seen.push(el.querySelector(".labkit-shown").textContent);
      button("As picture").click(); seen.push(what());
      return seen;
    """
    assert look("<body>", act("live", live_state(), script)) == [
        [True, False], [False, True], "new", [True, False],
    ]  # fmt: skip


def test_an_error_is_told_as_text_and_taken_back(look: Look) -> None:
    script = """
      const wrong = el.querySelector("[role=alert]");
      model.state.is_stale = true;
      model.set("error", { what: "<b>it</b> failed", why: "of this", hint: "do that" });
      const told = wrong.innerText.split("\\n");
      const stale = el.querySelector(".labkit-shown").hasAttribute("data-stale");
      model.state.is_stale = false; model.set("error", {});
      return [told, stale, wrong.textContent];
    """
    told = ["<b>it</b> failed: of this", "do that", "The picture shows what was seen last."]
    assert look("<body>", act("live", live_state(), script)) == [told, True, ""]


def test_the_focus_stays_on_a_link_when_the_picture_changes(look: Look) -> None:
    script = """
      el.querySelectorAll(".labkit-pic a")[1].focus();
      model.set("picture", model.get("picture") + " ");
      return document.activeElement.getAttribute("href");
    """
    assert look("<body>", act("live", live_state(), script)) == "labs/05/lab.ipynb"


def test_it_refreshes_by_itself_only_where_somebody_sees_it(look: Look) -> None:
    script = """
      const sent = async (count) => { while (model.sent.length < count) await wait(5); };
      const gone = new Promise((resolve) => new IntersectionObserver(([entry]) =>
        entry.isIntersecting || resolve()).observe(el));
      await sent(1); await wait(100); const unanswered = model.sent.length;
      model.answer(); await sent(2);
      el.style.display = "none"; await gone;
      model.answer(); const hidden = model.sent.length; await wait(120);
      return [unanswered, model.sent[0].is_automatic, model.sent.length - hidden];
    """
    state = live_state(every_s=0.03)
    assert look("<body>", act("live", state, script)) == [1, True, 0]


def test_a_press_during_a_refresh_of_its_own_is_not_lost(look: Look) -> None:
    script = """
      while (!model.sent.length) await wait(10);
      button("Stop").click(); const before = model.sent.length;
      model.answer();
      return [before, model.sent.map((m) => m.press)];
    """
    found = look("<body>", act("live", live_state(every_s=0.02), script))
    assert found == [1, ["refresh", "stop"]]


def test_a_view_that_is_taken_away_is_silent(look: Look) -> None:
    script = """
      while (!model.sent.length) await wait(5);
      model.answer(); leave();
      const before = model.sent.length; await wait(100);
      return [model.sent.length - before, model.heard.length];
    """
    assert look("<body>", act("live", live_state(every_s=0.01), script)) == [0, 0]


def choice_state(**more: Any) -> dict[str, Any]:
    return {"question": "What does `echo $$` print?", "choices": ["1", "<i>2</i>"], "chosen": -1,
            "message": "", "error": {}, **more}  # fmt: skip


def test_a_question_is_a_radio_group_with_a_name(look: Look) -> None:
    script = """
      const inputs = [...el.querySelectorAll("fieldset input[type=radio]")];
      return { legend: el.querySelector("legend").innerHTML, names: new Set(inputs.map((i) => i.name)).size,
               labels: inputs.map((i) => i.labels[0].textContent) };
    """  # noqa: E501
    assert look("<body>", act("choice", choice_state(), script)) == {
        "legend": "What does <code>echo $$</code> print?", "names": 1, "labels": ["1", "<i>2</i>"],
    }  # fmt: skip


def test_a_long_question_stands_inside_its_card_above_the_answers(look: Look) -> None:
    script = """
      el.style.width = "500px";
      const top = (one) => el.querySelector(one).getBoundingClientRect().top;
      const bottom = (one) => el.querySelector(one).getBoundingClientRect().bottom;
      return [top("fieldset") < top("legend"), bottom("legend") <= top("label"),
              bottom("legend") - top("legend") > 40];
    """
    state = choice_state(question="What becomes of it? " * 5)
    assert look("<body>", act("choice", state, script)) == [True, True, True]


def test_an_answer_is_sent_when_it_is_said_and_not_before(look: Look) -> None:
    script = """
      const save = button("This is my prediction");
      const said = el.querySelector("[role=status]");
      save.click(); const seen = [model.sent.length, said.textContent];
      el.querySelectorAll("input")[1].click(); seen.push(model.sent.length);
      save.click(); save.click(); seen.push(model.sent.map((m) => m.answer), save.ariaDisabled);
      model.state.chosen = 1; model.set("message", "You predicted: 2"); model.answer();
      seen.push(said.textContent, save.textContent, save.ariaDisabled);
      return seen;
    """
    assert look("<body>", act("choice", choice_state(), script)) == [
        0, "Choose one of the answers first.", 0, [1], "true",
        "You predicted: 2", "Change my prediction", "false",
    ]  # fmt: skip


def test_an_answer_given_earlier_is_shown(look: Look) -> None:
    script = "return [...el.querySelectorAll('input')].map((i) => i.checked);"
    state = choice_state(chosen=1, message="You predicted: 2")
    assert look("<body>", act("choice", state, script)) == [False, True]
