"""Acting as another: who one becomes, and what must be allowed for it."""

from __future__ import annotations

import pytest

from labkit.cluster.embedded.apiserver.authentication.impersonation import (
    BadImpersonation,
    Target,
    impersonate,
)
from labkit.cluster.embedded.apiserver.authentication.users import User

ADMIN = User("admin", groups=("system:masters",))


class Gate:
    """Lets everything pass but what it was told not to, and keeps what was asked for."""

    def __init__(self, *closed: Target) -> None:
        self.asked: list[Target] = []
        self.closed = closed

    def __call__(self, target: Target) -> None:
        self.asked.append(target)
        if target in self.closed:
            raise PermissionError


def test_nobody_becomes_another_unasked() -> None:
    gate = Gate()
    headers = [("Accept", "application/json"), ("Impersonate-User", "")]
    assert impersonate(ADMIN, headers, gate) is ADMIN
    assert gate.asked == []


def test_each_thing_taken_on_must_be_allowed() -> None:
    gate = Gate()
    headers = [
        ("Impersonate-User", "ann"),
        ("impersonate-group", "dev"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Extra-Acme.com%2fProject", "one"),
        ("Impersonate-Extra-acme.com%2Fproject", "two"),
    ]
    user = impersonate(ADMIN, headers, gate)
    assert user == User(
        "ann", "u-1", ("dev", "ops", "system:authenticated"), {"acme.com/project": ("one", "two")}
    )
    extra = {"group": "authentication.k8s.io", "subresource": "acme.com/project"}
    assert gate.asked == [
        Target("users", "ann"),
        Target("uids", "u-1", group="authentication.k8s.io"),
        Target("groups", "dev"),
        Target("groups", "ops"),
        Target("userextras", "one", **extra),
        Target("userextras", "two", **extra),
    ]


@pytest.mark.parametrize("place", range(3))
def test_one_refusal_is_enough(place: int) -> None:
    headers = [("Impersonate-User", "ann"), ("Impersonate-Group", "a"), ("Impersonate-Group", "b")]
    wanted = [Target("users", "ann"), Target("groups", "a"), Target("groups", "b")]
    with pytest.raises(PermissionError):
        impersonate(ADMIN, headers, Gate(wanted[place]))


def test_a_service_account_has_its_groups_unless_others_are_named() -> None:
    gate, name = Gate(), "system:serviceaccount:default:builder"
    user = impersonate(ADMIN, [("Impersonate-User", name)], gate)
    assert user.groups == (
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    )
    assert gate.asked == [Target("serviceaccounts", "builder", namespace="default")]
    user = impersonate(ADMIN, [("Impersonate-User", name), ("Impersonate-Group", "dev")], gate)
    assert user.groups == ("dev", "system:authenticated")


@pytest.mark.parametrize(
    ("name", "group", "groups"),
    [
        ("ann", None, ("system:authenticated",)),
        ("ann", "system:authenticated", ("system:authenticated",)),
        ("ann", "system:unauthenticated", ("system:unauthenticated",)),
        ("system:anonymous", None, ("system:unauthenticated",)),
        ("system:anonymous", "dev", ("dev", "system:unauthenticated")),
    ],
)
def test_whoever_one_becomes_is_authenticated_or_says_otherwise(
    name: str, group: str | None, groups: tuple[str, ...]
) -> None:
    headers = [("Impersonate-User", name)] + ([("Impersonate-Group", group)] if group else [])
    assert impersonate(ADMIN, headers, Gate()).groups == groups


@pytest.mark.parametrize("name", ["Impersonate-Group", "Impersonate-Uid", "Impersonate-Extra-a"])
def test_a_group_a_uid_or_extra_alone_means_nothing(name: str) -> None:
    with pytest.raises(BadImpersonation, match="without impersonating a user"):
        impersonate(ADMIN, [(name, "x")], Gate())
