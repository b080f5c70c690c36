"""``task``: the state before a task, built from the tested solutions of the tasks before it.

Nothing of the learner's is lost: what lies in the work folder is set aside, not deleted.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import Blocked, LabkitError, SystemFault, TimedOut
from labkit.jupyter.desk import desk, shell, user_namespace
from labkit.jupyter.text import Text

if TYPE_CHECKING:
    from labkit.course import Topic
    from labkit.grading import Check
    from labkit.jupyter.workspace import Workspace

Step = tuple[str, str]
"""Its title, and its code: a cell of a notebook."""

END_S = 5.0
"""For a sandbox that was killed to be gone; a few milliseconds as a rule."""


def task(id: str, namespace: dict[str, Any] | None = None) -> Text:
    """Builds the state before a task, from the solutions of the tasks before it.

    Ends the sandboxes of this session, sets aside what is in the topic's work folder, and runs
    the set-up and the solutions. Their variables are then yours.

    Args:
        id: the id of the task's check.
        namespace: where the variables go; the notebook's own when not given.

    Returns:
        What was built.

    Raises:
        NotFound: there is no such task; says which are near.
        Blocked: this machine cannot do one of the steps.
        SystemFault: a step failed; says which.
    """
    from labkit.course import setup_and_solutions_before

    workspace = desk()
    topic, check = workspace.course.check(id)
    steps = setup_and_solutions_before(workspace.course, check.id)
    ended, aside = clear(workspace, topic)
    variables = user_namespace() if namespace is None else namespace
    run_steps(steps, variables, folder_of(topic, check))
    return _told(check, steps, ended, aside)


def clear(workspace: Workspace, topic: Topic) -> tuple[int, Path | None]:
    """Makes room for a state: ends this session's sandboxes, sets aside the work folder.

    Returns:
        How many sandboxes ended, and where the files are now; None when there were none.
    """
    workspace.stop_watching()
    if lab := workspace.labs.pop(topic.slug, None):
        lab.close()
    return end_sandboxes(), set_aside(workspace.folder(topic))


def run_steps(steps: Sequence[Step], variables: dict[str, Any], folder: Path) -> None:
    """Runs cells of a notebook, one after the other, without showing what they print.

    Args:
        steps: titles and code.
        variables: where their variables go.
        folder: where they run.

    Raises:
        Blocked: this machine cannot do one of them.
        SystemFault: one failed; says which.
    """
    with contextlib.chdir(folder):
        for number, (title, code) in enumerate(steps, 1):
            try:
                _run(code, title, variables)
            except Exception as error:
                raise _failed(f"step {number} of {len(steps)} ({title})", error) from error


def end_sandboxes() -> int:
    """Ends the sandboxes that this session runs. Returns how many there were."""
    from labkit.core.session import current_session
    from labkit.sandbox import running

    own = current_session().id
    mine = [box for box in running() if box.session == own]
    for box in mine:
        _kill(box.pid)
    deadline = time.monotonic() + END_S
    while left := [box.name for box in running() if box.session == own]:
        if time.monotonic() > deadline:
            raise TimedOut("the end of the sandboxes", after_s=END_S, last_seen=", ".join(left))
        time.sleep(0.01)
    return len(mine)


def set_aside(folder: Path) -> Path | None:
    """Moves what is in a work folder to a folder beside it, named by the time.

    Returns:
        Where it is now; None when there was nothing.

    Raises:
        Blocked: it cannot be moved.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside, number = folder.with_name(f"{folder.name}.before-{stamp}"), 1
    while aside.exists():
        number += 1
        aside = folder.with_name(f"{folder.name}.before-{stamp}-{number}")
    try:
        return folder.rename(aside)
    except OSError as error:
        raise Blocked(
            f"your files in {folder} cannot be set aside",
            why=error.strerror or str(error),
            hint="Move them away yourself, and try again",
        ) from error


def folder_of(topic: Topic, check: Check) -> Path:
    """The working folder of the notebook that has a task."""
    from labkit.course.source import read_source

    source = topic.sources["exercise"]
    if source.exists() and any(cell.task == check.id for cell in read_source(source)):
        exercise = topic.notebook("exercise")
        return exercise.parent if exercise.parent.is_dir() else topic.folder
    return topic.folder


def _run(code: str, title: str, variables: dict[str, Any]) -> None:
    from IPython.core.inputtransformer2 import TransformerManager

    manager: Any = TransformerManager
    source = manager().transform_cell(code)
    if "get_ipython()" in source:  # a magic, or a line that begins with !
        variables.setdefault("get_ipython", _shell_for(variables))
    variables.setdefault("__name__", "__main__")
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(source, f"<{title}>", "exec", dont_inherit=True), variables)


def _shell_for(variables: dict[str, Any]) -> Any:
    """What ``get_ipython`` is in a step: the notebook's own, else one made for it."""
    running = shell()
    if running is None:
        from IPython.core.interactiveshell import InteractiveShell

        make: Any = InteractiveShell.instance
        running = make()
        running.history_manager.enabled = False
        running.user_ns = variables
        from labkit.jupyter.extension import load

        load(running)
    return lambda: running


def _kill(pid: int) -> None:
    """Kills a process, and waits a little until it has gone."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
        select.select([fd], [], [], END_S)
    except ProcessLookupError:
        pass
    finally:
        os.close(fd)


def _failed(step: str, error: Exception) -> LabkitError:
    if isinstance(error, Blocked):
        return Blocked(
            f"{step} cannot be done here", why=f"{error.what}: {error.why}",
            hint=error.hint, capability=error.capability,
        )  # fmt: skip
    if isinstance(error, LabkitError):
        why = f"{error.what}: {error.why}" if error.why else error.what
        return SystemFault(f"do {step}", why=why, hint=error.hint)
    return SystemFault(f"do {step}", why=f"{type(error).__name__}: {error}".rstrip(" .:"))


def _told(check: Check, steps: Sequence[Step], ended: int, aside: Path | None) -> Text:
    done = list(dict.fromkeys(title for title, _ in steps))
    lines = [
        f"You are at the beginning of “{check.title}” (its check is {check.id}).",
        "Done for you before it:" if done else "Nothing had to be done before it.",
    ]
    paragraphs = [" ".join(lines), "\n".join(f"- {title}" for title in done)]
    if ended == 1:
        paragraphs.append("The sandbox that ran here was ended.")
    elif ended:
        paragraphs.append(f"The {ended} sandboxes that ran here were ended.")
    if aside:
        paragraphs.append(f"What was in your folder is now in {aside}.")
    text = "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
    return Text(text, text)
