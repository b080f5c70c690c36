"""The tables are what a program's types say."""

from __future__ import annotations

import gzip
import json

import pytest

from labkit.cluster.embedded.apiserver.protobuf.go_types import GoProgram
from labkit.cluster.embedded.apiserver.protobuf.packing import api_version, pack
from tests.cluster.protobuf.go_program import BOOL, STRING, STRUCT, Program

CORE, META = "k8s.io/api/core/v1", "k8s.io/apimachinery/pkg/apis/meta/v1"


def with_kind(*methods: str, tags: str = 'json:"x" protobuf:"bytes,9,opt,name=x"') -> bytes:
    """A program with one kind, which has a field of each sort."""
    program = Program()
    string, bool_ = program.scalar(STRING, "string"), program.scalar(BOOL, "bool")
    byte = program.scalar(8, "uint8")
    type_meta = program.struct(META, "v1.TypeMeta")
    time = program.struct(META, "v1.Time")
    inner = program.struct(
        CORE, "v1.Inner", ("A", string, 'json:"-" protobuf:"bytes,1,opt,name=a"')
    )
    map_ = program.map(string, program.slice(byte))
    extra = program.slice(string, CORE, "v1.Extra")
    program.pointer(extra, "Unmarshal")
    named = program.slice(string, CORE, "v1.Named")
    kind = program.struct(
        CORE,
        "v1.Thing",
        ("TypeMeta", type_meta, 'json:",inline"'),
        ("Born", time, 'json:"born,omitempty,omitzero" protobuf:"bytes,1,opt,name=born"'),
        ("Data", map_, 'json:"data,omitempty" protobuf:"bytes,2,rep,name=data"'),
        ("Is", program.pointer(bool_), 'json:"is,omitempty" protobuf:"varint,3,opt,name=is"'),
        ("", inner, 'json:",inline" protobuf:"bytes,4,opt,name=inner"'),
        ("Many", program.slice(inner), 'json:"many" protobuf:"bytes,5,rep,name=many"'),
        ("Extra", extra, 'json:"extra" protobuf:"bytes,6,rep,name=extra"'),
        ("Named", named, 'json:"named" protobuf:"bytes,7,rep,name=named"'),
        ("Own", string, 'json:"own" protobuf:"-"'),
        ("X", string, tags),
    )
    program.pointer(kind, *methods)
    return program.image() + b"dep\tk8s.io/api\tv0.36.1\th1:x\n"


def test_the_types_of_a_program_can_be_read() -> None:
    program = GoProgram(with_kind("Unmarshal", "Reset"))
    (thing,) = (type for type in program.pointed_at() if type.kind == STRUCT)
    assert (thing.name, thing.package) == ("v1.Thing", CORE)
    assert program.methods(thing) == {"Unmarshal", "Reset"}
    *_, last = program.fields(thing)
    assert (last.name, program.type(last.type).name, last.is_embedded) == ("X", "string", False)
    assert last.tags == {"json": "x", "protobuf": "bytes,9,opt,name=x"}


def test_tables_say_what_types_and_tags_say() -> None:
    seconds = [[1, "seconds", "int64", ""], [2, "nanos", "int32", ""]]
    assert json.loads(gzip.decompress(pack(with_kind("Unmarshal")))) == {
        "source": ["k8s.io/api v0.36.1"],
        "kinds": {"v1": {"Thing": "core/v1.Thing"}},
        "messages": {
            "core/v1.Extra": "[]string",
            "core/v1.Inner": [[1, "a", "string", ""]],
            "core/v1.Thing": [
                [1, "born", "meta/v1.Time", "omitzero"],
                [2, "data", "map[string][]byte", "omitempty"],
                [3, "is", "*bool", "omitempty"],
                [4, "", "core/v1.Inner", ""],
                [5, "many", "[]core/v1.Inner", ""],
                [6, "extra", "core/v1.Extra", ""],
                [7, "named", "[]string", ""],
                [9, "x", "string", ""],
            ],
            "meta/v1.Time": seconds,
        },
    }


def test_the_same_program_gives_the_same_tables() -> None:
    packed = pack(with_kind("Unmarshal"))
    assert packed == pack(with_kind("Unmarshal"))
    assert packed[4:8] == bytes(4)  # where gzip would say when


def test_types_without_a_form_in_protobuf_are_left_out() -> None:
    assert json.loads(gzip.decompress(pack(with_kind())))["messages"] == {}


@pytest.mark.parametrize(
    ("methods", "tags", "message"),
    [
        (["MarshalJSON"], 'json:"x" protobuf:"bytes,9,opt,name=x"', "well_known.py must know it"),
        ([], 'json:"x,omitzero" protobuf:"bytes,9,opt,name=x"', "omitzero is only known of times"),
        ([], 'json:",omitempty" protobuf:"bytes,9,opt,name=x"', "X has no name in JSON"),
    ],
)
def test_what_tables_have_no_words_for_is_refused(
    methods: list[str], tags: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pack(with_kind("Unmarshal", *methods, tags=tags))


@pytest.mark.parametrize(
    ("package", "kind", "expected"),
    [
        ("k8s.io/api/core/v1", "Pod", "v1"),
        ("k8s.io/api/apps/v1", "Deployment", "apps/v1"),
        ("k8s.io/api/rbac/v1", "Role", "rbac.authorization.k8s.io/v1"),
        ("k8s.io/api/networking/v1", "Ingress", "networking.k8s.io/v1"),
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "Status", "v1"),
        ("k8s.io/apimachinery/pkg/apis/meta/v1", "PartialObjectMetadata", "meta.k8s.io/v1"),
        (
            "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1",
            "CustomResourceDefinition",
            "apiextensions.k8s.io/v1",
        ),
    ],
)
def test_a_package_is_a_group_and_a_version(package: str, kind: str, expected: str) -> None:
    assert api_version(package, kind) == expected
