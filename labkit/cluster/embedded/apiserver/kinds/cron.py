"""What a cron schedule may be: five fields, or a name such as `@hourly`.

Only whether it can be read; when it is due is the controller's business. Source: `robfig/cron`, the
standard parser, whose words these are.
"""

from __future__ import annotations

import re

_FIELDS = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    (0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_NAMED = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_DURATION = re.compile(r"([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+")


class _Bad(ValueError):
    pass


def schedule_fault(schedule: str) -> str:
    """What is wrong with a schedule, or an empty string."""
    schedule = re.sub(r"^(TZ|CRON_TZ)=\S+\s*", "", schedule)
    if schedule.startswith("@"):
        return _descriptor(schedule)
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    try:
        for text, (lowest, highest, names) in zip(fields, _FIELDS, strict=True):
            for expression in text.split(","):
                _range(expression, lowest, highest, names)
    except _Bad as bad:
        return str(bad)
    return ""


def _descriptor(schedule: str) -> str:
    if schedule in _NAMED:
        return ""
    if schedule.startswith("@every "):
        every = schedule.removeprefix("@every ")
        return "" if _DURATION.fullmatch(every) else f"failed to parse duration {schedule}"
    return f"unrecognized descriptor: {schedule}"


def _range(expression: str, lowest: int, highest: int, names: tuple[str, ...]) -> None:
    span, _, step = expression.partition("/")
    if expression.count("/") > 1:
        raise _Bad(f"too many slashes: {expression}")
    first, dash, last = span.partition("-")
    if span.count("-") > 1:
        raise _Bad(f"too many hyphens: {expression}")
    if first in ("*", "?"):
        start, end = lowest, highest
    else:
        start = _number(first, lowest, names)
        end = _number(last, lowest, names) if dash else (highest if step else start)
    if "/" in expression and _number(step, 0, ()) == 0:
        raise _Bad(f"step of range should be a positive number: {expression}")
    if start < lowest:
        raise _Bad(f"beginning of range ({start}) below minimum ({lowest}): {expression}")
    if end > highest:
        raise _Bad(f"end of range ({end}) above maximum ({highest}): {expression}")
    if start > end:
        raise _Bad(f"beginning of range ({start}) beyond end of range ({end}): {expression}")


def _number(text: str, lowest: int, names: tuple[str, ...]) -> int:
    if text.lower() in names:
        return names.index(text.lower()) + lowest
    if not re.fullmatch("[-+]?[0-9]+", text):
        shown = f'"{text}"'
        raise _Bad(
            f"failed to parse int from {text}: strconv.Atoi: parsing {shown}: invalid syntax"
        )
    if int(text) < 0:
        raise _Bad(f"negative number ({int(text)}) not allowed: {text}")
    return int(text)
