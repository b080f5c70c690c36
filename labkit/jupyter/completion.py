"""Completion: ids of checks after a magic and inside ``check("…``, options of ``%%sandbox``.

Nothing here raises: where the course cannot be read there is simply nothing to complete.

Sources: IPython's documentation ("Custom completers", ``Completer.custom_matchers``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from labkit.core.errors import LabkitError

CALL = re.compile(r"""\b(?:check|hint|reveal|task|watch|begin)\((?:[^()]*,\s*)?["']([\w-]*)$""")
"""What stands before the cursor inside the text that names a task or a topic."""


def check_ids() -> list[str]:
    """The ids of the checks: of the open topic first, then of the others."""
    from labkit.jupyter.workspace import current_workspace

    try:
        workspace = current_workspace()
        topics = sorted(workspace.course.present, key=lambda t: t.slug != workspace.opened)
        return [id for topic in topics for id in topic.checks()]
    except (LabkitError, OSError):
        return []


def topic_names() -> list[str]:
    """The slugs of the topics that are there."""
    from labkit.course import find_course

    try:
        return [topic.slug for topic in find_course().present]
    except (LabkitError, OSError):
        return []


def ids_for(magic: str) -> Callable[[Any, Any], list[str]]:
    """A completer for the line of a magic that takes ids. IPython calls it."""

    def complete(shell: Any, event: Any) -> list[str]:
        if event.symbol.startswith("-"):
            return ["--yes"] if magic == "reveal" else []
        return [] if magic == "doctor" else check_ids()

    return complete


def sandbox_options(shell: Any, event: Any) -> list[str]:
    """A completer for the first line of ``%%sandbox``. IPython calls it."""
    from labkit.jupyter.sandbox_cell import parser, sandboxes_in

    before = event.text_until_cursor.removesuffix(event.symbol)
    last = before.split()[-1] if before.strip() else ""
    if last == "--in":
        return list(sandboxes_in(shell.user_ns))
    if last == "--image":
        return _images()
    return parser().options


def complete_calls(shell: Any) -> None:
    """Completes ids inside ``check("…")`` and its like, in any cell."""
    matchers = shell.Completer.custom_matchers
    if not any(getattr(matcher, "is_labkit", False) for matcher in matchers):
        matchers.append(_call_matcher())


def forget_calls(shell: Any) -> None:
    """Takes that away again."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if not getattr(one, "is_labkit", False)]


def _call_matcher() -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="labkit_ids")
    def match(context: Any) -> dict[str, Any]:
        found = CALL.search(context.text_until_cursor)
        if not found:
            return {"completions": []}
        names = topic_names() if "begin(" in found[0] else check_ids()
        near = [SimpleCompletion(text=name) for name in names if name.startswith(found[1])]
        return {"completions": near, "matched_fragment": found[1], "suppress": bool(near)}

    match.is_labkit = True  # type: ignore[attr-defined]
    return match


def _images() -> list[str]:
    from labkit.image import ImageStore

    try:
        return [image.reference for image in ImageStore().list()]
    except (LabkitError, OSError):
        return []
