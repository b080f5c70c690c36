"""YAML, as Kubernetes writes it: names in order, and text that would be read as something else
in double quotes, text of several lines as a block.

Source: sigs.k8s.io/yaml, and the `yaml.v2` in it (`encode.go`).
"""

from __future__ import annotations

import re
from typing import Any

import orjson
import yaml

_Fastest: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SWITCHES = frozenset("yYnN")
"""What YAML 1.1 has as yes and no, and PyYAML takes for text."""
NUMBER = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?|[-+]?0o[0-7_]+", re.ASCII)
"""The same of numbers: Go's have an exponent without a sign, and octals with an `o`."""
TEXT = "tag:yaml.org,2002:str"


class _Dumper(_Fastest):  # type: ignore[misc]
    """The fastest there is, with Go's choice of quotes."""


def _text(dumper: Any, value: str) -> Any:
    style = None
    if "\n" in value:
        style = "|"
    elif (
        value in SWITCHES
        or NUMBER.fullmatch(value)
        or dumper.resolve(yaml.ScalarNode, value, (True, False)) != TEXT
    ):
        style = '"'
    return dumper.represent_scalar(TEXT, value, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(value: Any) -> bytes:
    """An object in YAML."""
    plain = orjson.loads(orjson.dumps(value))
    write: Any = yaml.dump
    text: bytes = write(plain, Dumper=_Dumper, default_flow_style=False, encoding="utf-8")
    return text
