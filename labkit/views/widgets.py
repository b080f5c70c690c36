"""What the widgets have in common: their files, their messages, what is left without a kernel.

A front end sends ``{"seq": n, …}`` and is answered ``{"seq": n, "is_done": true, …}``: always, so
that a button never stays disabled.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from labkit.views.picture import css


def widget_base(name: str) -> Any:
    """A base class for the widget whose front end is ``name.js``.

    Its subclasses define ``respond(message)``, which answers a message with a mapping, and
    ``still()``, the MIME bundle shown where no kernel answers.
    """
    import anywidget
    from comm import DummyComm

    here = files("labkit.views")

    class Base(anywidget.AnyWidget):
        """A widget that answers each message."""

        _esm = (here / f"{name}.js").read_text("utf-8")
        _css = css() + (here / "widgets.css").read_text("utf-8")

        def __init__(self, **state: Any) -> None:
            super().__init__(**state)
            self.on_msg(lambda _, message, buffers: self.receive(message))

        def receive(self, message: Mapping[str, Any]) -> None:
            """Handles one message of the front end and answers it."""
            answer = {}
            try:
                answer = self.respond(message)
            finally:
                self.send({"seq": message.get("seq"), "is_done": True, **answer})

        def respond(self, message: Mapping[str, Any]) -> dict[str, Any]:
            raise NotImplementedError

        def still(self) -> dict[str, str]:
            raise NotImplementedError

        def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            widget, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
            if isinstance(self.comm, DummyComm):
                return self.still(), {}
            return {**widget, **self.still()}, metadata

    return Base
