"""The official Python client: typed objects, watches, patches, errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def api(config: Path) -> Iterator[Any]:
    from kubernetes.config import new_client_from_config

    with new_client_from_config(str(config)) as found:
        yield found


@pytest.fixture
def core(api: Any) -> Any:
    from kubernetes.client import CoreV1Api

    return CoreV1Api(api)


def pod(name: str) -> Any:
    from kubernetes import client

    return client.V1Pod(
        metadata=client.V1ObjectMeta(name=name, labels={"app": "web"}),
        spec=client.V1PodSpec(
            node_selector={"no-such-node": "true"},
            containers=[client.V1Container(name="main", image="registry.example/app:1")],
        ),
    )


def test_a_typed_object_is_created_read_listed_and_deleted(core: Any, namespace: str) -> None:
    made = core.create_namespaced_pod(namespace, pod("a"))
    assert (made.metadata.name, made.status.phase) == ("a", "Pending")
    assert made.spec.containers[0].image_pull_policy == "IfNotPresent"
    assert core.read_namespaced_pod("a", namespace).metadata.uid == made.metadata.uid
    found = core.list_namespaced_pod(namespace, label_selector="app=web").items
    assert [one.metadata.name for one in found] == ["a"]
    assert core.delete_namespaced_pod("a", namespace).metadata.name == "a"
    assert core.list_namespaced_pod(namespace).items == []


SERVICES_ANSWER_SINCE = 23
"""The minor version since which the deletion of a service answers the service."""


def test_a_deletion_answers_a_status_or_the_object(core: Any, namespace: str) -> None:
    from kubernetes.client import VersionApi

    core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}, "data": {"x": "1"}})
    said = core.delete_namespaced_config_map("a", namespace)
    assert (said["kind"], said["status"]) == ("Status", "Success")
    assert {name: said["details"][name] for name in ("name", "kind")} == {
        "name": "a", "kind": "configmaps",
    }  # fmt: skip
    core.create_namespaced_service(
        namespace, {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    )
    api = core.api_client
    minor = int(VersionApi(api).get_code().minor.rstrip("+"))
    url = f"{api.configuration.host}/api/v1/namespaces/{namespace}/services/a"
    gone = json.loads(api.call_api("DELETE", url, api.default_headers).read())
    assert gone["kind"] == ("Service" if minor >= SERVICES_ANSWER_SINCE else "Status")


def test_a_watch_tells_what_happens_after_a_list(core: Any, namespace: str) -> None:
    from kubernetes.watch import Watch

    core.create_namespaced_config_map(namespace, {"metadata": {"name": "before"}})
    since = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "after"}})
    core.patch_namespaced_config_map("after", namespace, {"data": {"a": "1"}})
    core.delete_namespaced_config_map("after", namespace)
    events = []
    watch = Watch()
    for event in watch.stream(
        core.list_namespaced_config_map,
        namespace,
        resource_version=since,
        field_selector="metadata.name=after",
        timeout_seconds=20,
    ):
        events.append((event["type"], event["object"].data))
        if event["type"] == "DELETED":
            watch.stop()
    assert events == [("ADDED", None), ("MODIFIED", {"a": "1"}), ("DELETED", {"a": "1"})]


def test_errors_have_the_status_of_the_api(core: Any, namespace: str) -> None:
    from kubernetes.client import ApiException

    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("nope", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")
    assert json.loads(missing.value.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "nope" not found',
        "reason": "NotFound",
        "details": {"name": "nope", "kind": "pods"},
        "code": 404,
    }
    core.create_namespaced_pod(namespace, pod("a"))
    with pytest.raises(ApiException) as taken:
        core.create_namespaced_pod(namespace, pod("a"))
    assert json.loads(taken.value.body)["reason"] == "AlreadyExists"
    with pytest.raises(ApiException) as invalid:
        core.create_namespaced_pod(namespace, pod("Not A Name"))
    causes = json.loads(invalid.value.body)["details"]["causes"]
    assert [(one["reason"], one["field"]) for one in causes] == [
        ("FieldValueInvalid", "metadata.name")
    ]


def test_who_changes_an_old_revision_is_told_of_the_conflict(core: Any, namespace: str) -> None:
    from kubernetes.client import ApiException

    made = core.create_namespaced_config_map(namespace, {"metadata": {"name": "a"}})
    core.patch_namespaced_config_map("a", namespace, {"data": {"a": "1"}})
    made.data = {"a": "2"}
    with pytest.raises(ApiException) as conflict:
        core.replace_namespaced_config_map("a", namespace, made)
    assert json.loads(conflict.value.body)["reason"] == "Conflict"


def test_a_deployment_is_scaled_by_its_subresource(api: Any, namespace: str) -> None:
    from kubernetes.client import AppsV1Api

    apps = AppsV1Api(api)
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    apps.create_namespaced_deployment(namespace, {"metadata": {"name": "web"}, "spec": spec})
    scale = apps.read_namespaced_deployment_scale("web", namespace)
    assert (scale.spec.replicas or 0, scale.status.selector) == (0, "app=web")
    changed = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 2}})
    assert changed.spec.replicas == 2
    assert apps.read_namespaced_deployment("web", namespace).spec.replicas == 2


def test_the_dynamic_client_discovers_and_applies(api: Any, namespace: str, tmp_path: Path) -> None:
    from kubernetes.dynamic import DynamicClient

    found = DynamicClient(api, cache_file=str(tmp_path / "cache")).resources
    maps = found.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
    applied = maps.server_side_apply(body, "a", namespace, field_manager="test")
    assert applied.metadata.managedFields[0].operation == "Apply"
    assert maps.get(name="a", namespace=namespace).data.x == "1"
