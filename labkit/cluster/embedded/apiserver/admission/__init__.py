"""Should it be: rules that need more than the object itself. See docs/embedded-cluster.md.

::

    chain        Attempt, and the order of things
    namespaces   nothing without a namespace
    accounts     a pod's service account and its token
    pods         priority, tolerations, runtime class
    storage      a claim's default class
    roles        nobody grants what they do not have
    schemas      of custom resources: structural
"""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.admission.chain import Chain


def default_chain() -> Chain:
    """The rules of a usual cluster, in Kubernetes' order."""
    from labkit.cluster.embedded.apiserver.admission.accounts import ServiceAccounts
    from labkit.cluster.embedded.apiserver.admission.namespaces import NamespaceLifecycle
    from labkit.cluster.embedded.apiserver.admission.pods import (
        DefaultTolerations,
        Priority,
        RuntimeClass,
    )
    from labkit.cluster.embedded.apiserver.admission.roles import NoEscalation
    from labkit.cluster.embedded.apiserver.admission.schemas import Schemas
    from labkit.cluster.embedded.apiserver.admission.storage import DefaultStorageClass

    return Chain(
        [
            NamespaceLifecycle(),
            ServiceAccounts(),
            Priority(),
            DefaultTolerations(),
            DefaultStorageClass(),
            RuntimeClass(),
            NoEscalation(),
            Schemas(),
        ]
    )
