"""What somebody wants to do, as authorization sees it, and the words in which it is refused.

Knows nothing about roles. Source: Kubernetes documentation, "Authorization" (request attributes);
the words are those of its API server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from labkit.cluster.embedded.apiserver.authentication.users import User

_HARMLESS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Attributes(NamedTuple):
    """One thing that a user wants to do. (A tuple: one is made for each request, and that is fast.)

    Attributes:
        user: who wants to.
        verb: "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
            or a special one; of a path the method in small letters.
        group: of the API; "" for the first one.
        version: of the group.
        resource: "pods"; with subresource "log" it is `pods/log`.
        namespace: "" for all, and for what has none.
        name: "" where none is given.
        path: what is asked for, when it is no resource.
        is_resource: whether it is a resource.
    """

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    is_resource: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done.

    Attributes:
        is_allowed: whether.
        reason: by which binding, or what is wrong with the roles; often "" when refused.
        errors: bindings that led nowhere, one text each.
    """

    is_allowed: bool
    reason: str = ""
    errors: tuple[str, ...] = ()


class Forbidden(Exception):
    """The answer is 403, reason Forbidden. The text is the whole message for the client.

    Attributes:
        group, resource, name: what the Status has under `details` (resource as its `kind`).
    """

    def __init__(self, why: str, *, group: str, resource: str, name: str) -> None:
        self.group, self.resource, self.name = group, resource, name
        super().__init__(f"{_subject(group, resource, name)}: {why}")


def forbidden(attributes: Attributes, reason: str = "") -> Forbidden:
    """The refusal of what somebody wants to do."""
    why = _why(attributes).translate(_HARMLESS)
    where = {"group": attributes.group, "resource": attributes.resource, "name": attributes.name}
    return Forbidden(f"{why}: {reason}" if reason else why, **where)


def _subject(group: str, resource: str, name: str) -> str:
    if not resource:
        return "forbidden"
    qualified = f"{resource}.{group}" if group else resource
    return f'{qualified} "{name}" is forbidden' if name else f"{qualified} is forbidden"


def _why(asked: Attributes) -> str:
    who = f'User "{asked.user.name}" cannot {asked.verb}'
    if not asked.is_resource:
        return f'{who} path "{asked.path}"'
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    scope = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    return f'{who} resource "{resource}" in API group "{asked.group}" {scope}'
