"""The roles and bindings that every cluster begins with.

::

    people       cluster-admin, admin, edit, view, and what everybody may ask
    components   nodes, the scheduler, the controller manager, and others of the control plane
    controllers  one role for each controller
    namespaced   roles in kube-system and kube-public
    notation     how they are written down, and the objects made of that

The facts are those of Kubernetes (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`); the reason to
have them word for word is that learners compare.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.authorization.aggregation import aggregate


def bootstrap_objects() -> list[dict[str, Any]]:
    """New ClusterRoles, Roles, ClusterRoleBindings and RoleBindings, to be stored where missing.

    Those that are made of others (`admin`, `edit`, `view`) have their rules already.
    """
    from labkit.cluster.embedded.apiserver.authorization.bootstrap import (
        components,
        controllers,
        namespaced,
        people,
    )

    cluster_roles = [*people.ROLES, *components.ROLES, *controllers.ROLES]
    bindings = [*people.BINDINGS, *components.BINDINGS, *controllers.BINDINGS]
    return [
        *(dict(role) for role in aggregate([role.as_object() for role in cluster_roles])),
        *(role.as_object() for role in namespaced.ROLES),
        *(binding.as_object() for binding in bindings),
        *(binding.as_object() for binding in namespaced.BINDINGS),
    ]
