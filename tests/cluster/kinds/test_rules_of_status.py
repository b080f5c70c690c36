"""What a status may say: of attachments, autoscalers, nodes, flow control."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import KINDS
from tests.cluster.kinds.asking import changed, stored

ATTACHMENTS = "volumeattachments.storage.k8s.io"
AUTOSCALERS = "horizontalpodautoscalers.autoscaling"
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"
SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
TWICE = [{"type": "Dangling"}, {"type": "Dangling"}, {}]
CONDITIONS = [
    'status.conditions[1].type: Duplicate value: "Dangling"',
    "status.conditions[2].type: Required value: must not be empty",
]


@pytest.mark.parametrize(
    ("resource", "status", "lines"),
    [
        (ATTACHMENTS, {"attachmentMetadata": {"a": "x" * 262144}}, [
            "status.attachmentMetadata: Too long: may not be more than 262144 bytes"]),
        (ATTACHMENTS, {"attachmentMetadata": {"a": "x" * 262143}}, []),
        (ATTACHMENTS, {"attachError": {"message": "x" * 1025}, "detachError": {"errorCode": -1}}, [
            "status.attachError.message: Too long: may not be more than 262144 bytes",
            "status.detachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
        (ATTACHMENTS, {"attachError": {"message": "x" * 1024, "errorCode": 0}}, []),
        (AUTOSCALERS, {"currentReplicas": -1, "desiredReplicas": -1}, [
            "status.currentReplicas: Invalid value: -1: must be greater than or equal to 0",
            "status.desiredReplicas: Invalid value: -1: must be greater than or equal to 0"]),
        ("nodes", {"capacity": {"cpu": "-1"}, "addresses": [{"type": "InternalIP", "address": "a"}] * 2}, [
            'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
            'status.addresses[1]: Duplicate value: {"address":"a","type":"InternalIP"}']),
        (SCHEMAS, {"conditions": TWICE}, CONDITIONS),
        (LEVELS, {"conditions": TWICE}, CONDITIONS),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_status(
    resource: str, status: dict[str, Any], lines: list[str]
) -> None:
    old = stored(resource)
    new = changed(old, {"status": status})
    assert list(map(str, KINDS[resource].validate_status_update(new, old))) == lines
