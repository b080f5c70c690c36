"""Sliders, without a browser: stops that have names, a place that comes in, a value that is set."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput, Blocked, NotFound
from labkit.jupyter.pictures import live as live_by_name
from labkit.sandbox.maps import GroupTree
from labkit.views import Action, Picture, Slider, group_tree_view, live
from tests.views import mapsamples
from tests.views.test_widgets import Shown

MIB = 1024**2


class Box:
    """A group whose memory may be limited: what it was set to, and what it says."""

    def __init__(self) -> None:
        self.limit: float | None = 64 * MIB
        self.was_set: list[float] = []
        self.is_gone = False

    def get(self) -> float | None:
        if self.is_gone:
            raise NotFound("group", "web")
        return self.limit

    def set(self, value: float) -> None:
        if value < 16 * MIB:
            raise Blocked("memory.max cannot be so small", why="more is in use", hint="Stop one")
        self.was_set.append(value)
        self.limit = value

    def snapshot(self) -> GroupTree:
        tree = mapsamples.three_groups()
        gauges = mapsamples.gauges((12 * MIB, self.limit), (3, 20), (0.1, 0.5))
        web = replace(tree.groups[1], gauges=gauges)
        return replace(tree, groups=(tree.groups[0], web))

    def slider(self, **more: Any) -> Slider:
        given: dict[str, Any] = {"scale": "log", "unit": "bytes", "help": "kills above"} | more
        return Slider("memory", "memory.max", 8 * MIB, 256 * MIB, self.get, self.set, **given)


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def shown(box: Box, monkeypatch: pytest.MonkeyPatch) -> Shown:
    actions = [Action("stop", "Stop it", lambda: "Stopped.")]
    widget = live(box.snapshot, group_tree_view, actions=actions, sliders=[box.slider()])
    return Shown(widget, monkeypatch)


def slide(shown: Shown, at: object, name: object = "memory") -> dict[str, Any]:
    shown.widget.receive({"seq": 7, "slide": name, "at": at})
    return shown.sent[-1]


def place_of(slider: Slider, words: str) -> int:
    return [slider.words(stop) for stop in slider.stops].index(words)


def test_a_move_sets_the_value_and_the_picture_follows(shown: Shown, box: Box) -> None:
    assert "12 of 64 MiB" in shown.widget.picture
    answer = slide(shown, place_of(box.slider(), "32 MiB"))
    assert box.was_set == [32 * MIB]
    assert "12 of 32 MiB" in shown.widget.picture and "32 MiB" in shown.widget.table
    assert shown.widget.places["memory"]["words"] == "32 MiB"
    assert answer["is_done"] and answer["said"] == (
        "memory.max is now 32 MiB. web, memory.max: 64 MiB → 32 MiB."
    )


def test_an_error_of_set_is_shown_as_that_of_an_action_and_the_slider_goes_back(
    shown: Shown, box: Box
) -> None:
    before = shown.widget.places
    answer = slide(shown, 0)
    assert answer["is_done"] and box.was_set == []
    assert shown.widget.error == {
        "what": "memory.max cannot be so small", "why": "more is in use", "hint": "Stop one",
    }  # fmt: skip
    assert shown.widget.places == before and not shown.widget.is_stale
    shown.press("refresh", is_automatic=True)
    assert shown.widget.error["hint"] == "Stop one"
    slide(shown, 9)
    assert shown.widget.error == {}


@pytest.mark.parametrize("at", [-1, 999, "3", None, 1.5, True])
def test_a_message_with_no_such_place_sets_nothing(shown: Shown, box: Box, at: object) -> None:
    assert slide(shown, at)["is_done"]
    assert box.was_set == [] and shown.widget.error["what"].startswith(
        "the slider 'memory.max' has"
    )


def test_an_unknown_slider_is_an_error_with_near_names(shown: Shown) -> None:
    assert slide(shown, 1, "memry")["is_done"]
    assert "Did you mean memory?" in shown.widget.error["hint"]


def test_a_value_that_changed_elsewhere_is_followed(shown: Shown, box: Box) -> None:
    box.limit = 100.3 * MIB
    shown.press("refresh", is_automatic=True)
    place = shown.widget.places["memory"]
    assert place == {"at": place_of(box.slider(), "96 MiB"), "words": "100.3 MiB"}
    box.limit = None
    shown.press("refresh", is_automatic=True)
    assert shown.widget.places["memory"] == {"at": len(box.slider().stops) - 1, "words": "no limit"}


def test_behind_the_largest_value_there_is_no_limit_where_that_can_be(box: Box) -> None:
    slider = box.slider(can_be_unlimited=True)
    last = len(slider.stops) - 1
    assert [slider.words(stop) for stop in slider.stops[-2:]] == ["256 MiB", "no limit"]
    assert slider.chosen(last) is None and slider.nearest(None) == last
    assert slider.nearest(10**12) == last - 1, "more than the largest value is a limit all the same"
    assert box.slider().stops[-1] == 256 * MIB


def test_a_value_that_cannot_be_read_any_more_leaves_the_last_one_marked_as_old(
    shown: Shown, box: Box
) -> None:
    before = shown.widget.places
    box.is_gone = True
    shown.press("refresh")
    assert shown.widget.is_stale and shown.widget.places == before
    assert shown.widget.error["what"] == "there is no group 'web'"


def test_the_front_end_gets_names_and_no_functions(shown: Shown) -> None:
    state = shown.widget.get_state()
    [slider] = state["sliders"]
    assert (slider["id"], slider["label"], slider["help"]) == (
        "memory",
        "memory.max",
        "kills above",
    )
    assert slider["stops"][0] == "8 MiB" and slider["stops"][-1] == "256 MiB"
    json.dumps(state)


def test_without_a_kernel_the_sliders_are_left_as_text(shown: Shown) -> None:
    bundle, _ = shown.widget._repr_mimebundle_()
    rows = [line.split() for line in bundle["text/plain"].splitlines()]
    assert ["memory.max", "│", "64", "MiB", "│", "8", "MiB", "│", "256", "MiB"] in rows
    assert "What the sliders set" in bundle["text/html"]


def test_the_stops_of_a_size_are_round_and_as_far_apart_everywhere(box: Box) -> None:
    slider = box.slider()
    names = [slider.words(stop) for stop in slider.stops]
    assert names[:6] == ["8 MiB", "10 MiB", "12 MiB", "14 MiB", "16 MiB", "20 MiB"]
    assert len(names) == 5 * 4 + 1


ENDS = st.tuples(st.floats(0.01, 1e9), st.floats(1.5, 1e4))


@given(
    ENDS, st.sampled_from(("linear", "log")), st.sampled_from(("bytes", "cores", "processes", ""))
)
def test_stops_rise_from_end_to_end_and_each_is_found_again(
    ends: tuple[float, float], scale: Any, unit: str
) -> None:
    low = max(ends[0], 2)
    slider = Slider("s", "s", low, low * ends[1], lambda: 1, print, scale=scale, unit=unit)
    stops = slider.values
    assert stops == slider.stops
    assert list(stops) == sorted(set(stops)) and 2 <= len(stops) <= 201
    assert stops[0] == pytest.approx(low, abs=0.5) and stops[-1] == pytest.approx(
        low * ends[1], abs=0.5
    )
    assert [slider.nearest(stop) for stop in stops] == list(range(len(stops)))
    if unit in ("bytes", "processes"):
        assert all(isinstance(stop, int) for stop in stops)


@pytest.mark.parametrize(
    "wrong",
    [{"minimum": 0}, {"minimum": 512 * MIB}, {"maximum": float("inf")}, {"maximum": float("nan")},
     {"scale": "linear", "step": 0}, {"scale": "linear", "step": 1}],
)  # fmt: skip
def test_a_slider_that_cannot_be_is_refused(box: Box, wrong: dict[str, Any]) -> None:
    slider = replace(box.slider(), **wrong)
    with pytest.raises(BadInput, match="the slider"):
        live(box.snapshot, group_tree_view, sliders=[slider])


def test_two_sliders_of_one_id_are_refused(box: Box) -> None:
    with pytest.raises(BadInput, match="an id of its own"):
        live(box.snapshot, group_tree_view, sliders=[box.slider(), box.slider()])


def test_a_slider_whose_value_cannot_be_read_is_the_callers_error(box: Box) -> None:
    box.is_gone = True
    with pytest.raises(NotFound):
        live(box.snapshot, group_tree_view, sliders=[box.slider()])


# -- the plain function ---------------------------------------------------------------------------


class Files(dict[str, str]):
    """A group as ``group["memory.max"]`` shows it."""


def drawn(files: Files) -> Picture:
    limit = files["memory.max"]
    gauges = mapsamples.gauges((MIB, None if limit == "max" else int(limit)), (1, 9), (0, 1))
    tree = mapsamples.three_groups()
    return group_tree_view(replace(tree, groups=(replace(tree.groups[1], gauges=gauges),)))


def files() -> Files:
    return Files({"memory.max": "max", "cpu.max": "50000 100000", "pids.max": "20",
                  "cpu.weight": "100"})  # fmt: skip


WANTED = {"memory.max": ("8M", "256M"), "cpu.max": (0.1, 2), "pids.max": (4, 64),
          "cpu.weight": (1, 10000)}  # fmt: skip


def test_limits_of_a_group_are_named_by_their_files() -> None:
    group = files()
    widget = live_by_name(drawn, group, sliders=WANTED)
    said = {name: place["words"] for name, place in widget.places.items()}
    assert said == {"memory.max": "no limit", "cpu.max": "0.5 cores", "pids.max": "20 processes",
                    "cpu.weight": "100"}  # fmt: skip
    stops = {slider["id"]: slider["stops"] for slider in widget.sliders}
    for name, words in (("memory.max", "64 MiB"), ("cpu.max", "0.25 cores"),
                        ("pids.max", "10 processes"), ("cpu.weight", "300")):  # fmt: skip
        widget.receive({"seq": 1, "slide": name, "at": stops[name].index(words)})
        assert widget.error == {} and widget.places[name]["words"] == words
    assert group == {"memory.max": str(64 * MIB), "cpu.max": "25000 100000", "pids.max": "10",
                     "cpu.weight": "300"}  # fmt: skip
    assert "of 64 MiB" in widget.picture
    for name, written in (("memory.max", "max"), ("cpu.max", "max 100000"), ("pids.max", "max")):
        assert stops[name][-1] == "no limit"
        widget.receive({"seq": 1, "slide": name, "at": len(stops[name]) - 1})
        assert widget.error == {} and group[name] == written
        assert widget.places[name] == {"at": len(stops[name]) - 1, "words": "no limit"}
        assert widget.stage.slide(name, len(stops[name]) - 1).startswith(
            f"{name} has no limit now."
        )
    assert stops["cpu.weight"][-1] == "10000"
    assert "of 64 MiB" not in widget.picture


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        ({"memory.mx": ("8M", "9M")}, NotFound, "memory.max"),
        ({"memory.max": ("8 little", "9M")}, BadInput, "'8 little' is no end"),
        ({"memory.max": ("9M", "8M")}, BadInput, "cannot go from"),
        ({"memory.max": "64M"}, BadInput, "needs two ends"),
        ({"pids.max": (4, "many")}, BadInput, "'many' is no end"),
    ],
)
def test_limits_that_make_no_sense_are_refused(wanted: Any, error: Any, words: str) -> None:
    with pytest.raises(error) as told:
        live_by_name(drawn, files(), sliders=wanted)
    assert words in f"{told.value.what} {told.value.hint}"


@pytest.mark.parametrize("target", [4711, object()])
def test_a_target_without_limits_is_refused_with_what_to_give(target: Any) -> None:
    with pytest.raises(BadInput, match="no limits") as told:
        live_by_name(drawn, target, sliders={"memory.max": ("8M", "9M")})
    assert "Cgroup" in told.value.hint
