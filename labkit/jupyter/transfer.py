"""``export_progress`` and ``import_progress``: progress from one machine to another.

What an export says was passed counts here once it was seen here: the state of each such task is
built from its tested solution, and checked.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.jupyter.desk import desk, user_namespace
from labkit.jupyter.states import Step, clear, folder_of, run_steps
from labkit.jupyter.text import Text

if TYPE_CHECKING:
    from labkit.grading import Check, Lab, Verdict
    from labkit.jupyter.workspace import Workspace


@dataclass(frozen=True)
class ImportReport:
    """What an import brought.

    Attributes:
        added: how many events were new.
        is_seed_taken: whether the values of the other machine are used from now on.
        verdicts: id and verdict of each task that the file says was passed.
    """

    added: int
    is_seed_taken: bool
    verdicts: tuple[tuple[str, Verdict], ...]

    @property
    def is_confirmed(self) -> bool:
        """Whether everything that the file says was passed passes here."""
        return all(verdict.is_passed for _, verdict in self.verdicts)

    def __str__(self) -> str:
        lines = [f"{self.added} new events were read." if self.added else "Nothing in it is new."]
        if self.is_seed_taken:
            lines.append("Your values are those of the other machine from now on: run begin again.")
        if self.verdicts:
            lines += ["", "What it says was passed, built and checked here:"]
            lines += [line for id, verdict in self.verdicts for line in _lines(id, verdict)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def export_progress(path: str | Path) -> Text:
    """Writes your progress to one file, which ``import_progress`` reads on another machine.

    Args:
        path: the file, such as ``"me.json"``.

    Raises:
        SystemFault: it cannot be written.
    """
    file = Path(path).expanduser()
    workspace = desk()
    workspace.progress.export(file)
    text = f"Your progress is in {file.absolute()}."
    return Text(text, text)


def import_progress(
    path: str | Path,
    *,
    take_seed: bool | None = None,
    namespace: dict[str, Any] | None = None,
) -> ImportReport:
    """Reads a file of ``export_progress``, and builds what it says was passed.

    Args:
        path: the file.
        take_seed: whether to go on with the values of the other machine. Not given: yes where
            nothing has happened here yet.
        namespace: where the variables of the open topic go; the notebook's when not given.

    Raises:
        BadInput: it is no such file; or both machines have values of their own, and
            ``take_seed`` is not given.
    """
    from labkit.grading import read_export, replay

    export = read_export(Path(path).expanduser())
    workspace = desk()
    imported = workspace.progress.import_(export, take_seed=take_seed)
    checks = {
        id: check for topic in workspace.course.present for id, check in topic.checks().items()
    }
    builder = Builder(workspace, user_namespace() if namespace is None else namespace)
    verdicts = replay(export, checks, builder.build, builder.lab_for, progress=workspace.progress)
    return ImportReport(imported.added, imported.is_seed_taken, tuple(verdicts))


class Builder:
    """Builds the states of tasks, each on those before it.

    Args:
        workspace: the learner's.
        namespace: the variables of the topic that is open; the others get their own.
    """

    def __init__(self, workspace: Workspace, namespace: dict[str, Any]) -> None:
        self.workspace = workspace
        self._variables = {workspace.opened: namespace}
        self._done: dict[str, list[Step]] = {}
        self._labs: dict[str, Lab] = {}

    def build(self, check: Check) -> None:
        """Builds the state in which a task is done."""
        from labkit.course import setup_and_solutions_before, solution_code

        course = self.workspace.course
        topic = course.topic(check.topic)
        steps = setup_and_solutions_before(course, check.id)
        steps = [*steps, (check.title, solution_code(course, check.id))]
        done = self._done.get(topic.slug)
        if done is None or steps[: len(done)] != done:
            clear(self.workspace, topic)
            done = []
        self._done[topic.slug] = steps  # also when it breaks: what is there is not to be built on
        variables = self._variables.setdefault(topic.slug, {})
        run_steps(steps[len(done) :], variables, folder_of(topic, check))

    def lab_for(self, check: Check) -> Lab:
        """The lab to run a check in; one for each topic."""
        if check.topic not in self._labs:
            self._labs[check.topic] = self.workspace.lab(self.workspace.course.topic(check.topic))
        return self._labs[check.topic]


def _lines(id: str, verdict: Verdict) -> list[str]:
    if verdict.is_passed:
        return [f"  ✓ {id}: passed"]
    first, *more = (verdict.message or "no reason was given").splitlines()
    sign = "✗" if verdict.status == "blocked" else "·"
    return [f"  {sign} {id}: {verdict.status}: {first}", *(f"      {line}" for line in more)]
