"""What is said when a machine has ended and was not asked to: in plain words, to all who wait.

Source: "Messaging in Jupyter", 5.4 (``error``, replies with status ``error`` and ``aborted``).
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.core.errors import LabkitError
from labkit.machine.relay.messages import Content
from labkit.machine.relay.requests import Request


@dataclass(frozen=True)
class Ending:
    """Why there is no machine any more.

    Attributes:
        name: of the error, as Jupyter shows it.
        why: in one sentence, without a full stop.
        text: all of it, with what comes next.
    """

    name: str
    why: str
    text: str

    def error(self) -> Content:
        """Of the cell that ran: what is shown, and what its reply says."""
        return {"ename": self.name, "evalue": self.why, "traceback": self.text.splitlines()}

    def reply_to(self, request: Request, *, was_waiting: bool) -> Content:
        """Of a request.

        Args:
            request: what was asked.
            was_waiting: it is a cell that had not begun: it is aborted, as after any error.
        """
        content = {"status": "aborted" if was_waiting else "error", **self.error()}
        if request.kind == "execute_request":
            content |= {"execution_count": 0, "user_expressions": {}, "payload": []}
        return content


def machine_ended(why: str) -> Ending:
    """The machine ran, and is gone."""
    return Ending(
        "MachineEnded",
        why,
        f"The machine of this notebook has ended: {why}.\n"
        "A restart of the kernel brings a fresh one. Files and progress are kept; variables and "
        "sandboxes are gone.",
    )


def no_machine(error: Exception) -> Ending:
    """There was none to begin with."""
    if isinstance(error, LabkitError):
        why = f"{error.what}: {error.why}" if error.why else error.what
        text = f"This notebook's machine did not start: {why}."
        return Ending("NoMachine", why, f"{text}\n→ {error.hint}" if error.hint else text)
    why = f"{type(error).__name__}: {error}"
    return Ending("NoMachine", why, f"This notebook's machine did not start: {why}.")
