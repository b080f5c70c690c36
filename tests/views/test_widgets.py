"""The widgets, without a browser: a message comes in, state and an answer go out."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from labkit.core.errors import BadInput, Blocked, NotFound
from labkit.sandbox.facts import BothSides
from labkit.views import Action, choice, live, tree_view, xray_view
from labkit.views.changes import changes
from labkit.views.live_widget import Stage
from tests.views import samples


class Machine:
    """Something that changes, and the presses it got."""

    def __init__(self) -> None:
        self.both = samples.both_sides()
        self.pressed: list[str] = []

    def snapshot(self) -> BothSides:
        if self.both.name == "gone":
            raise NotFound("sandbox", "web", ["wep"])
        return self.both

    def start(self) -> str:
        self.pressed.append("start")
        inside = replace(self.both.inside, process_count=3)
        self.both = replace(self.both, inside=inside)
        return "Started <sleep>."

    def end(self) -> None:
        self.both = replace(self.both, name="gone")

    def fail(self) -> None:
        raise Blocked("this user may not do it", why="it is root's", hint="Ask root")

    def crash(self) -> None:
        raise ZeroDivisionError("division by zero")


class Shown:
    """A widget, and what it sent to its front end."""

    def __init__(self, widget: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.widget = widget
        self.sent: list[dict[str, Any]] = []
        monkeypatch.setattr(widget, "send", self.sent.append)

    def press(self, name: object, **more: object) -> dict[str, Any]:
        self.widget.receive({"seq": len(self.sent), "press": name, **more})
        return self.sent[-1]


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def shown(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Shown:
    actions = [
        Action("start", "Start one more", machine.start, "starts a process"),
        Action("end", "End it", machine.end),
        Action("fail", "Do the impossible", machine.fail),
        Action("crash", "Crash", machine.crash),
    ]
    return Shown(live(machine.snapshot, xray_view, actions=actions, every_s=2), monkeypatch)


def test_a_press_runs_the_action_and_shows_the_new_picture(shown: Shown, machine: Machine) -> None:
    before = shown.widget.picture
    answer = shown.press("start")
    assert machine.pressed == ["start"]
    assert shown.widget.picture != before and ">3 processes<" in shown.widget.picture
    assert answer["said"] == ("Started <sleep>. processes in sight, from inside: 2 → 3."), (
        "what the action said, and what has changed"
    )


def test_every_message_is_answered_with_its_number(shown: Shown) -> None:
    for i, name in enumerate(["refresh", "start", "end", "fail", "crash", "nonsense", None, 7]):
        answer = shown.press(name)
        assert (answer["seq"], answer["is_done"]) == (i, True)
    shown.widget.receive({})
    assert shown.sent[-1]["is_done"]


def test_an_error_of_an_action_is_shown_and_goes_with_the_next_success(shown: Shown) -> None:
    shown.press("fail")
    assert shown.widget.error == {
        "what": "this user may not do it", "why": "it is root's", "hint": "Ask root",
    }  # fmt: skip
    assert not shown.widget.is_stale
    shown.press("refresh")
    assert shown.widget.error == {}


def test_an_error_of_an_action_outlives_a_refresh_that_nobody_asked_for(shown: Shown) -> None:
    shown.press("fail")
    shown.press("refresh", is_automatic=True)
    assert shown.widget.error["what"] == "this user may not do it"


def test_an_error_that_is_not_ours_is_shown_too(shown: Shown) -> None:
    shown.press("crash")
    assert shown.widget.error["what"] == "ZeroDivisionError"
    assert shown.widget.error["why"] == "division by zero"


def test_an_unknown_action_is_an_error_with_near_names(shown: Shown) -> None:
    shown.press("strat")
    assert "Did you mean start?" in shown.widget.error["hint"]


def test_a_snapshot_that_fails_leaves_the_last_picture_marked_as_old(
    shown: Shown, machine: Machine
) -> None:
    before = shown.widget.picture
    shown.press("end")
    assert shown.widget.is_stale and shown.widget.picture == before
    assert shown.widget.error["what"] == "there is no sandbox 'web'"
    machine.both = samples.both_sides()
    shown.press("refresh")
    assert not shown.widget.is_stale and shown.widget.error == {}


def test_nothing_new_is_said_when_asked_and_kept_quiet_when_not(shown: Shown) -> None:
    assert shown.press("refresh")["said"] == "Nothing has changed."
    assert shown.press("refresh", is_automatic=True)["said"] == ""


def test_what_changes_all_the_time_is_not_told_by_itself(shown: Shown, machine: Machine) -> None:
    machine.both = samples.both_sides(pid=40000)
    assert shown.press("refresh", is_automatic=True)["said"] == ""
    machine.both = samples.both_sides(pid=50000)
    assert "process id, from the host: 40000 → 50000." in shown.press("refresh")["said"]


def test_changes_names_what_came_and_what_went() -> None:
    family = samples.family()
    smaller = replace(family, members=family.members[:-1])
    assert changes(tree_view(family), tree_view(smaller)) == "top -b: gone."
    assert changes(tree_view(smaller), tree_view(family)) == "top -b: new."


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("2 packets received", "2 packets received. process id"),
        ("Done.", "Done. process id"),
        ("Is it?", "Is it? process id"),
        (None, "process id"),
    ],
)
def test_what_an_action_says_is_a_sentence_of_its_own(returned: object, said: str) -> None:
    seen = iter([samples.both_sides(pid=4000), samples.both_sides(pid=5000)])
    say = Action("say", "Say", lambda: returned)
    stage = Stage(lambda: next(seen), xray_view, [say], every_s=None)
    assert stage.press("say").startswith(f"{said}, from the host: 4000 → 5000.")


def test_many_changes_are_summed_up() -> None:
    one, other = samples.both_sides(), samples.both_sides("net", pid=4)
    said = changes(xray_view(one), xray_view(other))
    assert said.count(": ") == 3 and said.endswith("more changes.")


def test_the_front_end_gets_the_buttons_and_its_own_code(shown: Shown) -> None:
    state = shown.widget.get_state()
    assert [action["id"] for action in state["actions"]] == ["start", "end", "fail", "crash"]
    assert state["every_s"] == 2
    assert "export default" in state["_esm"] and len(state["_esm"]) < 6500
    assert "http" not in state["_esm"] + state["_css"]
    json.dumps(state)


def test_without_a_kernel_the_picture_alone_is_left(shown: Shown) -> None:
    bundle, _ = shown.widget._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == str(xray_view(samples.both_sides()))


IN_A_KERNEL = """
from labkit.views import Action, choice, live, xray_view
from tests.views import samples
live(samples.both_sides, xray_view, actions=[Action("a", "A", print)])
"""


def test_in_a_kernel_the_widget_comes_with_the_picture_behind_it() -> None:
    import nbclient
    import nbformat

    cells = [nbformat.v4.new_code_cell(IN_A_KERNEL)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    bundle = notebook.cells[0].outputs[-1]["data"]
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<figure" in bundle["text/html"]
    assert bundle["text/plain"].startswith("One process, seen from both sides")


def test_bad_actions_and_times_are_refused(machine: Machine) -> None:
    one = Action("a", "A", machine.start)
    for actions in ([one, one], [Action("refresh", "R", machine.start)]):
        with pytest.raises(BadInput, match="an id of its own"):
            live(machine.snapshot, xray_view, actions=actions)
    for every_s in (0, -1.0):
        with pytest.raises(BadInput, match="every"):
            live(machine.snapshot, xray_view, every_s=every_s)


def test_a_first_snapshot_that_fails_is_the_callers_error(machine: Machine) -> None:
    machine.end()
    with pytest.raises(NotFound):
        live(machine.snapshot, xray_view)


CHOICES = ("1", "31337", "`/proc` is missing")


def asked(monkeypatch: pytest.MonkeyPatch, on_answer: Any, **more: Any) -> Shown:
    return Shown(choice("What does `echo $$` print?", CHOICES, on_answer, **more), monkeypatch)


def answer(shown: Shown, index: object) -> dict[str, Any]:
    shown.widget.receive({"seq": 9, "answer": index})
    return shown.sent[-1]


def test_an_answer_is_handed_on_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[str] = []
    shown = asked(monkeypatch, got.append)
    assert answer(shown, 1) == {"seq": 9, "is_done": True}
    assert got == ["31337"]
    assert (shown.widget.chosen, shown.widget.message) == (1, "You predicted: 31337")


def test_an_answer_may_be_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = asked(monkeypatch, lambda chosen: f"Noted: {chosen}")
    answer(shown, 0)
    assert shown.widget.message == "Noted: 1"


def test_an_answer_that_is_refused_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(chosen: str) -> None:
        raise BadInput("it is too late", hint="Run the next cell")

    shown = asked(monkeypatch, refuse, chosen="1")
    answer(shown, 1)
    assert shown.widget.error["what"] == "it is too late"
    assert (shown.widget.chosen, shown.widget.message) == (0, "You predicted: 1")


@pytest.mark.parametrize("index", [-1, 3, "1", None, 1.5, True])
def test_a_message_with_no_such_answer_calls_nobody(
    monkeypatch: pytest.MonkeyPatch, index: object
) -> None:
    got: list[str] = []
    shown = asked(monkeypatch, got.append)
    assert answer(shown, index)["is_done"]
    assert got == [] and shown.widget.error["what"].startswith("there is no answer")


def test_without_a_kernel_the_question_is_left_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle, _ = asked(monkeypatch, print, chosen="1").widget._repr_mimebundle_()
    assert bundle["text/plain"] == (
        "What does `echo $$` print?\n● 1\n○ 31337\n○ `/proc` is missing"
    )


@pytest.mark.parametrize(
    ("choices", "chosen"), [((), None), (("a",), None), (("a", "a"), None), (("a", "b"), "c")]
)
def test_a_question_without_a_choice_is_refused(
    choices: tuple[str, ...], chosen: str | None
) -> None:
    with pytest.raises(BadInput):
        choice("?", choices, print, chosen=chosen)


def test_importing_views_imports_no_widgets() -> None:
    code = (
        "import sys, labkit.views as v; [getattr(v, n) for n in v.__all__];"
        "print([m for m in ('anywidget', 'ipywidgets', 'traitlets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_packed_copy_is_the_svg_itself() -> None:
    picture = xray_view(samples.both_sides())
    packed = picture.html().split("base64,")[1].split('"')[0]
    assert base64.b64decode(packed).decode() == picture.svg
