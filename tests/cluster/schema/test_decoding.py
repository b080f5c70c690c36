"""What Go's decoder refuses, in its words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from kubernetes.client import ApiClient, Configuration

from labkit.cluster.embedded.schema import (
    Type,
    builtin,
    duplicate_fields,
    faults,
    prune,
    set_defaults,
    wrong_types,
)
from labkit.cluster.embedded.schema.definitions import JSON_SCHEMA
from labkit.cluster.embedded.store.frozen import freeze
from tests.cluster.schema.support import POD, kind, pod_type, spoiled, widget, widget_type

IN = "json: cannot unmarshal {} into Go struct field {} of type {}"
NOT_A_QUANTITY = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def official() -> ApiClient:
    """The official client, which takes an object that lacks what is required."""
    configuration = Configuration()
    configuration.client_side_validation = False
    return ApiClient(configuration)


OFFICIAL = official()


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "a"}, fields]}}


@pytest.mark.parametrize(
    ("bad", "path", "message"),
    [
        (
            {"spec": {"containers": "x"}},
            "spec.containers",
            IN.format("string", "PodSpec.spec.containers", "[]v1.Container"),
        ),
        (
            container(env=[{"name": "A", "value": 1}]),
            "spec.containers[1].env[0].value",
            IN.format("number", "EnvVar.spec.containers.env.value", "string"),
        ),
        (
            container(command="sleep"),
            "spec.containers[1].command",
            IN.format("string", "Container.spec.containers.command", "[]string"),
        ),
        (
            container(args=["sleep", 1]),
            "spec.containers[1].args[1]",
            IN.format("number", "Container.spec.containers.args", "string"),
        ),
        (
            {"spec": {"containers": ["x"]}},
            "spec.containers[0]",
            IN.format("string", "PodSpec.spec.containers", "v1.Container"),
        ),
        (
            {"metadata": {"labels": {"a.b/c": True}}},
            "metadata.labels.a.b/c",
            IN.format("bool", "ObjectMeta.metadata.labels", "string"),
        ),
        (
            {"spec": {"hostNetwork": "yes"}},
            "spec.hostNetwork",
            IN.format("string", "PodSpec.spec.hostNetwork", "bool"),
        ),
        (
            {"spec": {"nodeSelector": ["ssd"]}},
            "spec.nodeSelector",
            IN.format("array", "PodSpec.spec.nodeSelector", "map[string]string"),
        ),
        ({"spec": "x"}, "spec", IN.format("string", "Pod.spec", "v1.PodSpec")),
        (
            container(ports=[{"containerPort": "80"}]),
            "spec.containers[1].ports[0].containerPort",
            IN.format("string", "ContainerPort.spec.containers.ports.containerPort", "int32"),
        ),
        (
            container(ports=[{"containerPort": 80.5}]),
            "spec.containers[1].ports[0].containerPort",
            IN.format("number 80.5", "ContainerPort.spec.containers.ports.containerPort", "int32"),
        ),
        (
            container(ports=[{"containerPort": 2**31}]),
            "spec.containers[1].ports[0].containerPort",
            IN.format(
                "number 2147483648", "ContainerPort.spec.containers.ports.containerPort", "int32"
            ),
        ),
        (
            container(livenessProbe={"httpGet": {"port": {}}}),
            "spec.containers[1].livenessProbe.httpGet.port",
            IN.format(
                "object", "HTTPGetAction.spec.containers.livenessProbe.httpGet.port", "int32"
            ),
        ),
        (
            container(resources={"limits": 3}),
            "spec.containers[1].resources.limits",
            IN.format(
                "number", "ResourceRequirements.spec.containers.resources.limits", "v1.ResourceList"
            ),
        ),
        (
            container(resources={"limits": {"cpu": "lots"}}),
            "spec.containers[1].resources.limits.cpu",
            NOT_A_QUANTITY,
        ),
        (
            container(resources={"limits": {"cpu": "1K"}}),
            "spec.containers[1].resources.limits.cpu",
            "unable to parse quantity's suffix",
        ),
        (
            container(resources={"limits": {"cpu": True}}),
            "spec.containers[1].resources.limits.cpu",
            NOT_A_QUANTITY,
        ),
        (
            {"metadata": {"creationTimestamp": "yesterday"}},
            "metadata.creationTimestamp",
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": '
            'cannot parse "yesterday" as "2006"',
        ),
        (
            {"metadata": {"creationTimestamp": "2026-01-02 03:04:05Z"}},
            "metadata.creationTimestamp",
            'parsing time "2026-01-02 03:04:05Z" as "2006-01-02T15:04:05Z07:00": '
            'cannot parse " 03:04:05Z" as "T"',
        ),
        (
            {"metadata": {"creationTimestamp": "2026-02-30T03:04:05Z"}},
            "metadata.creationTimestamp",
            'parsing time "2026-02-30T03:04:05Z": day out of range',
        ),
        (
            {"metadata": {"creationTimestamp": 5}},
            "metadata.creationTimestamp",
            IN.format("number", "ObjectMeta.metadata.creationTimestamp", "string"),
        ),
        ([], "", "json: cannot unmarshal array into Go value of type v1.Pod"),
    ],
)
def test_a_pod_is_refused_in_the_decoders_words(bad: Any, path: str, message: str) -> None:
    (fault,) = wrong_types(pod_type(), bad)
    assert (fault.path, fault.message) == (path, message)


def test_bytes_are_base64() -> None:
    secret = kind("", "v1", "Secret")
    assert wrong_types(secret, {"data": {"a": "YWJj", "b": "", "c": "YW\nJj"}}) == []
    said = [fault.message for fault in wrong_types(secret, {"data": {"a": "a*b=", "b": 3}})]
    assert said == [
        "illegal base64 data at input byte 1",
        IN.format("number", "Secret.data", "[]uint8"),
    ]


def test_a_good_object_is_taken_frozen_or_not() -> None:
    assert wrong_types(pod_type(), POD) == []
    assert wrong_types(pod_type(), freeze(POD)) == []


@pytest.mark.parametrize("quantity", ["1", "100m", "1.5Gi", "-3e2", "+.5", "1E", "2Ki", 1, 0.5])
def test_quantities_of_every_form_are_taken(quantity: Any) -> None:
    assert wrong_types(pod_type(), container(resources={"limits": {"cpu": quantity}})) == []


@pytest.mark.parametrize(
    "time", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678901Z", "2026-01-02T03:04:05+01:00"]
)
def test_times_of_every_form_are_taken(time: str) -> None:
    assert wrong_types(pod_type(), {"metadata": {"creationTimestamp": time}}) == []


def test_null_is_taken_everywhere() -> None:
    bad = {
        "metadata": None,
        "spec": {"containers": [None], "nodeName": None, "nodeSelector": {"a": None}},
    }
    assert wrong_types(pod_type(), bad) == []


def test_unknown_fields_are_no_matter_of_types() -> None:
    assert wrong_types(pod_type(), {"zone": {"a": 1}}) == []


def test_faults_come_in_the_order_of_the_object() -> None:
    bad = {"spec": {"nodeName": 1, "hostPID": 2}, "kind": 3}
    assert [fault.path for fault in wrong_types(pod_type(), bad)] == [
        "spec.nodeName",
        "spec.hostPID",
        "kind",
    ]


def test_of_a_custom_object_only_the_metadata_is_decoded() -> None:
    bad = widget(size="big")
    assert wrong_types(widget_type(), bad) == []
    bad["metadata"]["labels"] = {"a": 1}
    (fault,) = wrong_types(widget_type(), bad)
    assert fault.message == IN.format("number", "ObjectMeta.metadata.labels", "string")


def test_what_is_said_twice_is_found() -> None:
    text = b'{"spec": {"a": [{"x": 1, "x": {"y": 1, "y": 2}}], "b": 1}, "spec": {}}'
    assert duplicate_fields(text) == ["spec.a[0].x", "spec.a[0].x.y", "spec"]
    assert duplicate_fields(b'{"a": [["x", 1], []], "b": {"a": {}}}') == []


@pytest.mark.parametrize(
    "text",
    [
        r'{"a" : 1, "a":2}',
        '{"a"\n:1, "b": {"a":2, "a"\t:3}}',
        r'{"a":1, "a":2, "b": "\u0022:"}',
        r'{"a":1, "a":2, "b": "\":"}',
        r'{"\u0061":1, "a":2}',
        r'{"\u0022":1, "\"":2}',
    ],
)
def test_what_is_said_twice_is_found_however_it_is_spelt(text: str) -> None:
    assert len(duplicate_fields(text.encode())) == 1


def test_schemas_within_schemas_are_decoded_too() -> None:
    crd = builtin().definition(JSON_SCHEMA)
    assert wrong_types(crd, {"additionalProperties": True, "items": [{"type": "string"}]}) == []
    for name in ("items", "additionalProperties", "not"):
        (fault,) = wrong_types(crd, {name: {"properties": {"a": {"type": 1}}}})
        assert fault.path == f"{name}.properties.a.type"


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    with pytest.raises(ValueError, match="nested too deeply"):
        duplicate_fields(deep)
    schema: dict[str, Any] = {}
    for _ in range(2000):
        schema = {"not": schema}
    (fault,) = wrong_types(builtin().definition(JSON_SCHEMA), schema)
    assert str(fault) == ": exceeded max depth"


def test_what_is_no_json_has_no_duplicates() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        duplicate_fields(b'{"a": ')


def with_quantities_as_text(type_: Type | None, value: Any) -> Any:
    """The official client takes no numbers for quantities, Kubernetes does."""
    if type_ is None or value is None:
        return value
    if type_.kind == "quantity":
        return str(value)
    if isinstance(value, list):
        return [with_quantities_as_text(type_.element, part) for part in value]
    if isinstance(value, dict) and type_.kind in ("object", "map"):
        fields = type_.fields
        return {
            name: with_quantities_as_text(fields.get(name, type_.element), part)
            for name, part in value.items()
        }
    return value


@settings(max_examples=100)
@given(spoiled(pod_type()))
def test_what_is_taken_the_official_client_decodes(value: Any) -> None:
    """Its models are made of Kubernetes' own definitions, too, and look at types."""
    value = prune(pod_type(), value)
    if wrong_types(pod_type(), value):
        return
    set_defaults(pod_type(), value)
    assume(not faults(pod_type(), value))
    decode = OFFICIAL._ApiClient__deserialize  # its public form wants a response
    assert decode(with_quantities_as_text(pod_type(), value), "V1Pod") is not None
