"""A picture that lives: refreshed, with buttons that act and sliders that set.

Thin: what is shown is a function of a snapshot; a press or a move runs a function of the caller's,
then takes a new snapshot. Without a kernel at the other end it is the picture alone.

Sources: the Jupyter widget messages (``custom``); anywidget's front-end module specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from labkit.core.errors import BadInput, LabkitError, NotFound
from labkit.views.changes import changes
from labkit.views.escape import clean
from labkit.views.picture import Picture
from labkit.views.sliders import Slider, as_table, by_id

T = TypeVar("T")

REFRESH = "refresh"


@dataclass(frozen=True)
class Action:
    """A button: what it is called, what it does.

    Attributes:
        id: its name in messages, unique within a widget; not ``refresh``.
        label: what stands on it.
        run: called at each press. A text that it returns is shown.
        help: one sentence more, as the button's title.
    """

    id: str
    label: str
    run: Callable[[], object]
    help: str = ""


def live(
    snapshot: Callable[[], T],
    view: Callable[[T], Picture],
    *,
    actions: Sequence[Action] = (),
    sliders: Sequence[Slider] = (),
    every_s: float | None = None,
) -> Any:
    """A widget that shows ``view(snapshot())``, with buttons and sliders.

    Args:
        snapshot: takes a snapshot; called now, at each refresh and after each action.
        view: draws it.
        actions: buttons beside "Refresh" and "As text".
        sliders: below the buttons; each sets its value when it comes to rest.
        every_s: refresh after so many seconds, while somebody sees it; None for never.

    Returns:
        An anywidget. Its ``receive(message)`` is what a message of the front end calls.

    Raises:
        BadInput: two actions or sliders of one id, a slider that cannot be, or a time that is not
            positive.
        LabkitError: what the first snapshot raises, or the first look at a slider's value.
    """
    return _widget_class()(Stage(snapshot, view, actions, every_s, sliders))


class Stage:
    """What the widget shows now; all of it that is not Jupyter.

    Attributes:
        actions, sliders: by id.
        picture: the last one that could be drawn.
        values: what the sliders stood at when that was.
    """

    def __init__(
        self,
        snapshot: Callable[[], T],
        view: Callable[[T], Picture],
        actions: Sequence[Action],
        every_s: float | None,
        sliders: Sequence[Slider] = (),
    ) -> None:
        if every_s is not None and every_s <= 0:
            raise BadInput(
                f"a picture cannot be refreshed every {every_s} s",
                hint="Give a positive number of seconds, or None",
            )
        self.actions = {action.id: action for action in actions}
        if len(self.actions) < len(actions) or REFRESH in self.actions:
            raise BadInput(
                "each action needs an id of its own",
                why="given: " + ", ".join(action.id for action in actions),
                hint=f"{REFRESH!r} is taken",
            )
        self.sliders = by_id(sliders)
        self.every_s = every_s
        self._draw: Callable[[], Picture] = lambda: view(snapshot())
        self.picture, self.values = self._draw(), self._read()
        self._failed_action: dict[str, str] = {}
        self._failed_snapshot: dict[str, str] = {}

    @property
    def error(self) -> dict[str, str]:
        """What went wrong last, as ``what``, ``why`` and ``hint``; empty when nothing did."""
        return self._failed_action or self._failed_snapshot

    @property
    def is_stale(self) -> bool:
        """Whether the last snapshot failed, so that ``picture`` is an older one."""
        return bool(self._failed_snapshot)

    def press(self, name: str, *, is_automatic: bool = False) -> str:
        """Runs an action, or none for ``refresh``, and takes a new snapshot.

        Args:
            is_automatic: nobody pressed: an action's error stays until somebody does.

        Returns:
            What to tell: what the action returned, if it is a text, and what has changed.
        """
        if not is_automatic:
            self._failed_action = {}
        said = "" if name == REFRESH else self._act(name)
        return self._shown_anew(said, is_automatic=is_automatic)

    def slide(self, name: str, at: object) -> str:
        """Sets the value at a slider's place, and takes a new snapshot.

        Returns:
            What to tell: what ``set`` returned or else what the value is now, and what has changed.
        """
        self._failed_action = {}
        said = self._set(name, at)
        changed = self._shown_anew(said)
        if said or self._failed_action:
            return changed
        slider = self.sliders[name]
        value = self.values[name]
        now = "has no limit now" if value is None else f"is now {slider.words(value)}"
        return f"{slider.label} {now}. {changed}".strip()

    def _shown_anew(self, said: str, *, is_automatic: bool = False) -> str:
        before = self.picture
        self._refresh()
        changed = changes(before, self.picture, steady_only=is_automatic)
        if not changed and not said and not self.error and not is_automatic:
            changed = "Nothing has changed."
        return f"{_sentence(said)} {changed}".strip()

    def _act(self, name: str) -> str:
        try:
            if name not in self.actions:
                raise NotFound("action", name, self.actions)
            result = self.actions[name].run()
        except Exception as error:  # whatever it is, it is shown: nobody else would see it
            self._failed_action = describe(error)
            return ""
        return clean(result) if isinstance(result, str) else ""

    def _set(self, name: str, at: object) -> str:
        try:
            if name not in self.sliders:
                raise NotFound("slider", name, self.sliders)
            slider = self.sliders[name]
            result = slider.set(slider.chosen(at))
        except Exception as error:  # as above
            self._failed_action = describe(error)
            return ""
        return clean(result) if isinstance(result, str) else ""

    def _read(self) -> dict[str, float | None]:
        return {slider.id: slider.get() for slider in self.sliders.values()}

    def _refresh(self) -> None:
        try:
            self.picture, self.values = self._draw(), self._read()
            self._failed_snapshot = {}
        except Exception as error:  # as above
            self._failed_snapshot = describe(error)


def _sentence(said: str) -> str:
    """With a full stop, for another sentence follows, and both are read aloud."""
    return said if not said or said.endswith((".", "!", "?", "…", ":")) else f"{said}."


def describe(error: Exception) -> dict[str, str]:
    """An error as ``what``, ``why`` and ``hint``."""
    if isinstance(error, LabkitError):
        return {"what": clean(error.what), "why": clean(error.why), "hint": clean(error.hint)}
    return {"what": type(error).__name__, "why": clean(str(error)), "hint": ""}


@cache
def _widget_class() -> Any:
    """The class, made at the first use: importing anywidget takes a third of a second."""
    from traitlets import Bool, Dict, Float, List, Unicode

    from labkit.views.widgets import widget_base

    class Live(widget_base("live")):  # type: ignore[misc]
        """The stage, shown."""

        title = Unicode().tag(sync=True)
        picture = Unicode().tag(sync=True)
        table = Unicode().tag(sync=True)
        actions: Any = List().tag(sync=True)
        sliders: Any = List().tag(sync=True)
        places = Dict().tag(sync=True)
        every_s = Float(None, allow_none=True).tag(sync=True)
        error = Dict().tag(sync=True)
        is_stale = Bool(False).tag(sync=True)

        def __init__(self, stage: Stage) -> None:
            self.stage = stage
            buttons = [
                {"id": action.id, "label": action.label, "help": action.help}
                for action in stage.actions.values()
            ]
            sliders = [
                {"id": s.id, "label": s.label, "help": s.help, "stops": [*map(s.words, s.stops)]}
                for s in stage.sliders.values()
            ]
            super().__init__(
                title=stage.picture.title,
                actions=buttons,
                sliders=sliders,
                every_s=stage.every_s,
                **self._shown(),
            )

        def respond(self, message: Mapping[str, Any]) -> dict[str, Any]:
            """Does what was pressed or moved; sends what is shown, then what has changed."""
            if "slide" in message:
                said = self.stage.slide(str(message["slide"]), message.get("at"))
            else:
                said = self.stage.press(
                    str(message.get("press")), is_automatic=bool(message.get("is_automatic"))
                )
            with self.hold_sync():
                for name, value in self._shown().items():
                    setattr(self, name, value)
            return {"said": said}

        def still(self) -> dict[str, str]:
            html, text = self.stage.picture.html(), self.stage.picture.text
            if self.stage.sliders:
                table = as_table(self.stage.sliders.values(), self.stage.values)
                html, text = html + table.html(), f"{text}\n\n{table.text()}"
            return {"text/html": html, "text/plain": text}

        def _shown(self) -> dict[str, Any]:
            stage = self.stage
            return {
                "picture": stage.picture.inline_html(),
                "table": stage.picture.table_html(),
                "error": stage.error,
                "is_stale": stage.is_stale,
                "places": {
                    id: {"at": slider.nearest(value), "words": slider.words(value)}
                    for id, slider in stage.sliders.items()
                    for value in [stage.values[id]]
                },
            }

    return Live
