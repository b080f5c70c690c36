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
        is_wanted: the cell that ran asked for it: no error.
    """

    name: str
    why: str
    text: str
    is_wanted: bool = False

    def error(self) -> Content:
        """Of the cell that ran: what is shown, and what its reply says."""
        return {"ename": self.name, "evalue": self.why, "traceback": self.text.splitlines()}

    def reply_to(self, request: Request, *, was_waiting: bool) -> Content:
        """Of a request.

        Args:
            request: what was asked.
            was_waiting: it is a cell that had not begun: it is aborted, as after any error.
        """
        content: Content = {"status": "aborted" if was_waiting else "error", **self.error()}
        if self.is_wanted and not was_waiting:
            content = {"status": "ok"}
        if request.kind == "execute_request":
            count = request.execution_count
            content |= {"execution_count": count, "user_expressions": {}, "payload": []}
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


def machine_reset() -> Ending:
    """A cell has thrown the machine away, and there will be another one."""
    return Ending(
        "MachineReset",
        "the machine of this notebook was reset",
        "This machine is thrown away, as you asked, and a fresh one is on its way. Variables and "
        "sandboxes are gone; files in the course folder and your progress are kept.",
        is_wanted=True,
    )


def no_machine(error: Exception) -> Ending:
    """There was none to begin with."""
    why, hint = f"{type(error).__name__}: {error}", ""
    if isinstance(error, LabkitError):
        why = f"{error.what}: {error.why}" if error.why else error.what
        hint = f"→ {error.hint}.\n" if error.hint else ""
    return Ending(
        "NoMachine",
        why,
        f"This notebook's machine did not start: {why}.\n{hint}"
        "Then restart the kernel (Kernel → Restart Kernel…): it tries again.",
    )
