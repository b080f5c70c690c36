"""Completion: ids of checks after a magic and inside ``check("…``, options of ``%%sandbox``.

One matcher for all of it, which keeps IPython's own guesses (names of variables) out of the way.
Nothing here raises: where the course cannot be read there is simply nothing to complete.

Source: IPython's documentation, module ``IPython.core.completer`` (matchers, version 2).
"""

from __future__ import annotations

import re
from typing import Any

from labkit.core.errors import LabkitError

CALL = re.compile(
    r"""\b(check|hint|reveal|task|watch|begin|reference)\((?:[^()]*,\s*)?["']([\w-]*)$"""
)
"""What stands before the cursor inside the text that names a task or a topic."""

MAGIC = re.compile(r"^\s*%(check|hint|reveal|task|watch)\s+(?:\S+\s+)*([\w-]*)$")
"""What stands before the cursor in the line of a magic that takes ids."""

MACHINE = re.compile(r"^\s*%machine\s+(\w*)$")
"""The same for ``%machine``."""

SANDBOX = re.compile(r"^%%sandbox\s+(?:.*\s)?([^\s:]*)$")
"""What stands before the cursor in the first line of ``%%sandbox``."""


def matches(line: str, namespace: dict[str, Any]) -> tuple[str, list[str]]:
    """What may stand at the cursor.

    Args:
        line: the line up to the cursor.
        namespace: the notebook's variables.

    Returns:
        The word that has been begun, and what it may become.
    """
    if found := SANDBOX.search(line):
        word, known = found[1], _sandbox_words(line, namespace)
    elif found := MACHINE.search(line):
        word, known = found[1], ["reset"]
    elif found := MAGIC.search(line):
        word, known = found[2], check_ids()
        if found[1] == "reveal" and word.startswith("-"):
            known = ["--yes"]
    elif found := CALL.search(line):
        word = found[2]
        known = topic_names() if found[1] in ("begin", "reference") else check_ids()
    else:
        return "", []
    return word, [name for name in known if name.startswith(word)]


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


def add_matcher(shell: Any) -> None:
    """Has a running IPython complete what is ours."""
    remove_matcher(shell)
    shell.Completer.custom_matchers.append(_matcher(shell))


def remove_matcher(shell: Any) -> None:
    """Takes that away again."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [one for one in matchers if not getattr(one, "is_labkit", False)]


def _matcher(shell: Any) -> Any:
    from IPython.core.completer import SimpleCompletion, context_matcher

    def match(context: Any) -> dict[str, Any]:
        word, names = matches(context.text_until_cursor, shell.user_ns)
        found = [SimpleCompletion(text=name) for name in names]
        if not found:
            return {"completions": []}
        return {
            "completions": found, "matched_fragment": word, "suppress": True, "ordered": True
        }  # fmt: skip

    decorate: Any = context_matcher(identifier="labkit")
    decorated = decorate(match)
    decorated.is_labkit = True
    return decorated


def _sandbox_words(line: str, namespace: dict[str, Any]) -> list[str]:
    from labkit.jupyter.sandbox_cell import parser, sandboxes_in

    words = line.split()
    before = words[-1] if line[-1].isspace() else words[-2]
    if before == "--in":
        return list(sandboxes_in(namespace))
    if before == "--image":
        return _images()
    return [] if before in ("--memory", "--pids", "--name", "--volume") else parser().options


def _images() -> list[str]:
    from labkit.image import ImageStore

    try:
        return [image.reference for image in ImageStore().list()]
    except (LabkitError, OSError):
        return []
