"""Reading a label selector: ``app=web,tier in (front,back),!canary,release``.

::

    selector     = [ requirement { "," requirement } ]
    requirement  = [ "!" ] KEY
                 | KEY ( "=" | "==" | "!=" | ">" | "<" ) [ VALUE ]
                 | KEY ( "in" | "notin" ) "(" [ VALUE ] { "," [ VALUE ] } ")"

``in`` and ``notin`` are words only where an operator can stand: ``in in (in)`` means what it says.
The messages are those of k8s.io/apimachinery ``pkg/labels``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import BadSelector
from .labels import (
    OPERATORS,
    PRESENCE,
    LabelSelector,
    Requirement,
    in_order,
    invalid,
    requirement,
)
from .names import faults_of_key

_TOKEN = re.compile(r"[ \t\r\n]*(?:(?P<symbol>!=|==|[=!(),<>])|(?P<word>[^ \t\r\n=!(),<>]+))")
_OPERATOR = {"=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt", "in": "in", "notin": "notin"}


class _Token(NamedTuple):
    kind: str
    """"word", "end", or the symbol itself."""
    text: str


def parse_labels(text: str) -> LabelSelector:
    """Read a label selector.

    Args:
        text: as it stands in ``?labelSelector=``; empty selects everything.

    Raises:
        BadSelector: with the message that an API server gives.
    """
    return LabelSelector(in_order(_Parser(text).selector()))


class _Parser:
    def __init__(self, text: str) -> None:
        found = _TOKEN.finditer(text)
        tokens = [_Token(each["symbol"] or "word", each[0].lstrip(" \t\r\n")) for each in found]
        self._tokens = [*tokens, _Token("end", "")]
        self._at = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def selector(self) -> list[Requirement]:
        needs: list[Requirement] = []
        while self._next.kind in ("word", "!"):
            try:
                needs.append(self._requirement())
            except BadSelector as error:
                raise BadSelector(f"unable to parse requirement: {error}") from None
            after = self._take()
            if after.kind == "end":
                return needs
            if after.kind != ",":
                raise _unexpected(after, "',' or 'end of string'")
            if self._next.kind not in ("word", "!"):
                raise _unexpected(self._next, "identifier after ','")
        if self._next.kind != "end":
            raise _unexpected(self._next, "!, identifier, or 'end of string'")
        return needs

    def _requirement(self) -> Requirement:
        key, operator = self._key()
        if operator in PRESENCE:
            return requirement(key, operator)
        token = self._take()
        operator = _OPERATOR.get(token.text, "")
        if not operator:
            raise _unexpected(token, ", ".join(OPERATORS))
        values = self._values() if operator in ("in", "notin") else {self._value()}
        return requirement(key, operator, sorted(values))

    def _key(self) -> tuple[str, str]:
        """A key, and "!" or "exists" where no other operator can follow."""
        operator = ""
        token = self._take()
        if token.kind == "!":
            operator, token = "!", self._take()
        if token.kind != "word":
            raise _unexpected(token, "identifier")
        for fault in invalid(token.text, faults_of_key(token.text)):
            # The API server reads selectors without a path, and Go prints that one as <nil>.
            raise BadSelector(f"<nil>: {fault}")
        if not operator and self._next.kind in ("end", ","):
            operator = "exists"
        return token.text, operator

    def _value(self) -> str:
        if self._next.kind in ("end", ","):
            return ""
        token = self._take()
        if token.kind != "word":
            raise _unexpected(token, "identifier")
        return token.text

    def _values(self) -> set[str]:
        token = self._take()
        if token.kind != "(":
            raise BadSelector(f"found '{token.text}' expected: '('")
        if self._next.kind == ")":
            self._take()
            return {""}
        if self._next.kind not in ("word", ","):
            raise _unexpected(self._next, "',', ')' or identifier")
        values = self._list()
        self._take()
        return values

    def _list(self) -> set[str]:
        """Values up to the ")". Between commas there is an empty one."""
        values: set[str] = set()
        while True:
            token = self._take()
            if token.kind == "word":
                values.add(token.text)
                if self._next.kind not in (",", ")"):
                    raise _unexpected(self._next, "',' or ')'")
            elif token.kind != ",":
                raise _unexpected(token, "',', or identifier")
            elif self._next.kind == ",":
                # Kubernetes takes both at once, and then wants something before a ")".
                self._take()
                values.add("")
                continue
            elif not values or self._next.kind == ")":
                values.add("")
            if self._next.kind == ")":
                return values


def _unexpected(token: _Token, expected: str) -> BadSelector:
    return BadSelector(f"found '{token.text}', expected: {expected}")
