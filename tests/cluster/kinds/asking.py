"""Asking a kind what is wrong with an object, the way a handler does."""

from __future__ import annotations

import copy
from typing import Any

from labkit.cluster.embedded.apiserver.kinds import KINDS
from tests.cluster.kinds.samples import sample

Object = dict[str, Any]
GONE = object()
"""`changed(…, {"spec.replicas": GONE})` takes a field away."""


def changed(new: Object, changes: dict[str, Any]) -> Object:
    """A copy with other values at these paths: `spec.containers.0.image`."""
    new = copy.deepcopy(new)
    for path, value in changes.items():
        *above, last = [int(one) if one.isdigit() else one for one in path.split("/")]
        at: Any = new
        for one in above:
            at = at.setdefault(one, {}) if isinstance(at, dict) else at[one]
        if value is GONE:
            del at[last]
        else:
            at[last] = value
    return new


def created(resource: str, changes: dict[str, Any] | None = None) -> Object:
    """A sample of this kind, with changes, as it is before it is validated."""
    new = changed(sample(resource), changes or {})
    KINDS[resource].set_defaults(new)
    KINDS[resource].before_create(new)
    return new


def stored(resource: str, changes: dict[str, Any] | None = None) -> Object:
    """The same, as a client reads it."""
    return changed(created(resource, changes), {"metadata/resourceVersion": "7"})


def faults(resource: str, changes: dict[str, Any]) -> list[str]:
    """What is wrong with a sample that is changed so."""
    return list(map(str, KINDS[resource].validate(created(resource, changes))))


def update_faults(
    resource: str, changes: dict[str, Any], before: dict[str, Any] | None = None
) -> list[str]:
    """What is wrong when a sample (changed by `before`) is updated so."""
    kind, old = KINDS[resource], stored(resource, before)
    new = changed(old, changes)
    kind.set_defaults(new)
    kind.before_update(new, old)
    return list(map(str, kind.validate_update(new, old)))
