"""Reads ``/etc/cgconfig.conf``: text in, a :class:`~.model.Config` out, or where it cannot be read.

It takes what libcgroup's own parser takes, and refuses what that refuses: a comment has a line to
itself, each setting ends with a semicolon, and a word of other characters than letters, digits and
``_-/.,%@\\`` stands in double quotes. Knows nothing about kernels. Sources: cgconfig.conf(5), and
what cgconfigparser(8) of libcgroup 2.0.2 was seen to take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from labkit.core.errors import BadInput
from labkit.sandbox.cgconfig.model import (
    Config,
    Controller,
    Group,
    Mount,
    Owner,
    Permissions,
    Place,
    Setting,
)
from labkit.sandbox.cgconfig.words import KEYWORDS, LETTERS

T = TypeVar("T")

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\f\v]+)|(?P<end>\n)|(?P<mark>[{}=;])"
    rf"|(?P<word>[{LETTERS}]+)|(?P<quoted>\"[^\"]*\")"
)
_OWNED = {"task": ("uid", "gid", "fperm"), "admin": ("uid", "gid", "dperm", "fperm")}


class CannotRead(BadInput):
    """The text is no configuration.

    Attributes:
        place: where.
    """

    def __init__(self, name: str, place: Place, why: str, hint: str = "") -> None:
        self.place = place
        super().__init__(f"{name} cannot be read at {place}", why=why, hint=hint)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    place: Place

    def __str__(self) -> str:
        return "the end of the file" if self.kind == "eof" else f"{self.text!r}"


def parse(text: str, name: str = "the configuration") -> Config:
    """Reads a file's text.

    Args:
        text: what is in the file.
        name: what errors call it.

    Raises:
        CannotRead: with line and column.
    """
    return _Parser(text, name).file()


class _Parser:
    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._tokens = list(_tokens(text, self._fail))
        self._next = 0

    def file(self) -> Config:
        mounts: list[Mount] = []
        namespaces: list[Mount] = []
        groups: list[Group] = []
        templates: list[Group] = []
        default: Permissions | None = None
        while (token := self._peek()).kind != "eof":
            section = self._take().text if token.kind == "word" else ""
            if section == "mount":
                mounts += self._block(lambda: Mount(*self._pair()), "a controller and its path")
            elif section == "namespace":
                namespaces += self._block(lambda: Mount(*self._pair()), "a controller and a folder")
            elif section == "group":
                groups.append(self._group(token.place))
            elif section == "template":
                templates.append(self._group(token.place))
            elif section == "default":
                self._mark("{")
                self._keyword("perm")
                default = self._permissions()
                self._mark("}")
            else:
                raise self._fail(
                    token.place,
                    f"{token} begins no section",
                    "A section is one of mount, group, template, default, namespace",
                )
        return Config(tuple(mounts), tuple(groups), tuple(templates), tuple(namespaces), default)

    def _group(self, place: Place) -> Group:
        may_be_default = self._peek().text == "default"
        name = self._take().text if may_be_default else self._name_of("the group")
        permissions: Permissions | None = None
        controllers: list[Controller] = []
        self._mark("{")
        while not (self._is_at("}") and (controllers or permissions)):
            token = self._peek()
            if token.kind == "word" and token.text == "perm" and not controllers:
                if permissions:
                    raise self._fail(token.place, "this group has its perm already")
                self._take()
                permissions = self._permissions()
            elif token.kind == "word" and token.text == "perm":
                raise self._fail(token.place, "perm comes before the controllers of its group")
            else:
                controllers.append(self._controller())
        self._mark("}")
        return Group(name, tuple(controllers), permissions, place)

    def _controller(self) -> Controller:
        place = self._peek().place
        name = self._name_of("a controller, such as memory")
        settings = self._block(lambda: Setting(*self._pair()), "", may_be_empty=True)
        return Controller(name, tuple(settings), place)

    def _permissions(self) -> Permissions:
        owners: dict[str, Owner] = {}
        self._mark("{")
        while len(owners) < len(_OWNED):
            token = self._peek()
            if token.kind != "word" or token.text not in _OWNED or token.text in owners:
                left = " and ".join(name for name in _OWNED if name not in owners)
                raise self._fail(token.place, f"perm needs {left} here, and there is {token}")
            self._take()
            owners[token.text] = self._owner(token)
        self._mark("}")
        return Permissions(**owners)

    def _owner(self, whose: _Token) -> Owner:
        found: dict[str, str] = {}

        def one() -> None:
            name, value, place = self._pair()
            if name not in _OWNED[whose.text]:
                known = ", ".join(_OWNED[whose.text])
                raise self._fail(place, f"{whose.text} has no {name!r}", f"It has {known}")
            if name in found:
                raise self._fail(place, f"{name} is given twice")
            found[name] = value

        self._block(one, "uid, gid or a mode")
        return Owner(**found, place=whose.place)

    def _block(self, one: Callable[[], T], what: str, *, may_be_empty: bool = False) -> list[T]:
        self._mark("{")
        found: list[T] = []
        while not self._is_at("}"):
            found.append(one())
        if not found and not may_be_empty:
            raise self._fail(self._peek().place, f"there must be {what} between the braces")
        self._mark("}")
        return found

    def _pair(self) -> tuple[str, str, Place]:
        place = self._peek().place
        name = self._name_of("a name")
        self._mark("=")
        value = self._name_of("a value")
        self._mark(";")
        return name, value, place

    def _name_of(self, what: str) -> str:
        token = self._take()
        if token.kind == "word" and token.text in KEYWORDS:
            quoted = f'"{token.text}"'
            raise self._fail(
                token.place, f"{token} is a word of the language", f"Quote it: {quoted}"
            )
        if token.kind not in ("word", "quoted"):
            raise self._fail(token.place, f"{what} is missing before {token}")
        return token.text

    def _keyword(self, word: str) -> None:
        token = self._take()
        if token.kind != "word" or token.text != word:
            raise self._fail(token.place, f"{word} belongs here, and there is {token}")

    def _mark(self, mark: str) -> None:
        token = self._peek()
        if not self._is_at(mark):
            raise self._fail(token.place, f"a {mark!r} is missing before {token}")
        self._take()

    def _is_at(self, mark: str) -> bool:
        return self._peek().kind == "mark" and self._peek().text == mark

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _fail(self, place: Place, why: str, hint: str = "") -> CannotRead:
        return CannotRead(self._name, place, why, hint)


def _tokens(text: str, fail: Callable[[Place, str, str], CannotRead]) -> Iterator[_Token]:
    at, line, begin = 0, 1, 0
    while at < len(text):
        place = Place(line, at - begin + 1)
        if text[at] == "#" and not text[begin:at].strip():
            at = _end_of_line(text, at)
            continue
        match = _TOKEN.match(text, at)
        if not match:
            raise fail(place, *_why_no_token(text[at]))
        kind, found = str(match.lastgroup), match[0]
        if kind in ("mark", "word", "quoted"):
            yield _Token(kind, found[1:-1] if kind == "quoted" else found, place)
        at = match.end()
        if "\n" in found:
            line, begin = line + found.count("\n"), match.start() + found.rindex("\n") + 1
    yield _Token("eof", "", Place(line, at - begin + 1))


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _why_no_token(character: str) -> tuple[str, str]:
    if character == "#":
        return "a comment has a line to itself", "Move it to a line of its own"
    if character == '"':
        return "this quotation has no end", 'Close it with a "'
    return f"{character!r} cannot stand here", "Put the word that it belongs to into double quotes"
