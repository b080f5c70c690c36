"""`Object{…}` and `JSONPatch{…}`: the types of what a mutating policy's expressions give.

Kubernetes takes any field of any type below `Object` when an expression compiles; whether the types
are named as the fields are (`spec: Object.spec{…}`), and whether the kind has such fields, is seen
when it is evaluated. So each expression gets messages of its own: the types that it names, each
with every field that it names, of any value.

`Object.spec` is a message, and in protobuf it would be the field `spec` of `Object` as well. So
each depth is in a package of its own, which the evaluator looks through from the innermost:
`in1.in2.Object` and `in1.Object.spec`. Messages to people do not show that.

Source: Kubernetes' `apiserver/pkg/cel/mutation`, version 1.36.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf import descriptor_pb2, struct_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from labkit.cluster.embedded.apiserver.cel.language import (
    MOST_KEPT,
    BadExpression,
    Environment,
    Expression,
)

Field = descriptor_pb2.FieldDescriptorProto
ANY_VALUE = ".google.protobuf.Value"
LEVEL = "in{}__"
LEVELS = re.compile(r"\b(?:in\d+__\.)+")
CONTAINER = re.compile(r"\bin container '(?:in\d+__\.?)+'")
TYPE = re.compile(r"\bObject(?:\s*\.\s*[A-Za-z_]\w*)*(?=\s*\{)")
FIELD = re.compile(r"([A-Za-z_]\w*)`?\s*:(?!:)")
OF = "\x1f"
"""Between the type and the name of a field, where values are told as JSON: no name has it."""


class PatchTypes:
    """The types that one expression names.

    Args:
        text: the expression.

    Attributes:
        container: where the evaluator looks for their names.
    """

    def __init__(self, text: str) -> None:
        named = {re.sub(r"\s", "", found) for found in TYPE.findall(text)} | {"Object"}
        self._names = sorted(named)
        self._fields = sorted(set(FIELD.findall(text)))
        self._depth = max(name.count(".") for name in named) + 1
        self.container = ".".join(self._levels(self._depth))

    def pool(self, pool: DescriptorPool | None = None) -> DescriptorPool:
        """A pool with these messages.

        Args:
            pool: one to add them to, that knows `struct.proto`; else there is a new one.
        """
        if pool is None:
            pool = DescriptorPool()
            pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
        for name in self._names:
            above, _, last = name.rpartition(".")
            levels = self._levels(self._depth - name.count("."))
            package = ".".join([*levels, above] if above else levels)
            fields = {one: f"{name}{OF}{one}" for one in self._fields}
            _add(pool, package, last, fields)
        _add(pool, "", "JSONPatch", {"value": "value"}, texts=("op", "path", "from"))
        return pool

    def _levels(self, count: int) -> list[str]:
        return [LEVEL.format(number) for number in range(1, count + 1)]


def _add(
    pool: DescriptorPool,
    package: str,
    name: str,
    fields: dict[str, str],
    texts: tuple[str, ...] = (),
) -> None:
    """A message of its own file: fields of any value by name, and what JSON calls them."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.{name}.proto", package=package, syntax="proto2"
    )
    file.dependency.append(struct_pb2.DESCRIPTOR.name)
    message: Any = file.message_type.add(name=name)
    for number, (field, json_name) in enumerate(fields.items(), 1):
        made = message.field.add(name=field, number=number, json_name=json_name)
        made.label, made.type, made.type_name = Field.LABEL_OPTIONAL, Field.TYPE_MESSAGE, ANY_VALUE
    for number, field in enumerate(texts, len(fields) + 1):
        made = message.field.add(name=field, number=number, json_name=field)
        made.label, made.type = Field.LABEL_OPTIONAL, Field.TYPE_STRING
    pool.AddSerializedFile(file.SerializeToString())


class PatchExpressions:
    """Compiles expressions that give objects and patches; the same text is compiled once.

    Args:
        make: makes the environment of an expression, of the types that it names.
    """

    def __init__(self, make: Callable[[PatchTypes], Environment]) -> None:
        self._make = make
        self._kept: dict[str, Expression] = {}

    def compile(self, text: str) -> Expression:
        """An expression, ready to be evaluated.

        Raises:
            BadExpression: it is none, or its types do not fit.
        """
        if text not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[text] = self._compile(text)
        return self._kept[text]

    def _compile(self, text: str) -> Expression:
        try:
            found = self._make(PatchTypes(text)).compile(text)
        except BadExpression as error:
            raise BadExpression(_shown(str(error))) from None
        return replace(found, kind=_shown(found.kind))


def _shown(text: str) -> str:
    return LEVELS.sub("", CONTAINER.sub("in container ''", text))
