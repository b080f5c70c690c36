"""Acting as somebody else: `kubectl --as`, and what it takes.

Each thing that is taken on (a user or service account, a group, a uid, a value of extra) needs the
right to `impersonate` it. Whether one has it, a callback says. The narrower verbs that Kubernetes
1.36 has as well (`impersonate:user-info` and the like) are not there.

Source: Kubernetes documentation, "User impersonation".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from labkit.cluster.embedded.apiserver.authentication.users import (
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)

_EXTRA = "impersonate-extra-"
_GROUP_OF_API = "authentication.k8s.io"


class BadImpersonation(Exception):
    """Groups, a uid or extra without a user. A real API server answers 500, an internal error."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that is taken on, as the right to `impersonate` names it."""

    resource: str
    name: str
    group: str = ""
    subresource: str = ""
    namespace: str = ""


def impersonate(
    user: User, headers: Iterable[tuple[str, str]], demand: Callable[[Target], None]
) -> User:
    """Whom a request is to be taken to come from.

    Args:
        user: who really asks.
        headers: of the request; a name may be there several times.
        demand: raises when the user may not take on a target. What it raises is let through.

    Returns:
        The user themselves, where no header asks for another.

    Raises:
        BadImpersonation: something is taken on without a user.
    """
    wanted = _read(headers)
    if wanted is None:
        return user
    for target in _targets(wanted):
        demand(target)
    groups = wanted.groups
    account = split_service_account(wanted.name)
    if account and not groups:
        groups = service_account_groups(account[0])
    # Whoever names one of the two groups has said which of the two they mean.
    if not {AUTHENTICATED, UNAUTHENTICATED}.intersection(groups):
        groups += (UNAUTHENTICATED if wanted.name == ANONYMOUS else AUTHENTICATED,)
    return User(wanted.name, wanted.uid, groups, wanted.extra)


def _read(headers: Iterable[tuple[str, str]]) -> User | None:
    """The user that the headers describe, or None if no header asks for one."""
    name = uid = ""
    groups: list[str] = []
    extra: dict[str, tuple[str, ...]] = {}
    for title, value in headers:
        match title.lower():
            case lowered if lowered.startswith(_EXTRA):
                key = unquote(lowered.removeprefix(_EXTRA))
                extra[key] = (*extra.get(key, ()), value)
            case "impersonate-user":
                name = name or value
            case "impersonate-uid":
                uid = uid or value
            case "impersonate-group":
                groups.append(value)
    if not name and (uid or groups or extra):
        raise BadImpersonation("requested groups, uid or extra without impersonating a user")
    return User(name, uid, tuple(groups), extra) if name else None


def _targets(wanted: User) -> Iterable[Target]:
    if account := split_service_account(wanted.name):
        yield Target("serviceaccounts", account[1], namespace=account[0])
    else:
        yield Target("users", wanted.name)
    if wanted.uid:
        yield Target("uids", wanted.uid, group=_GROUP_OF_API)
    for group in wanted.groups:
        yield Target("groups", group)
    for key, values in wanted.extra.items():
        for value in values:
            yield Target("userextras", value, group=_GROUP_OF_API, subresource=key)
