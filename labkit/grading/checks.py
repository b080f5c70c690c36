"""A check: a function that looks at the state of the system and says how it stands to the task.

Its author also lists the wrong states that beginners reach, each with a function that makes it, so
that tests can prove that the check names what it sees. Knows nothing about notebooks, seeds and
stored progress; what it may look at is handed in as a :class:`~labkit.grading.lab.Lab`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from labkit.core.errors import AuthorError, BadInput, Blocked
from labkit.grading.verdict import OTHER, Verdict, blocked

if TYPE_CHECKING:
    from labkit.grading.lab import Lab

    Look = Callable[[Lab], Verdict]
    Make = Callable[[Lab], object]

M = TypeVar("M", bound="Make")

REGISTRY = "__labkit_checks__"
"""The list of its checks in the globals of a checks.py: a name used twice loses neither."""

UNLISTED = "What is there is not what the task asks for. The rows below show where they differ."
"""The message of a wrong state that no author listed."""


@dataclass(frozen=True)
class WrongState:
    """A wrong state that a beginner really reaches.

    Attributes:
        id: its name within the check.
        says: what the learner reads; what is the case, not what to do.
        hints: hints for those who are here, given before the check's general ones.
        near_miss: whether it is close to right (as opposed to "nothing done").
        make: brings that state about; tests call it.
    """

    id: str
    says: str
    hints: tuple[str, ...]
    near_miss: bool
    make: Make


@dataclass(frozen=True)
class Way:
    """A state told in words, and the function that makes it."""

    title: str
    make: Make


class Check:
    """One task's check. Made by :func:`check`, completed by the decorators below.

    Attributes:
        id: its name, unique in the course.
        title: what the learner does, in a few words.
        points: what it is worth.
        requires: ids of the capabilities it needs, as ``labkit doctor`` lists them.
        hints: the general hints, in the order in which they are given.
        topic: the topic it belongs to; set when a topic's checks are loaded.
        doc: what it looks at, for authors.
        where: ``path:line`` of its function.
        unlisted_states: makers of wrong states that nobody listed.
        right_ways: makers of right states, other than the topic's solution.
    """

    def __init__(
        self,
        look: Look,
        id: str,
        *,
        title: str,
        points: int,
        requires: Sequence[str],
        hints: Sequence[str],
    ) -> None:
        self.id, self.title, self.points = id, title, points
        self.requires, self.hints = tuple(requires), tuple(hints)
        self.topic = ""
        self.doc = (look.__doc__ or "").strip()
        self.where = where_is(look)
        self.listed: list[WrongState] = []
        self.unlisted_states: list[Way] = []
        self.right_ways: list[Way] = []
        self._look = look

    def __repr__(self) -> str:
        return f"<check {self.id}>"

    @property
    def wrong_states(self) -> dict[str, WrongState]:
        """The listed wrong states by id, in the author's order."""
        return {state.id: state for state in self.listed}

    def wrong(
        self, id: str, *, says: str, hints: Sequence[str] = (), near_miss: bool = False
    ) -> Callable[[M], M]:
        """Lists a wrong state; decorates the function that makes it. See :class:`WrongState`."""

        def keep(make: M) -> M:
            self.listed.append(WrongState(id, says, tuple(hints), near_miss, make))
            return make

        return keep

    def unlisted(self, title: str) -> Callable[[M], M]:
        """Decorates a function that makes a wrong state nobody listed; ``title`` says which."""

        def keep(make: M) -> M:
            self.unlisted_states.append(Way(title, make))
            return make

        return keep

    def right(self, title: str) -> Callable[[M], M]:
        """Decorates a function that does the task right, in the way that ``title`` says."""

        def keep(make: M) -> M:
            self.right_ways.append(Way(title, make))
            return make

        return keep

    def run(self, lab: Lab) -> Verdict:
        """Looks at the state of the system as it is now.

        Returns:
            The verdict; a ``not yet`` carries the message of its wrong state.

        Raises:
            AuthorError: the check itself is broken: it raised, named a wrong state that is not
                listed, or said ``not yet`` with nothing that disagrees.
        """
        lab.refresh()
        try:
            if reasons := lab.missing(self.requires):
                return blocked("\n".join(reasons))
        except BadInput as error:
            raise self.broken(f"requires what nobody knows: {error.what}") from error
        try:
            verdict = self._look(lab)
        except Blocked as error:
            return blocked(str(error))
        except AuthorError:
            raise
        except (Exception, SystemExit) as error:
            where = line_in(self._look.__code__.co_filename, error)
            raise self.broken(told(error), where=where) from error
        return self._completed(verdict)

    def validate(self) -> list[AuthorError]:
        """The author's mistakes in this check that can be found without running it."""
        from labkit.grading.mistakes import find_mistakes

        return find_mistakes(self)

    def broken(self, what: str, *, where: str = "") -> AuthorError:
        """An error that names this check and a place in its source."""
        return AuthorError(f"check {self.id}: {what}", where=where or self.where)

    def _completed(self, verdict: object) -> Verdict:
        if not isinstance(verdict, Verdict):
            raise self.broken(f"gave {verdict!r} instead of a verdict")
        if verdict.status != "not yet":
            return verdict
        states = self.wrong_states
        if verdict.state != OTHER and verdict.state not in states:
            known = ", ".join(states) or "none"
            raise self.broken(f"named the wrong state {verdict.state!r}; listed are: {known}")
        if not verdict.disagreements:
            raise self.broken(f"said 'not yet' ({verdict.state}) with nothing that disagrees")
        says = UNLISTED if verdict.state == OTHER else states[verdict.state].says
        return replace(verdict, message=says)


def check(
    id: str,
    *,
    title: str,
    points: int = 1,
    requires: Sequence[str] = (),
    hints: Sequence[str] = (),
) -> Callable[[Look], Check]:
    """Makes a check of the function below it.

    Args:
        id: its name, unique in the course: small letters, digits, hyphens.
        title: what the learner does, in a few words.
        points: what it is worth.
        requires: ids of the capabilities it needs, as ``labkit doctor`` lists them.
        hints: general hints, in the order in which they are given.
    """

    def make(look: Look) -> Check:
        made = Check(look, id, title=title, points=points, requires=requires, hints=hints)
        look.__globals__.setdefault(REGISTRY, []).append(made)
        return made

    return make


def where_is(function: Callable[..., object]) -> str:
    """``path:line`` of a function written in Python."""
    code = function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def line_in(file: str, error: BaseException) -> str:
    """``path:line`` where ``error`` left ``file``, innermost; empty when it never was there."""
    where, traceback = "", error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_filename == file:
            where = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return where


def told(error: BaseException) -> str:
    """A foreign error in one line, as part of a sentence."""
    return f"{type(error).__name__}: {error}".rstrip(" .:\n")
