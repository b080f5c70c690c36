"""Progress from one machine to another: what an export brings, and what of it counts.

What an export says was passed is a claim: :func:`replay` rebuilds each such state with the
course's tested solutions and runs the check on it, so that what counts was seen here, and the
learner has the state again. Knows nothing about files, and nothing about where solutions lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from labkit.core.errors import BadInput, Blocked
from labkit.grading.checks import Check
from labkit.grading.events import new_event
from labkit.grading.exports import Export
from labkit.grading.lab import Lab
from labkit.grading.progress import Progress
from labkit.grading.verdict import Verdict, blocked


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        added: how many events were new.
        is_seed_taken: whether the learner goes on with the export's seed.
    """

    added: int
    is_seed_taken: bool


def merge(progress: Progress, export: Export, take_seed: bool | None) -> Imported:
    """Adds an export to a learner's progress. See :meth:`Progress.import_`."""
    known = {event.id for event in progress.events()}
    new = [event for event in export.events if event.id not in known]
    differs = export.seed != progress.seed
    if take_seed is None and differs:
        if new and not _is_fresh(progress):
            raise BadInput(
                "this progress has a seed of its own, and so has the import",
                why="a learner's values come from the seed",
                hint="Say take_seed=True to go on with the imported values, take_seed=False to"
                " keep yours",
            )
        take_seed = bool(new)
    takes = bool(take_seed) and differs
    more = [new_event("seed", seed=export.seed)] if takes else []
    if new:
        form: dict[str, Any] = {"digest": export.digest, "seed": export.seed, "events": len(new)}
        more.append(new_event("import", **form, verified=False))
    if more:
        progress.add(*(replace(event, is_foreign=True) for event in new), *more)
    return Imported(len(new), takes)


def replay(
    export: Export,
    checks: Mapping[str, Check],
    rebuild: Callable[[Check], object],
    lab_for: Callable[[Check], Lab],
    *,
    progress: Progress | None = None,
) -> list[tuple[str, Verdict]]:
    """Rebuilds the state of each task that the export says was passed, and checks it here.

    Args:
        export: the export.
        checks: the course's checks by id, in the order in which states build on each other.
        rebuild: makes a task's state with its tested solution.
        lab_for: the lab to run a check in; it stays open, and so does the state.
        progress: where to record the verdicts, as verified.

    Returns:
        Id and verdict of each such task. One that this course has not, or whose state cannot be
        made on this machine, is blocked.

    Raises:
        LabkitError: whatever else ``rebuild`` or a check raises; verdicts up to there are
            recorded.
    """
    claimed = dict.fromkeys(
        event.task
        for event in export.events
        if event.kind == "verdict" and event.data["status"] == "passed"
    )
    verdicts = []
    for id in [id for id in checks if id in claimed]:
        verdict = _replay_one(checks[id], rebuild, lab_for)
        if progress:
            progress.record_verdict(checks[id], verdict, is_verified=True)
        verdicts.append((id, verdict))
    strangers = [id for id in claimed if id not in checks]
    return verdicts + [(id, blocked(f"this course has no check {id!r}")) for id in strangers]


def _replay_one(
    check: Check, rebuild: Callable[[Check], object], lab_for: Callable[[Check], Lab]
) -> Verdict:
    try:
        rebuild(check)
    except Blocked as error:
        return blocked(str(error))
    return check.run(lab_for(check))


def _is_fresh(progress: Progress) -> bool:
    return all(event.kind in ("seed", "opened") for event in progress.events())
