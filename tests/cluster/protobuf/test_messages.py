"""The tables of messages are whole, and say what the published Python client says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubernetes_asyncio import client

from labkit.cluster.embedded.apiserver.protobuf.messages import (
    Field,
    Type,
    all_kinds,
    all_messages,
    find_kind,
    find_message,
    parse_type,
)
from labkit.cluster.embedded.apiserver.protobuf.well_known import RAW, WELL_KNOWN

SERVED = {
    "v1": "Binding ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume Pod Secret "
    "PersistentVolumeClaim PodTemplate ReplicationController ResourceQuota Service ServiceAccount "
    "Status",
    "admissionregistration.k8s.io/v1": "MutatingWebhookConfiguration ValidatingAdmissionPolicy "
    "ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration MutatingAdmissionPolicy",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition",
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "authentication.k8s.io/v1": "SelfSubjectReview TokenRequest TokenReview",
    "authorization.k8s.io/v1": "LocalSubjectAccessReview SelfSubjectAccessReview "
    "SelfSubjectRulesReview SubjectAccessReview",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "certificates.k8s.io/v1": "CertificateSigningRequest",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "events.k8s.io/v1": "Event",
    "flowcontrol.apiserver.k8s.io/v1": "FlowSchema PriorityLevelConfiguration",
    "networking.k8s.io/v1": "IPAddress Ingress IngressClass NetworkPolicy ServiceCIDR",
    "node.k8s.io/v1": "RuntimeClass",
    "policy/v1": "Eviction PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "resource.k8s.io/v1": "DeviceClass ResourceClaim ResourceClaimTemplate ResourceSlice",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment "
    "VolumeAttributesClass",
}
"""The stable kinds of Kubernetes 1.36 that a client can send."""


def fields(name: str) -> Iterator[Field]:
    """The fields of a message as JSON has them, those of embedded messages among them."""
    for field in find_message(name).fields:
        if field.name:
            yield field
        else:
            yield from fields(field.type.name)


def innermost(type: Type) -> Type:
    return type if type.element is None else innermost(type.element)


def test_every_message_that_is_named_is_there() -> None:
    known = set(all_messages())
    types = [field.type for name in known for field in find_message(name).fields]
    messages = {innermost(type).name for type in types if innermost(type).shape == "message"}
    kinds = {find_kind(*kind) for kind in all_kinds()}
    assert len(known) > 1000
    assert (messages | kinds | RAW | WELL_KNOWN.keys()) - known == set()


def test_a_number_and_a_name_are_given_once() -> None:
    for name in all_messages():
        numbers = [field.number for field in find_message(name).fields]
        assert len(set(numbers)) == len(numbers), name
        names = [field.name for field in fields(name)]
        assert len(set(names)) == len(names), name


def test_embedded_messages_are_plain_ones() -> None:
    embedded = [f for name in all_messages() for f in find_message(name).fields if not f.name]
    assert embedded
    assert {field.type.shape for field in embedded} == {"message"}
    assert not [field for field in embedded if field.type.name in RAW | WELL_KNOWN.keys()]


@pytest.mark.parametrize("api_version", SERVED)
def test_all_stable_kinds_are_known(api_version: str) -> None:
    kinds = [*SERVED[api_version].split(), "DeleteOptions", "CreateOptions", "PatchOptions"]
    assert [kind for kind in kinds if find_kind(api_version, kind) is None] == []


def in_client(name: str) -> type | None:
    """The published client's model of a message, if it has one."""
    package, _, kind = name.partition(".")
    group, _, version = package.partition("/")
    for model in (f"{group.capitalize()}{version.capitalize()}{kind}", f"{version.upper()}{kind}"):
        if found := getattr(client, model, None):
            return found if isinstance(found, type) else None
    return None


def test_names_and_shapes_are_those_of_the_published_client() -> None:
    """The client may be of another version, in which some alpha fields have other names."""
    odd, compared = [], 0
    for name in all_messages():
        model = in_client(name) if name.partition(".")[0].endswith(("/v1", "/v2")) else None
        if model is None or name in RAW | WELL_KNOWN.keys() or find_message(name).is_list:
            continue
        types = {model.attribute_map[key]: type for key, type in model.openapi_types.items()}
        for field in fields(name):
            compared += 1
            if shape_in_client(types.get(field.name, "?")) != expected_shape(field.type):
                odd.append(f"{name}.{field.name}")
    assert compared > 1500
    assert len(odd) < compared / 100, odd


def shape_in_client(type: str) -> str:
    if type.startswith(("list[", "dict(")):
        return type[:4]
    return "none" if type == "?" else "one"


def expected_shape(type: Type) -> str:
    return {"list": "list", "map": "dict"}.get(type.shape, "one")


def test_types_are_read_as_go_writes_them() -> None:
    assert parse_type("map[string]*[]byte") == Type(
        "map", element=Type("pointer", element=Type("scalar", "[]byte"))
    )
    assert parse_type("[]core/v1.Pod").inner == Type("message", "core/v1.Pod")
