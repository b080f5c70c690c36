"""``cgroups``, ``timeline``, ``cgconfig``: control groups, seen and written down."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from labkit.jupyter.text import Text

if TYPE_CHECKING:
    from labkit.sandbox.cgconfig import Config, Translation
    from labkit.sandbox.groups import Cgroup, Recorder
    from labkit.sandbox.maps import Timeline
    from labkit.views import Picture

MEASURED_S = 0.2
"""CPU use is a difference of two readings: two periods of a quota."""


def cgroups(target: Cgroup | str = "/") -> Picture:
    """A cgroup with the groups below it: who is in each, what it uses, what it may use.

    Args:
        target: the group, its path such as ``/lab``, or its folder.

    Raises:
        NotFound: there is no such group.
    """
    from labkit.sandbox.groups import Reader
    from labkit.views import group_tree_view

    reader, path = Reader(), _group(target).path
    if any(group.processes for group in reader.tree(path).groups):
        time.sleep(MEASURED_S)
    return group_tree_view(reader.tree(path))


def timeline(target: Timeline | Recorder | Cgroup | str, *, for_s: float = 3.0) -> Picture:
    """What became of a group over time: what it used, its limits, and what the kernel did.

    Args:
        target: what was recorded (``record``, ``Recorder``), or a group to record now.
        for_s: how long to record a group, in seconds.

    Raises:
        NotFound: there is no such group.
    """
    from labkit.sandbox.groups import Recorder, record
    from labkit.sandbox.maps import Timeline
    from labkit.views import timeline_view

    if isinstance(target, Recorder):
        target = target.timeline
    if not isinstance(target, Timeline):
        target = record(_group(target), for_s=for_s)
    return timeline_view(target)


def cgconfig(config: Config | str) -> Text:
    """A configuration for cgroup v1, beside what it is in v2, and what v2 does not have.

    Args:
        config: the text of a cgconfig.conf, or what ``parse`` made of one.

    Raises:
        CannotRead: the text cannot be read; says line and column.
    """
    from labkit.sandbox.cgconfig import parse, to_v2, write

    read = parse(config) if isinstance(config, str) else config
    translation = to_v2(read)
    left, right = write(read), write(translation.config)
    missing = list(_missing(translation))
    return Text(_page(left, right, missing), _plain(left, right, missing))


def _group(target: Cgroup | str) -> Cgroup:
    from labkit.sandbox.groups import Cgroup

    return target if isinstance(target, Cgroup) else Cgroup.at(target)


def _missing(translation: Translation) -> Iterator[str]:
    for one in translation.left_out:
        yield f"{one.group}: {one.what}: {one.why}"


_HEADS = ("cgroup v1", "cgroup v2")
_NEW_LINE = "\n"
"""In Markdown, an empty line would end the table."""


def _plain(left: str, right: str, missing: list[str]) -> str:
    lines = [(_HEADS[0], _HEADS[1]), ("", ""), *zip_longest(
        left.splitlines(), right.splitlines(), fillvalue="")]  # fmt: skip
    width = max(len(one) for one, _ in lines)
    text = [f"{one:<{width}} │ {other}".rstrip() for one, other in lines]
    if missing:
        text += ["", "Not in v2:", *(f"- {line}" for line in missing)]
    return "\n".join(text)


def _page(left: str, right: str, missing: list[str]) -> str:
    heads = "".join(f'<th scope="col" style="text-align:left">{head}</th>' for head in _HEADS)
    cells = "".join(
        '<td style="text-align:left;vertical-align:top">'
        f'<pre style="margin:0">{html.escape(text).replace(_NEW_LINE, "<br>")}</pre></td>'
        for text in (left, right)
    )
    rest = "".join(f"<li>{html.escape(line)}</li>" for line in missing)
    more = f"<p>Not in v2:</p><ul>{rest}</ul>" if missing else ""
    return f"<table><tr>{heads}</tr><tr>{cells}</tr></table>{more}"
