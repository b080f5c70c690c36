"""What a slider does in a real browser: says its value, sends where it came to rest, waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.leaks import Place
from tests.views.browsing import Look, act, browser
from tests.views.pictures import DRAW

pytestmark = pytest.mark.requires("program:chromium")

STOPS = ["8 MiB", "16 MiB", "32 MiB", "64 MiB"]


@pytest.fixture(scope="module")
def look(run_place: Place) -> Iterator[Look]:
    with browser() as look:
        yield look


def state(**more: Any) -> dict[str, Any]:
    picture = DRAW["groups"]()
    sliders = [
        {"id": "mem", "label": "memory.max", "help": "kills above", "stops": STOPS},
        {"id": "cpu", "label": "<b>cpu</b>", "help": "", "stops": ["0.1 cores", "1 core"]},
    ]
    places = {"mem": {"at": 3, "words": "61.3 MiB"}, "cpu": {"at": 0, "words": "0.1 cores"}}
    return {"title": "t", "picture": picture.inline_html(), "table": picture.table_html(),
            "actions": [{"id": "stop", "label": "Stop", "help": ""}], "every_s": None, "error": {},
            "is_stale": False, "sliders": sliders, "places": places, **more}  # fmt: skip


TOOLS = """
  const [mem, cpu] = el.querySelectorAll("input[type=range]");
  const words = (one) => [one.getAttribute("aria-valuetext"), one.nextSibling.textContent];
  const drag = (one, ...places) => { for (const at of places) {
    one.value = at; one.dispatchEvent(new Event("input")); } };
  const drop = (one) => one.dispatchEvent(new Event("change"));
  const sent = async (count) => { while (model.sent.length < count) await wait(5); };
  const said = el.querySelector("[role=status]");
"""


def show(look: Look, script: str, **more: Any) -> Any:
    return look("<body>", act("live", state(**more), TOOLS + script))


def test_a_slider_has_a_label_and_says_its_value_in_words(look: Look) -> None:
    found = show(
        look,
        """return [mem.labels[0].textContent, mem.getAttribute("aria-description"),
      mem.value, words(mem), cpu.labels[0].textContent, cpu.hasAttribute("aria-description")];""",
    )
    assert found == ["memory.max", "kills above", "3", ["61.3 MiB"] * 2, "<b>cpu</b>", False]


def test_it_is_sent_once_where_it_came_to_rest(look: Look) -> None:
    found = show(
        look,
        """
      drag(mem, 2, 1, 0); const before = [words(mem)[0], model.sent.length];
      drop(mem); await wait(100); drag(mem, 1); drop(mem);
      await sent(1); await wait(400);
      return [before, model.sent.map(({ slide, at, is_automatic }) => [slide, at, is_automatic])];
    """,
    )
    assert found == [["8 MiB", 0], [["mem", 1, False]]]


def test_the_keyboard_moves_it_by_one_stop(look: Look) -> None:
    found = show(
        look,
        """
      mem.focus(); mem.stepDown(); mem.dispatchEvent(new Event("input")); drop(mem);
      await sent(1);
      return [mem.step || "1", mem.min, mem.max, model.sent[0].at, document.activeElement === mem];
    """,
    )
    assert found == ["1", "0", "3", 2, True]


def test_it_stays_where_it_was_put_until_the_answer_and_then_shows_what_is_true(look: Look) -> None:
    found = show(
        look,
        """
      const seen = [];
      const elsewhere = { mem: { at: 3, words: "64 MiB" }, cpu: { at: 1, words: "1 core" } };
      drag(mem, 0); model.set("places", elsewhere); seen.push(mem.value, cpu.value);
      drop(mem); await sent(1); model.set("places", elsewhere); seen.push(mem.value);
      model.answer({ said: "memory.max is now 64 MiB." });
      return [...seen, mem.value, ...words(mem), said.textContent];
    """,
    )
    assert found == ["0", "1", "0", "3", "64 MiB", "64 MiB", "memory.max is now 64 MiB."]


def test_a_move_during_another_is_sent_after_it_and_only_the_last(look: Look) -> None:
    found = show(
        look,
        """
      drag(mem, 2); drop(mem); await sent(1);
      drag(mem, 1); drop(mem); await wait(300); drag(mem, 0); drop(mem); await wait(300);
      drag(cpu, 1); drop(cpu); await wait(300);
      const held = model.sent.length;
      model.answer(); model.answer();
      return [held, model.sent.map(({ slide, at }) => [slide, at]), mem.value];
    """,
    )
    assert found == [1, [["mem", 2], ["mem", 0], ["cpu", 1]], "3"]


def test_a_press_and_a_move_during_a_refresh_of_its_own_are_both_kept(look: Look) -> None:
    found = show(
        look,
        """
      await sent(1);
      button("Stop").click(); drag(mem, 1); drop(mem); await wait(300);
      model.answer(); model.answer();
      return model.sent.map(({ press, slide }) => press ?? slide);
    """,
        every_s=0.05,
    )
    assert found[:3] == ["refresh", "stop", "mem"]


def test_buttons_wait_while_a_value_is_set(look: Look) -> None:
    found = show(
        look,
        """
      drag(mem, 1); drop(mem); await sent(1);
      const busy = button("Stop").ariaDisabled; button("Stop").click();
      model.answer();
      return [busy, button("Stop").ariaDisabled, model.sent.length];
    """,
    )
    assert found == ["true", "false", 1]


def test_a_view_that_is_taken_away_sends_no_move(look: Look) -> None:
    found = show(
        look,
        """
      drag(mem, 1); drop(mem); leave(); await wait(400);
      return [model.sent.length, model.heard.length];
    """,
    )
    assert found == [0, 0]


@pytest.mark.parametrize("width", [860, 420])
def test_sliders_stay_in_their_place_and_large_enough_to_be_hit(look: Look, width: int) -> None:
    script = """
      const box = mem.getBoundingClientRect();
      return [box.height >= 24, box.width >= 90, document.body.scrollWidth <= innerWidth];
    """
    found = look("<body>", act("live", state(), TOOLS + script), width=width)
    assert found == [True, True, True]
