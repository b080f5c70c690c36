"""Progress from one machine to another: one JSON file, read as if a stranger had made it.

An export is text in UTF-8: format, schema version, labkit version, seed, events. Nothing in it is
a path, a program or code. What it says was passed is a claim: :func:`replay` rebuilds each such
state with the course's tested solutions and runs the check on it, so that what counts was seen
here, and the learner has the state again.

Source: RFC 8259 (JSON; names in an object should be unique).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import labkit
from labkit.core.errors import BadInput, Blocked, SystemFault
from labkit.grading.checks import Check
from labkit.grading.events import SEED, Event, new_event, read_event
from labkit.grading.lab import Lab
from labkit.grading.progress import Progress
from labkit.grading.verdict import Verdict, blocked

FORMAT, SCHEMA_VERSION = "labkit-progress", 1

SIZE_LIMIT_BYTES = 10 * 1024 * 1024
EVENTS_LIMIT = 50_000
"""A learner who asks for a verdict a minute, eight hours a day, fills neither in three months."""


@dataclass(frozen=True)
class Export:
    """What an export holds.

    Attributes:
        seed: the learner's seed.
        labkit: the version of labkit that wrote it.
        events: in the order in which they were written; all of them foreign.
        digest: sixteen hexadecimal digits of the file's content.
    """

    seed: str
    labkit: str
    events: tuple[Event, ...]
    digest: str


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        added: how many events were new.
        is_seed_taken: whether the learner goes on with the export's seed.
    """

    added: int
    is_seed_taken: bool


def write_export(path: Path, seed: str, events: Sequence[Event]) -> None:
    """Writes an export, whole or not at all. The same progress gives the same file.

    Raises:
        BadInput: it would be larger than what can be imported.
        SystemFault: it cannot be written.
    """
    head = {"format": FORMAT, "schema": SCHEMA_VERSION, "labkit": labkit.__version__, "seed": seed}
    # One event a line, so that two exports can be compared.
    lines = ",\n".join(_dump(event.as_json()) for event in events)
    content = f'{_dump(head)[:-1]}, "events": [\n{lines}\n]}}\n'.encode()
    if len(content) > SIZE_LIMIT_BYTES or len(events) > EVENTS_LIMIT:
        raise BadInput(f"there is too much to export: {len(events)} events, {len(content)} bytes")
    try:
        _write_whole(path.absolute(), content)
    except OSError as error:
        raise SystemFault(f"write {path}", errno=error.errno or 0) from error


def read_export(path: Path) -> Export:
    """Reads an export, trusting nothing in it.

    Raises:
        BadInput: it is not an export; says what is wrong, and where.
    """
    content = _read_bounded(path)
    raw = _parse(content, path)
    names = {"format", "schema", "labkit", "seed", "events"}
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise _refused(path, f'it does not say "format": "{FORMAT}"')
    if type(raw.get("schema")) is not int or raw["schema"] != SCHEMA_VERSION:
        found = repr(raw.get("schema"))[:40]
        raise _refused(path, f"its schema is {found}, and this labkit reads {SCHEMA_VERSION}")
    if set(raw) != names:
        odd = sorted(set(raw) ^ names)[:5]
        raise _refused(path, f"these are missing or too many: {str(odd)[:200]}")
    if not SEED.holds(raw["seed"]):
        raise _refused(path, f"its seed must be {SEED.says}")
    if not isinstance(raw["labkit"], str) or len(raw["labkit"]) > 40:
        raise _refused(path, "its labkit must be a version")
    events = _read_events(raw["events"], path)
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Export(raw["seed"], raw["labkit"], events, digest)


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
        form = {"digest": export.digest, "seed": export.seed, "events": len(new)}
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


def _dump(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _write_whole(path: Path, content: bytes) -> None:
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read_bounded(path: Path) -> bytes:
    try:
        # Not to wait for whoever writes to a named pipe.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise _refused(path, "it is not a regular file")
            content = file.read(SIZE_LIMIT_BYTES + 1)
    except OSError as error:
        raise BadInput(f"cannot read {path}", why=error.strerror or str(error)) from error
    if len(content) > SIZE_LIMIT_BYTES:
        raise _refused(path, f"it is larger than {SIZE_LIMIT_BYTES} bytes")
    return content


def _parse(content: bytes, path: Path) -> Any:
    try:
        return json.loads(
            content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise _refused(path, f"it is not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise _refused(path, "it is nested too deeply") from error
    except ValueError as error:  # not UTF-8, a number of thousands of digits, and the two below
        raise _refused(path, str(error)[:200]) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read_events(raw: object, path: Path) -> tuple[Event, ...]:
    if not isinstance(raw, list) or len(raw) > EVENTS_LIMIT:
        raise _refused(path, f"its events must be a list of at most {EVENTS_LIMIT}")
    events = []
    for number, item in enumerate(raw):
        try:
            events.append(read_event(item, where=f"events[{number}]", is_foreign=True))
        except BadInput as error:
            raise _refused(path, f"{error.what}; {error.why}") from error
    if len({event.id for event in events}) < len(events):
        raise _refused(path, "two of its events have one id")
    return tuple(events)


def _refused(path: Path, why: str) -> BadInput:
    return BadInput(f"{path} cannot be imported", why=why)
