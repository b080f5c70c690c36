"""Whatever the bytes are, the answer is an object or `BadProtobuf`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.protobuf import BadProtobuf, decode
from tests.cluster.protobuf.encoding import RECORDED, body, field, varint

BODIES = [
    path.read_bytes() for path in sorted(RECORDED.glob("*.bin")) if path.stat().st_size < 1000
]


def is_object_or_refused(data: bytes) -> bool:
    try:
        return isinstance(decode(data), dict)
    except BadProtobuf:
        return True


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "does not begin"),
        (b'{"kind": "Pod"}', "does not begin"),
        (b"k8s\0", "no kind '' is known in version ''"),
        (body("v1", "Deployment"), "no kind 'Deployment' is known in version 'v1'"),
        (body("v1", "Pod") + field(3, "gzip"), "content encoding 'gzip' is not known"),
        (body("v1", "Pod") + field(4, "application/json"), "'application/json' is not protobuf"),
        (b"k8s\0" + field(1, 7), "a number where a message is due"),
        (body("v1", "Pod", field(1, 7)), "a number where a message is due"),
        (body("v1", "Pod", field(1, field(1, 7))), "a string with wire type 0"),
        (body("v1", "Pod", field(2, field(4, "x"))), "a int64 with wire type 2"),
        (body("v1", "Pod", varint(0) + varint(0)), "0 is no field's number"),
        (body("v1", "Pod", varint(2**32)), "is no field's number"),
        (body("v1", "Pod", varint(1 << 3 | 3) + varint(1 << 3 | 4)), "wire type 3 is not known"),
        (body("v1", "Pod", b"\x80" * 10 + b"\x01"), "a number of more than 10 bytes"),
        (body("v1", "Pod", b"\x80"), "unexpected end of a number"),
        (body("v1", "Pod", b"\x0a\x05abc"), "5 bytes are due, 3 follow"),
        (body("v1", "Pod", b"\x0a" + varint(2**64 - 1)), "unexpected end"),
        (body("v1", "Pod", b"\x0d\0\0"), "4 bytes are due, 2 follow"),
        (
            body("v1", "ConfigMap", field(1, field(8, field(1, 2**62)))),
            "no time that can be written",
        ),
        (body("apps/v1", "ControllerRevision", field(2, field(1, "{"))), "raw JSON"),
        (body("apps/v1", "ControllerRevision", field(2, field(1, "[" * 9999))), "raw JSON"),
        (
            body("v1", "Service", field(2, field(1, field(4, field(1, 2))))),
            "2 is no type of an IntOrString",
        ),
    ],
)
def test_a_bad_body_is_refused_and_says_why(data: bytes, message: str) -> None:
    with pytest.raises(BadProtobuf, match=message):
        decode(data)


def test_a_number_is_cut_to_64_bits() -> None:
    account = decode(body("v1", "ServiceAccount", varint(4 << 3) + b"\x80" * 9 + b"\x02"))
    assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("number", [24, 25, 29, 30], ids=str)
def test_messages_within_messages_have_an_end(number: int) -> None:
    """Schemas in schemas, by each way that they have: a list of them, a map, an either-or."""
    schema = b""
    for _ in range(2000):
        inner = {24: field(1, schema), 29: field(2, schema), 30: field(2, schema)}
        schema = field(number, inner.get(number, schema))
    spec = field(7, field(4, field(1, schema)))
    with pytest.raises(BadProtobuf, match="more than 100 messages within each other"):
        decode(body("apiextensions.k8s.io/v1", "CustomResourceDefinition", field(2, spec)))


def test_a_body_cut_anywhere_is_refused_or_an_object() -> None:
    for data in BODIES:
        assert all(is_object_or_refused(data[:length]) for length in range(len(data)))


@given(st.sampled_from(BODIES), st.data())
def test_a_body_with_bytes_changed_is_refused_or_an_object(
    recorded: bytes, data: st.DataObject
) -> None:
    changed = bytearray(recorded)
    places = st.integers(4, len(changed) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        changed[place] = byte
    assert is_object_or_refused(bytes(changed))


@given(st.sampled_from([("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "Secret")]), st.binary())
def test_any_bytes_are_refused_or_an_object(kind: tuple[str, str], data: bytes) -> None:
    assert is_object_or_refused(body(*kind, data))
    assert is_object_or_refused(b"k8s\0" + data)
