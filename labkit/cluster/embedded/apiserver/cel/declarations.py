"""What a schema's values are to the checker: messages with fields, lists, maps and scalars.

Only fields that a schema declares can be named, and of metadata only `name` and `generateName`.
What has no type (an object that keeps unknown fields, and nothing more is said of it) cannot be
named at all. Source: Kubernetes' `apiserver/pkg/cel/common/schemas.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, duration_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool

from labkit.cluster.embedded.apiserver.cel.names import escaped
from labkit.cluster.embedded.apiserver.cel.values import VISIBLE_METADATA
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import NOTHING

Field = descriptor_pb2.FieldDescriptorProto
KNOWN = (struct_pb2, timestamp_pb2, duration_pb2)
WELL_KNOWN = ".google.protobuf."
TIMES = frozenset({"date", "date-time"})
PER_CASE = {"int-or-string": "Value", "timestamp": "Timestamp", "duration": "Duration"}
SCALARS = {
    "boolean": Field.TYPE_BOOL, "integer": Field.TYPE_INT64, "number": Field.TYPE_DOUBLE,
    "string": Field.TYPE_STRING, "bytes": Field.TYPE_BYTES,
}  # fmt: skip
CEL_TYPES = {
    "boolean": cel.Type.BOOL, "integer": cel.Type.INT, "number": cel.Type.DOUBLE,
    "string": cel.Type.STRING, "bytes": cel.Type.BYTES, "int-or-string": cel.Type.DYN,
    "timestamp": cel.Type.TIMESTAMP, "duration": cel.Type.DURATION,
}  # fmt: skip


class Shape(NamedTuple):
    """What a value is to the checker.

    Attributes:
        kind: "message", "list", "map", or a scalar's.
        message: the name of a message.
        element: of a list or a map.
    """

    kind: str
    message: str = ""
    element: Shape | None = None

    @property
    def cel_type(self) -> Any:
        """The type of a variable of this shape."""
        if self.element is not None and self.kind == "list":
            return cel.Type.List(self.element.cel_type)
        if self.element is not None:
            return cel.Type.Map(cel.Type.STRING, self.element.cel_type)
        return cel.Type(self.message) if self.message else CEL_TYPES[self.kind]


def scalar_kind(type_: Type) -> str:
    """What a scalar is: strings of some formats are bytes, times and durations."""
    if type_.kind != "string":
        return type_.kind
    if type_.format in TIMES:
        return "timestamp"
    return {"byte": "bytes", "duration": "duration"}.get(type_.format, "string")


def is_metadata(type_: Type) -> bool:
    """Whether it is the metadata of an object, which is of no CRD."""
    return not type_.is_custom and type_.kind == "object"


class Declarations:
    """The messages of one schema. Add what is wanted, then take the pool.

    Args:
        is_escaped: whether names that CEL keeps for itself are spelt out, as in rules of schemas.
    """

    def __init__(self, *, is_escaped: bool = True) -> None:
        self._is_escaped = is_escaped
        self._file = descriptor_pb2.FileDescriptorProto(name="schema.proto", syntax="proto2")
        self._file.dependency.extend(one.DESCRIPTOR.name for one in KNOWN)
        self._shapes: dict[int, tuple[Type, Shape | None]] = {}

    def shape(self, type_: Type) -> Shape | None:
        """What values of a type are; None for what no expression can name."""
        if id(type_) not in self._shapes:
            self._shapes[id(type_)] = type_, self._shape(type_)
        return self._shapes[id(type_)][1]

    def names(self, type_: Type, name: str) -> dict[str, str]:
        """How a message of a type, and those below it, are told: by the way that leads there."""
        found: dict[str, str] = {}
        shape = self.shape(type_)
        if shape is None:
            return found
        if shape.message:
            found[shape.message] = name
            for written, field in self._fields(type_):
                found |= self.names(field, f"{name}.{written}")
        elif type_.element is not None:
            part = "@idx" if shape.kind == "list" else "@elem"
            found |= self.names(type_.element, f"{name}.{part}")
        return found

    def pool(self) -> DescriptorPool:
        """All messages that were added."""
        pool = DescriptorPool()
        for one in KNOWN:
            pool.AddSerializedFile(one.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(self._file.SerializeToString())
        return pool

    def _shape(self, type_: Type) -> Shape | None:
        if type_.kind == "object":
            return self._message(type_)
        if type_.kind in ("list", "map"):
            element = self.shape(type_.element) if type_.element is not None else None
            return Shape(type_.kind, element=element) if element else None
        kind = scalar_kind(type_)
        return Shape(kind) if kind in CEL_TYPES else None

    def _fields(self, type_: Type) -> Iterator[tuple[str, Type]]:
        """The fields that can be named, as they are written."""
        fields = type_.fields if type_.fields is not NOTHING else {}
        if is_metadata(type_):
            fields = {name: fields[name] for name in VISIBLE_METADATA if name in fields}
        for name, field in fields.items():
            written = escaped(name) if self._is_escaped else name
            if written:
                yield written, field

    def _message(self, type_: Type) -> Shape:
        shapes = {
            written: shape for written, field in self._fields(type_) if (shape := self.shape(field))
        }
        name = f"T{len(self._file.message_type)}"
        message = self._file.message_type.add(name=name)
        by_name = sorted(shapes.items(), key=lambda one: one[1].kind == "map")  # maps come last
        for number, (written, shape) in enumerate(by_name, 1):
            self._add(message, written, number, shape)
        return Shape("message", name)

    def _add(self, message: Any, name: str, number: int, shape: Shape) -> None:
        """One field. Two that JSON would call the same are two: each has a name of its own."""
        field = message.field.add(name=name, number=number, json_name=f"f{number}")
        field.label = Field.LABEL_OPTIONAL
        if shape.kind == "list" and shape.element is not None:
            field.label = Field.LABEL_REPEATED
            _set(field, shape.element)
        elif shape.kind == "map" and shape.element is not None and _has_room(message, name):
            entry = message.nested_type.add(name=_entry(name))
            entry.options.map_entry = True
            _set(entry.field.add(name="key", number=1, label=1), Shape("string"))
            _set(entry.field.add(name="value", number=2, label=1), shape.element)
            field.label, field.type = Field.LABEL_REPEATED, Field.TYPE_MESSAGE
            field.type_name = f".{message.name}.{entry.name}"
        else:
            _set(field, shape)


def _entry(name: str) -> str:
    """How protobuf wants the entries of a map to be called."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Entry"


def _has_room(message: Any, name: str) -> bool:
    """Whether no other map has entries of that name: else its elements are of any type."""
    taken = {one.name for one in message.nested_type} | {one.name for one in message.field}
    return _entry(name) not in taken


def _set(field: Any, shape: Shape) -> None:
    """The type of a field. A list in a list, or in a map, has elements of any type."""
    if shape.kind in SCALARS:
        field.type = SCALARS[shape.kind]
        return
    field.type = Field.TYPE_MESSAGE
    if shape.message:
        field.type_name = f".{shape.message}"
    else:
        known = {"list": "ListValue", "map": "Struct", **PER_CASE}[shape.kind]
        field.type_name = WELL_KNOWN + known
