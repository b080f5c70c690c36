"""A checked expression as a tree: what the checker knows of it, to be read and to be changed.

The compiler gives its trees as protobuf, but not the classes for them. They are made here, of the
parts that are asked for; what they do not name is kept as it came. Source: cel-spec's
`proto/cel/expr/syntax.proto` and `checked.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "cel.expr"
ONE_OF = "?"
"""Begins the fields of which a message has one."""
MANY = "*"
PARTS = {
    "Constant": "?bool_value=2 bool; ?int64_value=3 int64; ?uint64_value=4 uint64; "
    "?double_value=5 double; ?string_value=6 string; ?bytes_value=7 bytes",
    "Ident": "name=1 string",
    "Select": "operand=1 Expr; field=2 string; test_only=3 bool",
    "Call": "target=1 Expr; function=2 string; *args=3 Expr",
    "CreateList": "*elements=1 Expr",
    "Entry": "id=1 int64; field_key=2 string; map_key=3 Expr; value=4 Expr",
    "CreateStruct": "message_name=1 string; *entries=2 Entry",
    "Comprehension": "iter_var=1 string; iter_range=2 Expr; accu_var=3 string; accu_init=4 Expr; "
    "loop_condition=5 Expr; loop_step=6 Expr; result=7 Expr; iter_var2=8 string",
    "Expr": "id=2 int64; ?const_expr=3 Constant; ?ident_expr=4 Ident; ?select_expr=5 Select; "
    "?call_expr=6 Call; ?list_expr=7 CreateList; ?struct_expr=8 CreateStruct; "
    "?comprehension_expr=9 Comprehension",
    "Reference": "name=1 string; *overload_id=3 string",
    "ListType": "elem_type=1 Type",
    "MapType": "key_type=1 Type; value_type=2 Type",
    "AbstractType": "name=1 string; *parameter_types=2 Type",
    "Type": "?primitive=3 int32; ?wrapper=4 int32; ?well_known=5 int32; ?list_type=6 ListType; "
    "?map_type=7 MapType; ?message_type=9 string; ?type_param=10 string; "
    "?abstract_type=14 AbstractType",
    "ReferenceAt": "key=1 int64; value=2 Reference",
    "TypeAt": "key=1 int64; value=2 Type",
    "PositionAt": "key=1 int64; value=2 int32",
    "SourceInfo": "*positions=4 PositionAt",
    "CheckedExpr": "*reference_map=2 ReferenceAt; *type_map=3 TypeAt; expr=4 Expr; "
    "source_info=5 SourceInfo",
}
SCALARS = {name: number for number, name in enumerate(
    ("double", "", "int64", "uint64", "int32", "", "", "bool", "string", "", "", "bytes"), 1
) if name}  # fmt: skip
TYPE_URL = f"type.googleapis.com/{PACKAGE}.CheckedExpr"


def read(compiled: Any) -> Any:
    """The tree of a compiled expression: `expr`, with `reference_map` and `type_map`."""
    packed = any_pb2.Any.FromString(compiled.serialize())
    return _checked().FromString(packed.value)


def parts(node: Any) -> Iterator[Any]:
    """The nodes directly below one."""
    kind = node.WhichOneof("kind")
    if kind == "select_expr":
        yield node.select_expr.operand
    elif kind == "call_expr":
        if node.call_expr.HasField("target"):
            yield node.call_expr.target
        yield from node.call_expr.args
    elif kind == "list_expr":
        yield from node.list_expr.elements
    elif kind == "struct_expr":
        for one in node.struct_expr.entries:
            yield from (one.map_key, one.value)
    elif kind == "comprehension_expr":
        loop = node.comprehension_expr
        yield from (loop.iter_range, loop.accu_init, loop.loop_condition, loop.loop_step)
        yield loop.result


def walk(node: Any) -> Iterator[Any]:
    """A node and all that is below it."""
    yield node
    for one in parts(node):
        yield from walk(one)


def write(tree: Any) -> bytes:
    """A tree, as an environment reads it."""
    packed = any_pb2.Any(type_url=TYPE_URL, value=tree.SerializeToString())
    return bytes(packed.SerializeToString())


@cache
def _checked() -> Any:
    """The class of whole trees."""
    file = descriptor_pb2.FileDescriptorProto(name="trees.proto", package=PACKAGE, syntax="proto3")
    for name, fields in PARTS.items():
        message = file.message_type.add(name=name)
        message.oneof_decl.add(name="kind")
        for text in fields.split("; "):
            _add(message, text)
        if not any(field.HasField("oneof_index") for field in message.field):
            del message.oneof_decl[:]
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.CheckedExpr"))


def _add(message: Any, text: str) -> None:
    said, kind = text.split(" ")
    name, _, number = said.partition("=")
    field = message.field.add(name=name.lstrip(ONE_OF + MANY), number=int(number), label=1)
    if name.startswith(MANY):
        field.label = 3
    if name.startswith(ONE_OF):
        field.oneof_index = 0
    if kind in SCALARS:
        field.type = SCALARS[kind]
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
