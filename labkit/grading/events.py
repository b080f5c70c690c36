"""What progress is made of: events, and the only forms that they may have.

The same forms hold for what is written and for what is imported from a stranger's file, so what
can be recorded can be exported, and nothing else can be imported. Knows nothing about storage.

Sources: RFC 3339 (times), RFC 8259 (JSON).
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import BadInput

TEXT_LIMIT, CHOICES_LIMIT = 500, 20
"""Characters of a text and number of a prediction's choices: more fits on no screen."""


@dataclass(frozen=True)
class Event:
    """One thing that happened to a learner's progress. Never changed, never deleted.

    Attributes:
        id: sixteen hexadecimal digits, drawn at random: the same event in two files is one event.
        at: when, in UTC, such as ``2026-11-22T21:19:51.042Z``.
        kind: one of the keys of :data:`FORMS`.
        topic: the topic's id, or nothing.
        task: the id of the check or of the prediction, or nothing.
        data: what else there is to say, by kind.
        is_foreign: whether it came with an import.
    """

    id: str
    at: str
    kind: str
    topic: str
    task: str
    data: Mapping[str, Any]
    is_foreign: bool = False

    def as_json(self) -> dict[str, Any]:
        """The event as it stands in an export."""
        return {name: getattr(self, name) for name in RULES} | {"data": dict(self.data)}


@dataclass(frozen=True)
class Rule:
    """What one value must be, in words, and the test of it."""

    says: str
    holds: Callable[[object], bool]


def _like(pattern: str, says: str) -> Rule:
    compiled = re.compile(pattern)
    return Rule(says, lambda value: isinstance(value, str) and bool(compiled.fullmatch(value)))


def is_clean_text(value: object) -> bool:
    """Whether ``value`` is text of bounded length without control characters."""
    return isinstance(value, str) and len(value) <= TEXT_LIMIT and clean(value) == value


def clean(text: str) -> str:
    """``text`` cut to what an event holds, control characters and lone surrogates replaced."""
    kept = text[:TEXT_LIMIT]
    return "".join("\ufffd" if _is_control(character) else character for character in kept)


def _is_control(character: str) -> bool:
    # Cc: an escape sequence would command the terminal that shows it. Cs: no UTF-8 for it.
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs")


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= CHOICES_LIMIT
        and all(is_clean_text(item) for item in value)
    )


NAME = _like(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})?", "an id, or nothing")
TEXT = Rule(f"text of at most {TEXT_LIMIT} characters, none a control character", is_clean_text)
TEXTS = Rule(f"a list of at most {CHOICES_LIMIT} such texts", _is_texts)
SEED = _like(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "1 to 64 letters, digits, dots, hyphens")
DIGEST = _like(r"[0-9a-f]{16}", "16 hexadecimal digits")
STATUS = Rule("a verdict's status", lambda value: value in ("passed", "not yet", "blocked"))
SHARE = Rule("a number from 0 to 1", _is_share)
FLAG = Rule("true or false", lambda value: isinstance(value, bool))
COUNT = Rule("a number from 0 on", lambda value: type(value) is int and 0 <= value < 1_000_000)

FORMS: Mapping[str, Mapping[str, Rule]] = {
    "seed": {"seed": SEED},
    "opened": {},
    "verdict": {"status": STATUS, "state": NAME, "verified": FLAG},
    "hint": {"hint": DIGEST, "share": SHARE},
    "reveal": {"share": SHARE},
    "prediction": {"question": TEXT, "choices": TEXTS, "answer": TEXT},
    "import": {"digest": DIGEST, "seed": SEED, "events": COUNT, "verified": FLAG},
}
"""Each kind of event, and its data: exactly these names, each after its rule."""

RULES: Mapping[str, Rule] = {
    "id": DIGEST,
    "at": _like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "a time in UTC with milliseconds"),
    "kind": Rule(f"one of {', '.join(FORMS)}", lambda value: value in list(FORMS)),
    "topic": NAME,
    "task": NAME,
}
"""The other parts of an event."""


def new_event(kind: str, *, topic: str = "", task: str = "", **data: Any) -> Event:
    """An event that happens now.

    Raises:
        BadInput: it has not the form of its kind.
    """
    from datetime import UTC, datetime

    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    parts = {"at": at, "kind": kind, "topic": topic, "task": task, "data": data}
    return read_event({"id": secrets.token_hex(8), **parts}, where=f"a new {kind} event")


def read_event(raw: object, *, where: str, is_foreign: bool = False) -> Event:
    """Makes an event of what JSON gave.

    Raises:
        BadInput: it has not the form of an event; says where, and what it should be.
    """
    outer = _parts(raw, {*RULES, "data"}, where)
    for name, rule in RULES.items():
        _hold(rule, outer[name], f"{where}: {name}")
    form = FORMS[outer["kind"]]
    data = _parts(outer["data"], set(form), f"{where}: data")
    for name, rule in form.items():
        _hold(rule, data[name], f"{where}: data.{name}")
    return Event(**{**outer, "data": data}, is_foreign=is_foreign)


def _parts(raw: object, names: set[str], where: str) -> dict[str, Any]:
    if not isinstance(raw, dict) or set(raw) != names:
        found = sorted(map(str, raw))[:12] if isinstance(raw, dict) else type(raw).__name__
        should = ", ".join(sorted(names)) or "nothing"
        why = f"it should have {should}, and has {str(found)[:200]}"
        raise BadInput(f"{where} is not as it should be", why=why)
    return raw


def _hold(rule: Rule, value: object, where: str) -> None:
    if not rule.holds(value):
        raise BadInput(f"{where} is {repr(value)[:80]}", why=f"it should be {rule.says}")
