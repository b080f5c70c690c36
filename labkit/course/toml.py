"""Reads the course's TOML files, and says in which line an author's mistake stands.

Knows nothing about what the keys mean. Source: TOML 1.0.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from labkit.core.errors import AuthorError

T = TypeVar("T")

AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class TomlFile:
    """One file, read, with its path for error messages.

    Args:
        path: the file.

    Raises:
        AuthorError: it cannot be read, or it is not TOML.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except (OSError, UnicodeDecodeError) as error:
            raise AuthorError(f"cannot be read: {error}", where=f"{path}:1") from error
        except tomllib.TOMLDecodeError as error:
            found = AT_LINE.search(str(error))
            line = found[1] if found else len(self.text.splitlines()) or 1
            what = AT_LINE.sub("", str(error))
            raise AuthorError(f"not TOML: {what}", where=f"{path}:{line}") from error

    def error(self, what: str, *, near: str = "", hint: str = "") -> AuthorError:
        """An author's error in the first line that holds ``near``."""
        lines = self.text.splitlines()
        line = next((n for n, text in enumerate(lines, 1) if near and near in text), 1)
        return AuthorError(what, where=f"{self.path}:{line}", hint=hint)

    def get(self, table: Mapping[str, Any], key: str, kind: type[T], *, near: str = "") -> T:
        """One value of a table, which must be there and of that kind.

        Raises:
            AuthorError: it is missing, empty or of another kind.
        """
        if key not in table:
            raise self.error(f"the key {key!r} is missing", near=near)
        value = table[key]
        if type(value) is not kind:
            raise self.error(f"{key} is {value!r}, and must be {_NAMES[kind]}", near=key)
        if isinstance(value, str) and not value.strip():
            raise self.error(f"{key} is empty", near=key)
        return value

    def texts(self, table: Mapping[str, Any], key: str, *, near: str = "") -> tuple[str, ...]:
        """A list of texts, which must be there; it may be empty.

        Raises:
            AuthorError: it is missing, or something in it is not a text.
        """
        values = self.get(table, key, list, near=near)
        for value in values:
            if not isinstance(value, str) or not value.strip():
                raise self.error(f"{key} holds {value!r}, and must hold texts", near=key)
        return tuple(values)

    def refuse_unknown(self, table: Mapping[str, Any], known: Iterable[str]) -> None:
        """Raises:
        AuthorError: the table has a key that nobody reads.
        """
        names = list(known)
        for key in table:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(names)}"
                raise self.error(f"nobody reads the key {key!r}", near=key, hint=hint)


_NAMES: Mapping[type, str] = {str: "a text", int: "a whole number", list: "a list"}
