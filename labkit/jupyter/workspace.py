"""Where a learner works: the course that is near, this learner's progress, and the work folders.

What both the notebook and the command line need to run a check: find it by its id, give it the
learner's values and folder, hold it to a deadline, record the verdict. Knows nothing about how
any of it is shown.

Source: nbgrader's documentation (``NBGRADER_EXECUTION``).
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import TimedOut
from labkit.core.paths import data_dir
from labkit.course import find_course
from labkit.grading import Lab, Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labkit.course import Course, Topic
    from labkit.grading import Check, Verdict, Watcher

DEADLINE_S = 20.0
"""For one check. It should need a fifth of a second; a loaded machine may need much longer."""

GRADER_SEED = "nbgrader"
"""The learner's seed where a school grades: the class has one, or ``LABKIT_SEED`` names it."""

WORK = "my-work"
"""The folder in which a learner's files lie, one folder for each topic."""


@dataclass(frozen=True)
class Outcome:
    """A check that was run: what it found, and how long it took."""

    check: Check
    verdict: Verdict
    seconds: float


@dataclass
class Workspace:
    """One learner's place in one course.

    Attributes:
        course: the course.
        progress: the learner's progress.
        work: the folder of the work folders.
        opened: slug of the topic that was opened last; empty for none.
        labs: the labs of the topics that were opened, by slug.
        questions: what was asked for a prediction, by topic and id.
        said: notices that the learner has been shown.
        watcher: what looks at checks again and again; none when nothing is watched.
    """

    course: Course
    progress: Progress
    work: Path
    opened: str = ""
    labs: dict[str, Lab] = field(default_factory=dict)
    questions: dict[tuple[str, str], str] = field(default_factory=dict)
    said: set[str] = field(default_factory=set)
    watcher: Watcher | None = None

    def open(self, topic: Topic) -> Lab:
        """Opens a topic and records that: from now on it is the one that is meant.

        Returns:
            The learner's lab: the same one each time, ended when Python ends.
        """
        self.progress.record_opened(topic.slug)
        self.opened = topic.slug
        lab = self.lab(topic)
        known = self.labs.get(topic.slug)
        if known and (known.values, known.folder) == (lab.values, lab.folder):
            return known
        self.labs[topic.slug] = lab
        atexit.register(lab.close)
        return lab

    def lab(self, topic: Topic) -> Lab:
        """A new lab: this learner's values and work folder for a topic."""
        values = topic.checks().variant.values(self.progress.seed, topic.slug)
        return Lab(topic.slug, self.folder(topic), values)

    def folder(self, topic: Topic) -> Path:
        """The learner's work folder for a topic; need not be there yet."""
        return self.work / topic.slug

    def run(self, id: str) -> Outcome:
        """Runs a check and records its verdict.

        Args:
            id: the check's id, or ``topic/id``.

        Raises:
            NotFound: there is no such check; says which are near.
            AuthorError: the check itself is broken.
            TimedOut: it gave no verdict in time.
        """
        topic, check = self.course.check(id)
        began = time.perf_counter()
        verdict = judge(check, self.lab(topic))
        seconds = round(time.perf_counter() - began, 3)
        self.progress.record_verdict(check, verdict)
        return Outcome(check, verdict, seconds)

    def watch(
        self,
        checks: Iterable[Check],
        lab_for: Callable[[Check], Lab],
        on_change: Callable[[Check, Verdict], object],
    ) -> None:
        """Watches some checks, and nothing else any more. See :class:`labkit.grading.Watcher`."""
        from labkit.grading import Watcher

        self.stop_watching()
        self.watcher = Watcher(checks, lab_for, on_change)
        self.watcher.start()

    def stop_watching(self) -> None:
        """Ends the watching, if there is any."""
        if self.watcher:
            self.watcher.stop()
        self.watcher = None

    def notices(self) -> list[str]:
        """What the learner should know about the progress file, each said only once."""
        notice = self.progress.notice
        if not notice or notice in self.said:
            return []
        self.said.add(notice)
        return [notice]


def judge(check: Check, lab: Lab, *, deadline_s: float = DEADLINE_S) -> Verdict:
    """Runs a check, in a thread of its own: nothing can make it end but itself.

    Raises:
        AuthorError: the check is broken.
        TimedOut: no verdict within ``deadline_s`` seconds; says the line where it hangs.
    """
    found: list[Verdict | BaseException] = []

    def look() -> None:
        try:
            found.append(check.run(lab))
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=look, name=f"labkit-check-{check.id}", daemon=True)
    thread.start()
    thread.join(deadline_s)
    if not found:
        raise TimedOut(
            f"the verdict of check {check.id}",
            after_s=deadline_s,
            last_seen=_where(thread, Path(check.where.rpartition(":")[0]).parent),
            hint="Run it again; if it hangs again, restart the kernel",
        )
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def current_workspace(start: Path | None = None) -> Workspace:
    """The workspace of this process: the course around ``start``, or around the working folder.

    Raises:
        NotFound: there is no course.
        AuthorError: its course.toml is wrong.
    """
    course = find_course(start)
    known = _workspaces()
    # Grading moves to a home of its own, once.
    home = "" if is_autograded() else os.environ.get("LABKIT_HOME", "")
    key = (course.root, home)
    if key not in known:
        known[key] = _new_workspace(course)
    known[key].course = course  # an author may have changed it
    return known[key]


def is_graded_by_school() -> bool:
    """Whether nbgrader runs this notebook: to grade it, or to validate it."""
    return os.environ.get("NBGRADER_EXECUTION", "") in ("autograde", "validate")


def is_autograded() -> bool:
    """Whether nbgrader runs this notebook to grade it: a student's work, on a teacher's machine."""
    return os.environ.get("NBGRADER_EXECUTION", "") == "autograde"


@cache
def _workspaces() -> dict[tuple[Path, str], Workspace]:
    return {}


def _new_workspace(course: Course) -> Workspace:
    if is_autograded():
        return _grading_workspace(course)
    return Workspace(course, Progress(), _work_folder(course))


def _grading_workspace(course: Course) -> Workspace:
    """For nbgrader: no student's files and images meet another's, nor the teacher's progress.

    A home of its own, for this process; it ends with a session of the teacher's home.
    """
    from labkit.core.session import Session
    from labkit.grading.events import new_event

    keeper = Session()
    atexit.register(keeper.close)
    home = keeper.folder / "home"
    os.environ["LABKIT_HOME"] = str(home)
    progress = Progress(home / "progress.sqlite")
    progress.add(new_event("seed", seed=GRADER_SEED))
    return Workspace(course, progress, home / WORK)


def _work_folder(course: Course) -> Path:
    """In the course, where the learner sees it.

    Apart from it where the course is the package's or somebody else's, or ``LABKIT_WORK`` is set.
    """
    if chosen := os.environ.get("LABKIT_WORK"):
        return Path(chosen)
    package = Path(sys.modules["labkit"].__file__ or "").parent
    in_course = course.root / WORK
    is_ours = not course.root.is_relative_to(package) and os.access(course.root, os.W_OK)
    if in_course.is_dir():
        is_ours = is_ours and os.access(in_course, os.W_OK)
    return in_course if is_ours else data_dir() / WORK


def _where(thread: threading.Thread, folder: Path) -> str:
    """The line in which a thread is: the innermost in ``folder``, else the innermost of all."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return "it has just ended"
    lines = traceback.extract_stack(frame)
    own = (line for line in reversed(lines) if Path(line.filename).is_relative_to(folder))
    last = next(own, lines[-1])
    return f"{last.filename}:{last.lineno}: {last.line}"
