"""Reads the line of a magic: words and options, as a shell would.

Knows nothing about what they mean. Errors name the option and what is near.
"""

from __future__ import annotations

import argparse
import shlex
from typing import NoReturn

from labkit.core.errors import BadInput, NotFound


class MagicParser(argparse.ArgumentParser):
    """An ``argparse`` parser that raises our errors instead of ending Python.

    Args:
        magic: the magic's name, such as ``"%%sandbox"``.
    """

    def __init__(self, magic: str) -> None:
        super().__init__(prog=magic, add_help=False, allow_abbrev=False, usage=argparse.SUPPRESS)

    def read(self, line: str) -> argparse.Namespace:
        """The options and words of a line.

        Raises:
            BadInput: the line cannot be meant.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise BadInput(f"{self.prog} {line}", why=str(error).lower()) from error
        found, left = self.parse_known_args(words)
        for word in left:
            if word.startswith("-"):
                raise NotFound(f"option of {self.prog}", word, self.options, hint=self.hint)
        if left:
            raise BadInput(f"{self.prog} cannot use {' '.join(left)!r}", hint=self.hint)
        return found

    @property
    def options(self) -> list[str]:
        """The names of its options."""
        return [name for action in self._actions for name in action.option_strings]

    @property
    def hint(self) -> str:
        """What there is to say."""
        return f"{self.prog} takes {', '.join(self.options)}" if self.options else ""

    def error(self, message: str) -> NoReturn:
        """Called by ``argparse`` for whatever it cannot read."""
        raise BadInput(f"{self.prog} cannot be run like this", why=message, hint=self.hint)
