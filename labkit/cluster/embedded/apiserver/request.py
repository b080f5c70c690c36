"""A path and its query, and what is asked by them.

Knows nothing about who answers, and of sockets. The rules are those of Kubernetes'
`apiserver/pkg/endpoints/request` (RequestInfo).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authentication.users import User

VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
OF_A_NAMESPACE = frozenset({"status", "finalize"})
"""Subresources of a namespace itself: `/namespaces/x/status` is no resource called `status`."""


@dataclass(slots=True)
class Request:
    """What is asked.

    Attributes:
        verb: get, list, watch, create, update, patch, delete, deletecollection; for a path that
            is no resource, the method in small letters.
        is_resource: whether the path names a resource.
        group, version: `""` and `v1` for the core group.
        resource, subresource: plural, in small letters; what follows the name.
        namespace, name: empty where there is none.
        query: the first value of each parameter.
        dry_runs: all values of `dryRun`, where there are several.
        user: who asks; set by authentication.
    """

    method: str
    path: str
    query: Mapping[str, str]
    verb: str = ""
    is_resource: bool = False
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    dry_runs: tuple[str, ...] = ()
    user: User | None = None

    def says(self, option: str) -> bool:
        """Whether a parameter is true, as Kubernetes reads it: there, and not `false` or `0`."""
        return self.query.get(option, "false").lower() not in ("false", "0")

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is to be stored."""
        return "dryRun" in self.query

    @property
    def dry_run(self) -> list[str]:
        """What is said of it."""
        return list(self.dry_runs) or [self.query[one] for one in ("dryRun",) if one in self.query]

    @property
    def api_version(self) -> str:
        """`v1`, or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def parse(
    method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes = b""
) -> Request:
    """Reads a path.

    Args:
        method: of HTTP, in capitals.
        path: decoded, without the query.
        query: the first value of each parameter.
        headers: names in any case, looked up in any case.
        body: as it came.

    Returns:
        What is asked. What no path of a resource can mean is no resource.
    """
    asked = Request(method, path, query, headers=headers, body=body)
    parts = path.strip("/").split("/")
    asked.verb = method.lower()
    if not _take_version(asked, parts) or not parts:
        return asked
    asked.is_resource = True
    asked.verb = VERBS.get(method, "")
    is_watch = parts[0] == "watch" and len(parts) > 1
    _take_names(asked, parts[1:] if is_watch else parts)
    if is_watch:
        _take_watch(asked)
    elif not asked.name:
        asked.verb = _of_many(asked)
    return asked


def _take_watch(asked: Request) -> None:
    """A watch as it was asked for before there were parameters: of all, or of one by its name."""
    asked.verb = "watch"
    if asked.name:
        asked.query = {**asked.query, "fieldSelector": f"metadata.name={asked.name}"}


def _take_version(asked: Request, parts: list[str]) -> bool:
    if parts[:1] == ["api"] and len(parts) > 2:
        asked.version = parts[1]
        del parts[:2]
        return True
    if parts[:1] == ["apis"] and len(parts) > 3:
        asked.group, asked.version = parts[1:3]
        del parts[:3]
        return True
    return False


def _take_names(asked: Request, parts: list[str]) -> None:
    if parts[0] == "namespaces":
        if len(parts) > 1:
            asked.namespace = parts[1]
        if len(parts) > 2 and parts[2] not in OF_A_NAMESPACE:
            del parts[:2]
    asked.resource = parts[0]
    asked.name = parts[1] if len(parts) > 1 else ""
    asked.subresource = "/".join(parts[2:])


def _of_many(asked: Request) -> str:
    if asked.verb == "get":
        return "watch" if asked.says("watch") else "list"
    return "deletecollection" if asked.verb == "delete" else asked.verb
