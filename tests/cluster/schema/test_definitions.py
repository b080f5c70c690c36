"""The definitions of built-in kinds, as Types."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tracemalloc

import pytest

from labkit.cluster.embedded.schema import Definitions, builtin
from labkit.cluster.embedded.schema.definitions import DEFINITIONS, JSON_SCHEMA
from tests.cluster.schema.support import kind, pod_type


def test_a_kind_is_found_by_its_group_and_version() -> None:
    pod = builtin().kind("", "v1", "Pod")
    assert pod is not None
    assert pod.gvk == ("", "v1", "Pod")
    assert pod is builtin().definition("io.k8s.api.core.v1.Pod")
    assert builtin().kind("", "v2", "Pod") is None


def test_every_definition_becomes_a_type() -> None:
    definitions = builtin()
    types = [definitions.definition(name) for name in definitions]
    assert len(types) > 700
    for type_ in types:
        assert type_.kind in {"object", "any", "quantity", "int-or-string", "string"}
        for field in type_.fields.values():
            assert (field.element is not None) == (field.kind in {"list", "map"})


def test_what_is_required_is_there() -> None:
    definitions = builtin()
    for type_ in map(definitions.definition, definitions):
        assert set(type_.required) <= set(type_.fields)


def test_a_definition_may_hold_itself() -> None:
    schema = builtin().definition(JSON_SCHEMA)
    properties = schema.fields["properties"]
    assert properties.kind == "map"
    assert properties.element is schema
    assert schema.fields["not"] is schema


@pytest.mark.parametrize(
    ("path", "keys", "patch_key"),
    [
        ("spec.containers", ("name",), "name"),
        ("spec.containers[].ports", ("containerPort", "protocol"), "containerPort"),
        ("spec.containers[].env", ("name",), "name"),
        ("spec.volumes", ("name",), "name"),
        ("spec.topologySpreadConstraints", ("topologyKey", "whenUnsatisfiable"), "topologyKey"),
        ("metadata.ownerReferences", ("uid",), "uid"),
    ],
)
def test_lists_know_the_keys_of_their_elements(
    path: str, keys: tuple[str, ...], patch_key: str
) -> None:
    node = pod_type()
    for name in path.split("."):
        node = node.fields[name.removesuffix("[]")]
        if name.endswith("[]"):
            assert node.element is not None
            node = node.element
    assert (node.list_type, node.list_keys, node.patch_key) == ("map", keys, patch_key)
    assert "merge" in node.patch_strategy


def test_the_parts_of_a_type_are_made_once() -> None:
    definitions = Definitions(DEFINITIONS.read_bytes())
    pod = definitions.definition("io.k8s.api.core.v1.Pod")
    assert pod.fields is pod.fields
    assert pod.fields["spec"] is pod.fields["spec"]
    volumes = pod.fields["spec"].fields["volumes"]
    assert volumes.element is volumes.element


def test_a_field_says_more_than_the_type_it_refers_to() -> None:
    deployment = kind("apps", "v1", "Deployment")
    strategy = deployment.fields["spec"].fields["strategy"]
    assert strategy.patch_strategy == {"retainKeys"}
    assert strategy.fields["type"].kind == "string"
    volumes = pod_type().fields["spec"].fields["volumes"]
    assert volumes.patch_strategy == {"merge", "retainKeys"}
    own = builtin().definition("io.k8s.api.apps.v1.DeploymentStrategy")
    assert own.patch_strategy == frozenset()


def test_sets_and_atomic_maps_are_told() -> None:
    metadata = pod_type().fields["metadata"]
    assert metadata.fields["finalizers"].list_type == "set"
    service = kind("", "v1", "Service").fields["spec"]
    assert service.fields["selector"].map_type == "atomic"
    assert metadata.fields["labels"].map_type == "granular"


def test_types_that_json_does_not_have() -> None:
    container = builtin().definition("io.k8s.api.core.v1.Container")
    limits = container.fields["resources"].fields["limits"]
    assert limits.element is not None
    assert limits.element.kind == "quantity"
    port = kind("", "v1", "Service").fields["spec"].fields["ports"].element
    assert port is not None
    assert port.fields["targetPort"].kind == "int-or-string"
    lease = kind("coordination.k8s.io", "v1", "Lease").fields["spec"]
    assert lease.fields["renewTime"].format == "micro-time"
    assert kind("", "v1", "Secret").fields["data"].element.format == "byte"  # type: ignore[union-attr]


def test_ports_speak_tcp_by_default() -> None:
    container = builtin().definition("io.k8s.api.core.v1.ContainerPort")
    assert container.fields["protocol"].default == "TCP"


def test_a_type_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        pod_type().kind = "list"  # type: ignore[misc]


def test_an_attribute_that_is_not_there_is_not_there() -> None:
    with pytest.raises(AttributeError, match="flavour"):
        _ = pod_type().flavour  # type: ignore[attr-defined]


def test_there_is_no_definition_of_another_name() -> None:
    with pytest.raises(KeyError):
        builtin().definition("io.k8s.api.core.v1.Pot")


def test_descriptions_are_those_of_the_definition_and_its_fields() -> None:
    texts = builtin().describe("io.k8s.api.core.v1.Pod")
    assert texts[""].startswith("Pod is a collection of containers")
    assert "Specification of the desired behavior" in texts["spec"]
    assert builtin().describe("io.k8s.api.core.v1.Pot") == {}


def test_little_is_read_until_it_is_asked_for() -> None:
    packed = DEFINITIONS.read_bytes()
    tracemalloc.start()
    try:
        definitions = Definitions(packed)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert used < 1_000_000
    assert "_descriptions" not in vars(definitions)


def test_importing_reads_nothing() -> None:
    code = (
        "import sys, labkit.cluster.embedded.schema.definitions as d;"
        "print(d.builtin.cache_info().currsize, 'zipfile' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 False\n"
