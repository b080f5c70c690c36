"""Writes a configuration as ``/etc/cgconfig.conf`` has it. What was read says the same again.

Comments and spacing of a file that was read are not kept. Source: cgconfig.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from labkit.core.errors import BadInput
from labkit.sandbox.cgconfig.model import Config, Controller, Group, Mount, Owner, Permissions
from labkit.sandbox.cgconfig.words import KEYWORDS, LETTERS

_PLAIN = re.compile(f"[{LETTERS}]+")


def write(config: Config) -> str:
    """The text of the file.

    Raises:
        BadInput: something in it cannot be written: a quotation mark, a group without a controller.
    """
    sections = [
        *_mounts("mount", config.mounts),
        *_mounts("namespace", config.namespaces),
        *_default(config.default),
        *(_group("group", group) for group in config.groups),
        *(_group("template", group) for group in config.templates),
    ]
    return "\n".join(sections)


def _mounts(keyword: str, mounts: Iterable[Mount]) -> Iterator[str]:
    lines = [f"    {_word(mount.controller)} = {_word(mount.path)};" for mount in mounts]
    if lines:
        yield _section(keyword, lines)


def _default(permissions: Permissions | None) -> Iterator[str]:
    if permissions:
        yield _section("default", _permissions(permissions))


def _group(keyword: str, group: Group) -> str:
    lines = [*_permissions(group.permissions)] if group.permissions else []
    for controller in group.controllers:
        lines += _controller(controller)
    if not lines:
        raise BadInput(
            f"the {keyword} {group.name} cannot be written",
            why="it has no controller, so it would be in no hierarchy",
        )
    return _section(f"{keyword} {_word(group.name)}", lines)


def _controller(controller: Controller) -> Iterator[str]:
    yield f"    {_word(controller.name)} {{"
    for setting in controller.settings:
        yield f"        {_word(setting.name)} = {_word(setting.value)};"
    yield "    }"


def _permissions(permissions: Permissions) -> Iterator[str]:
    yield "    perm {"
    for name, owner in (("task", permissions.task), ("admin", permissions.admin)):
        yield f"        {name} {{"
        settings = list(_owned(owner))
        if not settings:
            raise BadInput(f"{name} of a perm cannot be written", why="it says nothing")
        yield from settings
        yield "        }"
    yield "    }"


def _owned(owner: Owner) -> Iterator[str]:
    for name in ("uid", "gid", "dperm", "fperm"):
        if value := getattr(owner, name):
            yield f"            {name} = {_word(value)};"


def _section(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"{head} {{", *lines, "}", ""])


def _word(text: str) -> str:
    if '"' in text:
        raise BadInput(f"{text!r} cannot be written", why="the language has no word with a '\"'")
    return text if _PLAIN.fullmatch(text) and text not in KEYWORDS else f'"{text}"'
