"""What a webhook or a policy has made of an object: read, given defaults, and put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.webhooks import review
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import prune, wrong_types

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]


class NoObject(Exception):
    """What was made is no object of its kind; the message is the decoder's."""


def put(attempt: Attempt, resource: Resource, found: Any) -> bool:
    """Takes what was made for the object that is tried, with the kind's defaults. In place.

    What nobody knows is left out.

    Args:
        resource: in whose version it was made.
        found: what was made; may become part of the object.

    Returns:
        Whether anything is other than before.

    Raises:
        NoObject: it cannot be decoded.
    """
    value, new = attempt.object, _read(attempt, resource, found)
    if value is None or new == value:
        return False
    value.clear()
    value.update(new)
    attempt.resource.rules.set_defaults(value)
    return True


def _read(attempt: Attempt, resource: Resource, found: Any) -> Object:
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise NoObject("the patched document is no object")
    if resource.type is not None and attempt.subresource != "scale":
        for fault in wrong_types(resource.type, found):
            raise NoObject(fault.message)
        found = prune(resource.type, found)
        write_as_go(resource.api_version, resource.kind, found)
    return review.read_back(attempt, resource, found)
