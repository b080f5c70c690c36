"""LimitRanger: what containers are given that ask for nothing, and what nobody may ask beyond.

Defaults go into new pods; pods and claims are then held against every LimitRange of the namespace.
Where the API server's order is that of a Go map, ours is the alphabet's. Source: Kubernetes
`plugin/pkg/admission/limitranger`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission import amounts
from labkit.cluster.embedded.apiserver.admission.amounts import Amounts
from labkit.cluster.embedded.apiserver.admission.plugin import (
    Rule,
    aggregate,
    is_new,
    refuse,
)
from labkit.cluster.embedded.apiserver.admission.plugin import spec_of as spec

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.kinds.quantity import Quantity

Object = dict[str, Any]

ANNOTATION = "kubernetes.io/limit-ranger"
CLAIMS = "persistentvolumeclaims"
GROUPS = {"containers": "container", "initContainers": "init container"}


class LimitRanger(Rule):
    """Applies the limit ranges of a namespace."""

    async def admit(self, attempt: Attempt) -> None:
        """Gives the containers of a new pod the defaults."""
        pod = attempt.object
        if not is_new(attempt, "pods") or pod is None:
            return
        for limits in _ranges(attempt):
            _give_defaults(pod, limits)

    async def validate(self, attempt: Attempt) -> None:
        """Refuses what asks for too much, too little, or without measure."""
        value = attempt.object
        if value is None or not _is_limited(attempt):
            return
        is_pod = attempt.resource.storage == "pods"
        for limits in _ranges(attempt):
            found = _of_pod(spec(value), limits) if is_pod else _of_claim(spec(value), limits)
            if said := list(found):
                raise refuse(attempt, aggregate(said))


def _ranges(attempt: Attempt) -> Iterator[list[Object]]:
    for record in attempt.api.store.list("limitranges", attempt.namespace):
        yield (record.object.get("spec") or {}).get("limits") or []


def _is_limited(attempt: Attempt) -> bool:
    """What a pod asks for stays; a claim may grow. What is ending is let be."""
    if attempt.subresource or (attempt.old and attempt.old["metadata"].get("deletionTimestamp")):
        return False
    return is_new(attempt, "pods") or attempt.resource.storage == CLAIMS


# Defaults


def _give_defaults(pod: Object, limits: list[Object]) -> None:
    given: dict[str, Object] = {"requests": {}, "limits": {}}
    for limit in limits:
        if limit.get("type") == "Container":
            given["requests"] |= limit.get("defaultRequest") or {}
            given["limits"] |= limit.get("default") or {}
    said = [
        f"{', '.join(sorted(names))} {what.removesuffix('s')} for {called} {container['name']}"
        for group, called in GROUPS.items()
        for container in spec(pod).get(group) or ()
        for what in ("requests", "limits")
        if (names := _fill(container, what, given[what]))
    ]
    if said:
        annotations = pod["metadata"].get("annotations") or {}
        words = f"LimitRanger plugin set: {'; '.join(said)}"
        pod["metadata"]["annotations"] = {**annotations, ANNOTATION: words}


def _fill(container: Object, what: str, given: Object) -> list[str]:
    """The names of what a container has been given."""
    resources = container.get("resources") or {}
    own = resources.get(what) or {}
    missing = {name: quantity for name, quantity in given.items() if name not in own}
    if missing:
        container["resources"] = {**resources, what: {**own, **missing}}
    return list(missing)


# What is refused


def _of_pod(pod: Object, limits: list[Object]) -> Iterator[str]:
    for limit in limits:
        if limit.get("type") == "Container":
            for group in GROUPS:
                for container in pod.get(group) or ():
                    resources = container.get("resources") or {}
                    requests, most = (
                        amounts.read(resources.get(n)) for n in ("requests", "limits")
                    )
                    yield from _beyond(limit, requests, most)
        elif limit.get("type") == "Pod":
            requests, most = (amounts.of_pod(pod, name) for name in ("requests", "limits"))
            yield from _beyond(limit, requests, most)


def _of_claim(claim: Object, limits: list[Object]) -> Iterator[str]:
    """Of a claim the request alone counts."""
    requests = amounts.read((claim.get("resources") or {}).get("requests"))
    for limit in limits:
        if limit.get("type") == "PersistentVolumeClaim":
            for name, least in sorted(amounts.read(limit.get("min")).items()):
                yield from _too_little(
                    _where("minimum", name, limit, least), least, name, requests, {}
                )
            for name, most in sorted(amounts.read(limit.get("max")).items()):
                yield from _asks_too_much(
                    _where("maximum", name, limit, most), most, name, requests
                )


def _beyond(limit: Object, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in sorted(amounts.read(limit.get("min")).items()):
        where = _where("minimum", name, limit, least)
        yield from _too_little(where, least, name, requests, limits)
    for name, most in sorted(amounts.read(limit.get("max")).items()):
        where = _where("maximum", name, limit, most)
        yield from _too_much(where, most, name, requests, limits)
    for name, ratio in sorted(amounts.read(limit.get("maxLimitRequestRatio")).items()):
        where = f"{name} max limit to request ratio per {limit['type']} is {ratio}"
        yield from _too_far_apart(where, ratio, requests.get(name), limits.get(name))


def _where(which: str, name: str, limit: Object, amount: Quantity) -> str:
    return f"{which} {name} usage per {limit['type']} is {amount}"


def _too_little(
    where: str, least: Quantity, name: str, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    request, limit = requests.get(name), limits.get(name)
    if request is None:
        yield f"{where}.  No request is specified"
    elif request < least:
        yield f"{where}, but request is {request}"
    elif limit is not None and limit < least:
        yield f"{where}, but limit is {limit}"


def _too_much(
    where: str, most: Quantity, name: str, requests: Amounts, limits: Amounts
) -> Iterator[str]:
    request, limit = requests.get(name), limits.get(name)
    if limit is None:
        yield f"{where}.  No limit is specified"
    elif most < limit:
        yield f"{where}, but limit is {limit}"
    elif request is not None and most < request:
        yield f"{where}, but request is {request}"


def _asks_too_much(where: str, most: Quantity, name: str, requests: Amounts) -> Iterator[str]:
    request = requests.get(name)
    if request is None:
        yield f"{where}.  No request is specified"
    elif most < request:
        yield f"{where}, but request is {request}"


def _too_far_apart(
    where: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    if request is None or not request.nano:
        yield f"{where}, but no request is specified or request is 0"
    elif limit is None or not limit.nano:
        yield f"{where}, but no limit is specified or limit is 0"
    elif limit.nano * 1000 > ratio.milli * request.nano:
        yield f"{where}, but provided ratio is {limit.nano / request.nano:.6f}"
