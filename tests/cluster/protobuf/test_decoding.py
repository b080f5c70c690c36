"""How fields of each sort become JSON: what stays, what is left out, what has a form of its own."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.protobuf import BadProtobuf, decode, is_known
from tests.cluster.protobuf.encoding import body, field, varint

SCHEMA = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")


def metadata(*fields: bytes) -> dict[str, Any]:
    """The metadata of a ConfigMap that has these fields there."""
    decoded: dict[str, Any] = decode(body("v1", "ConfigMap", field(1, b"".join(fields))))[
        "metadata"
    ]
    return decoded


def deployment_spec(*fields: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = decode(body("apps/v1", "Deployment", field(2, b"".join(fields))))[
        "spec"
    ]
    return decoded


def schema(*fields: bytes) -> dict[str, Any]:
    """The schema of a custom resource, at spec.versions[0].schema.openAPIV3Schema."""
    version = field(4, field(1, b"".join(fields)))
    crd = decode(body(*SCHEMA, field(2, field(7, version))))
    decoded: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return decoded


def test_kind_and_api_version_are_those_of_the_envelope() -> None:
    assert decode(body("v1", "ConfigMap")) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {},
    }


def test_zero_values_that_are_always_sent_are_left_out() -> None:
    """Go writes plain fields even when they are zero: an empty namespace is none."""
    assert metadata(field(1, "a"), field(3, ""), field(7, 0), field(8, b"")) == {"name": "a"}


def test_zero_values_that_someone_set_stay() -> None:
    spec = deployment_spec(field(1, 0))
    assert spec["replicas"] == 0
    secret = decode(body("v1", "ServiceAccount", field(4, 0)))
    assert secret["automountServiceAccountToken"] is False


def test_what_has_to_be_there_is_there() -> None:
    """As Go writes a Role without rules, and a Deployment of nothing."""
    assert decode(body("rbac.authorization.k8s.io/v1", "Role"))["rules"] is None
    assert decode(body("apps/v1", "Deployment")) == {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {},
        "spec": {
            "selector": None,
            "template": {"metadata": {}, "spec": {"containers": None}},
            "strategy": {},
        },
        "status": {},
    }


def test_embedded_messages_give_their_fields_to_the_one_around() -> None:
    volume = field(1, "v") + field(2, field(2, field(1, "Memory")))
    pod = decode(body("v1", "Pod", field(2, field(1, volume))))
    assert pod["spec"]["volumes"] == [{"name": "v", "emptyDir": {"medium": "Memory"}}]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (field(1, 1_700_000_000) + field(2, 999), "2023-11-14T22:13:20Z"),
        (field(1, 0) + field(2, 0), "1970-01-01T00:00:00Z"),
        (field(1, -1), "1969-12-31T23:59:59Z"),
        (field(1, -62_135_596_799), "0001-01-01T00:00:01Z"),
    ],
)
def test_times_are_written_in_utc_to_the_second(sent: bytes, said: str) -> None:
    assert metadata(field(8, sent)) == {"creationTimestamp": said}


def test_no_time_is_left_out_but_null_where_a_pointer_leads_to_it() -> None:
    go_zero = field(1, -62_135_596_800)
    assert metadata(field(8, go_zero)) == metadata(field(8, b"")) == {}
    assert metadata(field(9, b"")) == {"deletionTimestamp": None}


def test_micro_times_keep_six_digits() -> None:
    sent = field(1, 1_700_000_000) + field(2, 1_500_999)
    lease = decode(body("coordination.k8s.io/v1", "Lease", field(2, field(3, sent))))
    assert lease["spec"] == {"acquireTime": "2023-11-14T22:13:20.001500Z"}


def test_quantities_stay_as_they_were_sent() -> None:
    hard = field(1, "cpu") + field(2, field(1, "1500m"))
    quota = decode(body("v1", "ResourceQuota", field(2, field(1, hard))))
    assert quota["spec"] == {"hard": {"cpu": "1500m"}}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (field(1, 0) + field(2, 8080) + field(3, ""), 8080),
        (field(1, 1) + field(2, 0) + field(3, "http"), "http"),
        (b"", 0),
    ],
)
def test_an_int_or_string_is_the_one_or_the_other(sent: bytes, said: int | str) -> None:
    service = decode(body("v1", "Service", field(2, field(1, field(3, 80) + field(4, sent)))))
    assert service["spec"]["ports"] == [{"port": 80, "targetPort": said}]


def test_raw_json_is_taken_as_it_is() -> None:
    entry = field(1, "kubectl") + field(7, field(1, b'{"f:spec":{"f:replicas":{}}}'))
    assert metadata(field(17, entry)) == {
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    }
    revision = decode(body("apps/v1", "ControllerRevision", field(3, 7)))
    assert (revision["data"], revision["revision"]) == (None, 7)


def test_bytes_are_base64_and_never_null_in_a_map() -> None:
    secret = decode(
        body("v1", "Secret", field(2, field(1, "a") + field(2, b"\0\xff")), field(2, field(1, "b")))
    )
    assert secret["data"] == {"a": "AP8=", "b": ""}


def test_messages_that_stand_for_a_list_are_lists() -> None:
    extra = field(1, "scopes") + field(2, field(1, "a") + field(1, "b"))
    review = body("authentication.k8s.io/v1", "TokenReview", field(3, field(2, field(4, extra))))
    assert decode(review)["status"]["user"]["extra"] == {"scopes": ["a", "b"]}


def test_schemas_are_what_they_are_either_of() -> None:
    string = field(5, "string")
    assert schema(field(24, field(1, string)))["items"] == {"type": "string"}
    assert schema(field(24, field(2, string)))["items"] == [{"type": "string"}]
    assert schema(field(30, field(1, 0)))["additionalProperties"] is False
    assert schema(field(30, field(1, 1)))["additionalProperties"] is True
    assert schema(field(30, field(1, 1) + field(2, string)))["additionalProperties"] == {
        "type": "string"
    }
    assert schema(field(32, field(1, "a") + field(2, field(2, "b")))) == {
        "dependencies": {"a": ["b"]}
    }
    assert schema(field(20, field(1, b'[1,"a"]'))) == {"enum": [[1, "a"]]}


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def test_floats_are_numbers_of_json() -> None:
    assert schema(double(9, 2.5), double(11, 3.0)) == {"maximum": 2.5, "minimum": 3}
    assert isinstance(schema(double(11, 3.0))["minimum"], int)
    with pytest.raises(BadProtobuf, match="nan cannot be said in JSON"):
        schema(double(9, float("nan")))


def test_negative_numbers_and_numbers_that_are_too_large_are_cut_as_go_cuts_them() -> None:
    assert deployment_spec(field(1, -5))["replicas"] == -5
    assert deployment_spec(field(1, 2**32 + 7))["replicas"] == 7


def test_occurrences_of_a_message_are_merged_and_the_last_scalar_wins() -> None:
    first, second = field(1, "a") + field(3, "x"), field(1, "b")
    assert decode(body("v1", "ConfigMap", field(1, first), field(1, second)))["metadata"] == {
        "name": "b",
        "namespace": "x",
    }


def test_lists_of_numbers_may_be_packed() -> None:
    packed = varint(1) + varint(300)
    for sent in (field(4, packed), field(4, 1) + field(4, 300)):
        pod = decode(body("v1", "Pod", field(2, field(14, sent))))
        assert pod["spec"]["securityContext"] == {"supplementalGroups": [1, 300]}


def test_fields_that_nobody_knows_are_skipped() -> None:
    unknown = field(900, "x") + field(901, 5) + double(902, 1) + varint(903 << 3 | 5) + b"\0\0\0\0"
    assert metadata(unknown, field(1, "a")) == {"name": "a"}


def test_text_that_is_no_utf8_is_replaced() -> None:
    assert metadata(field(1, b"a\xff")) == {"name": "a\N{REPLACEMENT CHARACTER}"}


@pytest.mark.parametrize("api_version", ["v1", "apps/v1", "example.com/v2"])
def test_options_are_known_in_every_version(api_version: str) -> None:
    options = decode(body(api_version, "DeleteOptions", field(1, 0), field(5, "All")))
    assert options == {
        "kind": "DeleteOptions",
        "apiVersion": api_version,
        "gracePeriodSeconds": 0,
        "dryRun": ["All"],
    }


def test_known_kinds_are_those_of_the_api() -> None:
    assert is_known("", "v1", "Pod")
    assert is_known("autoscaling", "v1", "Scale")
    assert is_known("policy", "v1", "Eviction")
    assert is_known("", "v1", "Status")
    assert not is_known("apps", "v1", "Pod")
    assert not is_known("example.com", "v1", "Widget")
