"""YAML, as Kubernetes reads it: a way to write JSON.

What Go's reader takes for text stays text: a time of day (`12:30`, which YAML 1.1 has as a number
to the base of 60) and a date. Aliases that would make much of little are refused in its words.

Source: sigs.k8s.io/yaml, and the `yaml.v2` in it.
"""

from __future__ import annotations

import base64
import math
import re
from typing import Any

import orjson
import yaml

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers.sizes import MOST_VALUES, demand_few, holds_too_much
from labkit.cluster.embedded.schema import duplicate_fields

_Fastest: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ANCHOR = re.compile(r"[\w-]*")
_BETWEEN = (b"\n", b",", b"- ", b"[", b"{", b": ", b"? ")
"""Each value comes after one of these."""


FRACTION = re.compile(rb"[0-9][.eE][-+0-9]")
"""What may be a number with a fraction, or an exponent."""
OCTAL = "tag:yaml.org,2002:int#octal"
LARGEST_WHOLE = 1e21
"""From here on Go writes a number with an exponent."""


class _Loader(_Fastest):  # type: ignore[misc]
    """The fastest there is, with fewer kinds of scalars."""


def _whole_number(loader: Any, node: Any) -> Any:
    if ":" in node.value:
        return node.value
    found = loader.construct_yaml_int(node)
    return found if -(2**63) <= found < 2**64 else float(found)


def _number(loader: Any, node: Any) -> Any:
    """A fraction; without one it is written, and so read again, as a whole number."""
    if ":" in node.value:
        return node.value
    found = loader.construct_yaml_float(node)
    if math.isinf(found) and "inf" not in node.value.lower():
        return node.value  # there is no room for it
    if not math.isfinite(found):
        words = "NaN" if math.isnan(found) else f"{found:+}".capitalize().replace("inf", "Inf")
        raise BadYaml(f"json: unsupported value: {words}")
    return _as_whole(found)


def _as_whole(found: float) -> float:
    """A number as it is read again after Go has written it."""
    return int(found) if found.is_integer() and abs(found) < LARGEST_WHOLE else found


def _whole(document: Any) -> Any:
    """The same, of all numbers in a document."""
    if isinstance(document, dict):
        return {name: _whole(part) for name, part in document.items()}
    if isinstance(document, list):
        return list(map(_whole, document))
    return _as_whole(document) if isinstance(document, float) else document


def _octal(_: Any, node: Any) -> Any:
    return int(node.value.replace("_", ""), 8)


def _bytes(_: Any, node: Any) -> Any:
    return base64.b64decode(node.value).decode(errors="replace")


def _of_unknown_tag(loader: Any, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


def _text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)
_Loader.add_constructor("tag:yaml.org,2002:binary", _bytes)
_Loader.add_constructor(OCTAL, _octal)
_Loader.add_constructor(None, _of_unknown_tag)
_Loader.add_implicit_resolver(OCTAL, re.compile(r"[-+]?0o[0-7_]+"), ["-", "+", "0"])
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


class BadYaml(Exception):
    """It cannot be read; the text is what Go's reader says."""


def read_yaml(body: bytes) -> Any:
    """A YAML document, as the JSON that it stands for.

    Raises:
        BadYaml: it is none.
        ApiError: 413.
    """
    if body.lstrip()[:1] == b"{":  # most that is sent as YAML is JSON, which is read much faster
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            demand_few(document, body)
            return _whole(document) if FRACTION.search(body) else document
    try:
        _demand_few_nodes(body)
        document = next(yaml.load_all(body, _Loader), None)  # type: ignore[no-untyped-call]
        if isinstance(document, dict | list) and holds_too_much(document):
            if b"&" in body and b"*" in body:
                raise yaml.YAMLError("document contains excessive aliasing")
            raise status.too_large()
        # Through JSON: what is no JSON (a set, a key that is no string) is found here.
        return orjson.loads(orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS))
    except (yaml.YAMLError, orjson.JSONEncodeError, RecursionError, ValueError) as error:
        raise BadYaml(f"yaml: {_as_go(error, body)}") from None


def _as_go(error: Exception, body: bytes) -> str:
    """What went wrong, and in which line, as Go's port of libyaml says it."""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None)
    if isinstance(error, yaml.reader.ReaderError):
        return str(problem)
    if not isinstance(error, yaml.MarkedYAMLError) or not problem:
        return " ".join(str(error).split())
    marks = (error.problem_mark, error.context_mark)
    if problem == "found undefined alias" and marks[0] is not None:
        line = body.decode(errors="replace").splitlines()[marks[0].line]
        name = ANCHOR.match(line, marks[0].column + 1)
        return f"unknown anchor '{name[0] if name else ''}' referenced"
    line = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return f"line {line}: {problem}" if line else str(problem)


def all_of(faults: list[str]) -> str:
    """What Go's strict reader says of all that it found."""
    return "\n  ".join(["yaml: unmarshal errors:", *faults])


def duplicate_keys(body: bytes) -> list[str]:
    """What Go's strict reader says of the keys that a document has twice, one by one.

    Args:
        body: a document that `read_yaml` takes.
    """
    if body.lstrip()[:1] == b"{" and not _is_doubtful(body):
        return []
    found: list[str] = []
    documents = yaml.compose_all(body, _Loader)  # type: ignore[no-untyped-call]
    _look_for_duplicates(next(documents, None), found, set())
    return found


def _is_doubtful(body: bytes) -> bool:
    """Whether what is most probably JSON is none, or says something twice."""
    try:
        return bool(duplicate_fields(body))
    except ValueError:
        return True


def _look_for_duplicates(node: Any, found: list[str], above: set[int]) -> None:
    if id(node) in above:
        return
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            _look_for_duplicates(value, found, above | {id(node)})
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if name and name in seen:
                line = value.start_mark.line + 1
                found.append(f"line {line}: key {orjson.dumps(name).decode()} already set in map")
            seen.add(name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _look_for_duplicates(value, found, above | {id(node)})


def _demand_few_nodes(body: bytes) -> None:
    """Refuses what has too many of them, before any is made.

    Raises:
        ApiError: 413.
    """
    if len(body) < MOST_VALUES or sum(body.count(one) for one in _BETWEEN) < MOST_VALUES:
        return
    for number, _ in enumerate(yaml.parse(body, _Loader)):  # type: ignore[no-untyped-call]
        if number > MOST_VALUES:
            raise status.too_large()
