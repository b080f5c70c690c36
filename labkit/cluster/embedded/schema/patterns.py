"""Regular expressions as Go has them (RE2), for Python's `re`.

What differs and is translated: `$` is the very end, `\\z` is, and classes such as `[[:alpha:]]`.
What `re` does not know (`\\pL`) cannot be checked here.
"""

from __future__ import annotations

import re
from functools import lru_cache

TOKEN = re.compile(r"\\.|\[:\^?\w+:\]|\[\^?\]?|\]|\$|.", re.DOTALL)
CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip


@lru_cache(maxsize=256)
def go_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of a schema; use its `search`.

    Raises:
        re.error: it is no regular expression, or one that Python does not know.
    """
    translated, is_in_class = [], False
    for token in TOKEN.findall(pattern):
        inside = is_in_class
        if token == "]":
            is_in_class = False
        elif token[0] == "[" and not inside:
            is_in_class = True
        translated.append(_translate(token, inside))
    return re.compile("".join(translated), re.ASCII)


def _translate(token: str, is_in_class: bool) -> str:
    if token == r"\z" or (token == "$" and not is_in_class):
        return r"\Z"
    if is_in_class and token[0] == "[":
        name = token.strip("[:]")
        return CLASSES.get(name, "\\" + token)
    return token


PERL = re.compile(r"\\.|\(\?(?![:imsU-]|P<\w+>|<\w+>)(P?<?.?)", re.DOTALL)


def unknown_to_go(pattern: str) -> str:
    """What Go's parser says of a pattern that Python knows and Go does not, or nothing."""
    for found in PERL.finditer(pattern):
        if found[0][0] == "\\":
            if found[0][1:] in "123456789":
                return f"invalid escape sequence: `{found[0]}`"
        elif found[0].startswith("(?<"):
            return f"invalid named capture: `{pattern[found.start() :]}`"
        else:
            return f"invalid or unsupported Perl syntax: `{found[0]}`"
    return ""


def as_go_says(error: re.error, pattern: str) -> str:
    """What Go's parser says where Python's says something else."""
    words, at = str(error), error.pos or 0
    if "unterminated subpattern" in words:
        return f"missing closing ): `{pattern}`"
    if "unbalanced parenthesis" in words:
        return f"unexpected ): `{pattern}`"
    if "unterminated character set" in words:
        return f"missing closing ]: `{pattern[at:]}`"
    if "nothing to repeat" in words:
        return f"missing argument to repetition operator: `{pattern[at : at + 1]}`"
    return words
