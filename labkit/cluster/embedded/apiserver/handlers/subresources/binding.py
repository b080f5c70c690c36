"""binding: a scheduler's word that a pod goes to a node."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, stamp, write
from labkit.cluster.embedded.apiserver.handlers.answer import Answer, as_json
from labkit.cluster.embedded.apiserver.kinds import validate_binding
from labkit.cluster.embedded.schema import builtin
from labkit.cluster.embedded.store import Key, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """Binds a pod to a node; a pod is bound once.

    Raises:
        ApiError: 400, 404, 409; 500 for a target that is none, as the real one has it.
    """
    sent = decode.read_body(request, "Binding")
    decode.check_kind(sent, "v1", "Binding")
    decode.check_types(request, sent, builtin().kind("", "v1", "Binding"), "Binding")
    about, target = sent.get("metadata") or {}, sent.get("target") or {}
    name = request.name or about.get("name", "")
    if about.get("name") and about["name"] != name:
        raise status.bad_request("name in URL does not match name in Binding object")
    if faults := [f"{one.field}: {one.body}" for one in validate_binding(sent)]:
        raise status.ApiError(500, "", faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    node = target["name"]

    def make(old: dict[str, Any]) -> dict[str, Any]:
        return _bound(old, node, about)

    pods = api.registry.find("", "v1", "pods")
    assert pods is not None
    asked = replace(request, name=name, subresource="binding")  # `/bindings` says neither
    await write.change(api, asked, pods, Key("pods", request.namespace, name), make)
    return as_json(status.success(code=201), 201)


def _bound(old: dict[str, Any], node: str, about: dict[str, Any]) -> dict[str, Any]:
    name, spec = old["metadata"]["name"], old.get("spec") or {}
    why = ""
    if old["metadata"].get("deletionTimestamp"):
        why = f"pod {name} is being deleted, cannot be assigned to a host"
    elif spec.get("nodeName"):
        why = f'pod {name} is already assigned to node "{spec["nodeName"]}"'
    elif spec.get("schedulingGates"):
        why = f"pod {name} has non-empty .spec.schedulingGates"
    if why:
        raise status.conflict("", "pods/binding", name, why)
    new: dict[str, Any] = thaw(old)
    for said in ("uid", "resourceVersion"):
        if about.get(said):
            new["metadata"][said] = about[said]
    new["metadata"].setdefault("annotations", {}).update(about.get("annotations") or {})
    new["spec"]["nodeName"] = node
    conditions = new.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [one for one in conditions if one.get("type") != "PodScheduled"]
    now = stamp.timestamp()
    conditions.append(
        {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    )
    return new
