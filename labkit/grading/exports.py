"""A learner's progress as one file: JSON, written plainly and read as if a stranger had made it.

Text in UTF-8: format, schema version, labkit version, seed, events. Nothing in it is a path, a
program or code; sizes, counts and texts are bounded, and each event has one of the forms in
:mod:`labkit.grading.events`. Knows nothing about what becomes of it.

Source: RFC 8259 (JSON; names in an object should be unique).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput, SystemFault
from labkit.grading.events import SEED, Event, read_event

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


def write_export(path: Path, seed: str, events: Sequence[Event]) -> None:
    """Writes an export, whole or not at all. The same progress gives the same file.

    Raises:
        BadInput: it would be larger than what can be imported.
        SystemFault: it cannot be written.
    """
    head = {"format": FORMAT, "schema": SCHEMA_VERSION, "labkit": _version(), "seed": seed}
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


def _version() -> str:
    """The version of labkit that is installed; ``labkit`` itself stands above this part."""
    from importlib import metadata

    try:
        return metadata.version("labkit")
    except metadata.PackageNotFoundError:  # run from a folder of sources
        return "unknown"


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
