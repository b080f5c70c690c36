"""Roles inside kube-system and kube-public.

Source: bootstrappolicy/namespace_policy.go.
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.authorization.bootstrap.controllers import PREFIX
from labkit.cluster.embedded.apiserver.authorization.bootstrap.notation import (
    READ,
    Binding,
    Role,
    allow,
    write_events,
)

_SYSTEM, _PUBLIC = "kube-system", "kube-public"
_READER = "extension-apiserver-authentication-reader"
_LEADING = "system::leader-locking-"


def _lead(name: str) -> Role:
    rules = (allow("watch", "configmaps"), allow("get update", "configmaps", names=name))
    return Role(f"{_LEADING}{name}", rules, _SYSTEM)


ROLES = (
    Role(
        _READER, (allow(READ, "configmaps", names="extension-apiserver-authentication"),), _SYSTEM
    ),
    Role(f"{PREFIX}bootstrap-signer", (allow(READ, "secrets"),), _SYSTEM),
    Role(
        f"{PREFIX}bootstrap-signer",
        (
            allow(READ, "configmaps"),
            allow("update", "configmaps", names="cluster-info"),
            write_events(),
        ),
        _PUBLIC,
    ),
    Role(f"{PREFIX}cloud-provider", (allow(f"create {READ}", "configmaps"),), _SYSTEM),
    Role(f"{PREFIX}token-cleaner", (allow(f"delete {READ}", "secrets"), write_events()), _SYSTEM),
    _lead("kube-controller-manager"),
    _lead("kube-scheduler"),
)

BINDINGS = (
    Binding(
        _READER,
        users="system:kube-controller-manager system:kube-scheduler",
        namespace=_SYSTEM,
        name=f"system::{_READER}",
    ),
    Binding(f"{PREFIX}bootstrap-signer", accounts="bootstrap-signer", namespace=_SYSTEM),
    Binding(f"{PREFIX}bootstrap-signer", accounts="bootstrap-signer", namespace=_PUBLIC),
    Binding(f"{PREFIX}cloud-provider", accounts="cloud-provider", namespace=_SYSTEM),
    Binding(f"{PREFIX}token-cleaner", accounts="token-cleaner", namespace=_SYSTEM),
    *(
        Binding(f"{_LEADING}{name}", users=f"system:{name}", accounts=name, namespace=_SYSTEM)
        for name in ("kube-controller-manager", "kube-scheduler")
    ),
)
