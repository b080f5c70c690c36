"""YAML, as Kubernetes reads it: a way to write JSON.

What Go's reader takes for text stays text: a time of day (`12:30`, which YAML 1.1 has as a number
to the base of 60) and a date. Aliases that would make much of little are refused in its words.

Source: sigs.k8s.io/yaml, and the `yaml.v2` in it.
"""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers.sizes import MOST_VALUES, demand_few, holds_too_much

_Fastest: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_BETWEEN = (b"\n", b",", b"- ", b"[", b"{", b": ", b"? ")
"""Each value comes after one of these."""


class _Loader(_Fastest):  # type: ignore[misc]
    """The fastest there is, with fewer kinds of scalars."""


def _whole_number(loader: Any, node: Any) -> Any:
    return node.value if ":" in node.value else loader.construct_yaml_int(node)


def _number(loader: Any, node: Any) -> Any:
    return node.value if ":" in node.value else loader.construct_yaml_float(node)


def _text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def read_yaml(body: bytes) -> Any:
    """A YAML document, as the JSON that it stands for.

    Raises:
        ApiError: 400, 413.
    """
    if body.lstrip()[:1] == b"{":  # most that is sent as YAML is JSON, which is read much faster
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
        else:
            demand_few(document, body)
            return document
    try:
        _demand_few_nodes(body)
        document = yaml.load(body, _Loader)  # type: ignore[no-untyped-call]
        if isinstance(document, dict | list) and holds_too_much(document):
            if b"&" in body and b"*" in body:
                raise yaml.YAMLError("document contains excessive aliasing")
            raise status.too_large()
        # Through JSON: what is no JSON (a set, a key that is no string) is found here.
        return orjson.loads(orjson.dumps(document, default=str))
    except (yaml.YAMLError, orjson.JSONEncodeError, RecursionError, ValueError) as error:
        words = " ".join(str(error).split())
        raise status.bad_request(f"error converting YAML to JSON: yaml: {words}") from None


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
