"""format: named forms of texts, `format.dns1123Label().validate(name)`; and `string` of addresses.

What is wrong with a text is an optional list: there is none where nothing is. A function in Python
cannot give an optional value, so it gives a map, and what asks for it is rewritten to look into
that map. Source: Kubernetes' `apiserver/pkg/cel/library/format.go`, `ip.go` and `cidr.go`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from labkit.cluster.embedded.apiserver.cel.functions import Function, urls
from labkit.cluster.embedded.apiserver.kinds import names
from labkit.cluster.embedded.schema.limits import has_format

FOUND = "[?'found']"
"""What turns a map that may have an entry into an optional value."""
GIVES_OPTIONAL = re.compile(r"(?:\bformat\.named|\.\s*validate)\s*\(")
STRING_OF = re.compile(r"\bstring(\s*\(\s*(?:ip|cidr)\s*\()")
TEXT = re.compile(r"""r?\"(?:[^"\\\n]|\\.)*\"|r?'(?:[^'\\\n]|\\.)*'|//[^\n]*""")
BRACKETS = re.compile(r"[()]")
NAMED = "NamedFormat"

Check = Callable[[str], Sequence[str]]


def _prefix_of(check: Check) -> Check:
    return lambda text: check(names.as_prefix(text))


def _uri(text: str) -> Sequence[str]:
    try:
        urls.read(text)
    except ValueError as error:
        return [str(error).partition("from string: ")[2]]
    return []


def _form(name: str, words: str) -> Check:
    return lambda text: [] if has_format(name, text) else [words]


FORMATS: dict[str, Check] = {
    "dns1123Label": names.dns1123_label,
    "dns1123Subdomain": names.dns1123_subdomain,
    "dns1035Label": names.dns1035_label,
    "qualifiedName": names.qualified_name,
    "dns1123LabelPrefix": _prefix_of(names.dns1123_label),
    "dns1123SubdomainPrefix": _prefix_of(names.dns1123_subdomain),
    "dns1035LabelPrefix": _prefix_of(names.dns1035_label),
    "labelValue": names.label_value,
    "uri": _uri,
    "uuid": _form("uuid", "does not match the UUID format"),
    "byte": _form("byte", "invalid base64"),
    "date": _form("date", "invalid date"),
    "datetime": _form("date-time", "invalid datetime"),
}


def _validate(name: str, text: str) -> dict[str, list[str]]:
    found = list(FORMATS[name](text))
    return {"found": found} if found else {}


def _named(name: str) -> dict[str, str]:
    return {"found": name} if name in FORMATS else {}


def _constant(name: str) -> Callable[[], str]:
    return lambda: name


FUNCTIONS = (
    *(Function(f"format.{name}", (), NAMED, _constant(name), is_member=False) for name in FORMATS),
    Function("format.named", ("string",), f"map({NAMED})", _named, is_member=False),
    Function("validate", (NAMED, "string"), "map(list(string))", _validate),
    Function("stringOf", ("IP",), "string", str, is_member=False),
    Function("stringOf", ("CIDR",), "string", str, is_member=False),
)


def rewritten(text: str) -> str:
    """An expression in which these functions are asked as they can be."""
    if "format." in text:
        text = _with_optionals(text)
    return STRING_OF.sub(r"stringOf\1", text) if "string" in text else text


def as_written(text: str) -> str:
    """A message about such an expression, which shows it as it was."""
    return text.replace(FOUND, "").replace("stringOf(", "string(")


def _with_optionals(text: str) -> str:
    """The expression with a look into the map after each call of a function that gives one."""
    bare = TEXT.sub(lambda found: "_" * len(found[0]), text)
    ends = [_end_of_call(bare, found.end()) for found in GIVES_OPTIONAL.finditer(bare)]
    for place in sorted(filter(None, ends), reverse=True):
        text = text[:place] + FOUND + text[place:]
    return text


def _end_of_call(bare: str, place: int) -> int:
    """Where the brackets end that begin before a place; 0 where they do not."""
    depth = 1
    for found in BRACKETS.finditer(bare, place):
        depth += 1 if found[0] == "(" else -1
        if not depth:
            return found.end()
    return 0
